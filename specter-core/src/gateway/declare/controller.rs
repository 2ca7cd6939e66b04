//! The items by which the macros' expansions declare a controller: the trait, the blocks of
//! handlers, what the handlers' parameters inject, and the single instance of a controller that
//! serves all sockets.

use std::any::{Any, TypeId};
use std::sync::Arc;

use specter_di::{
    Dependencies, Dependency, Key, Location, ModuleBuilder, Provide, Provider, Resolved, Root,
    Scope,
};

use super::descriptor::{ControllerInfo, HandlerInfo};
use super::policies::Policies;
use crate::gateway::dispatch::call_context::{CallContext, CallState, CompletedCall};
use crate::gateway::dispatch::instance::Instance;

/// A struct that is annotated with `#[socketio_controller]`, which implements this trait.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a controller",
    label = "not a controller",
    note = "annotate the struct with `#[socketio_controller]` and its handlers' impl with \
        `#[handlers]`",
    note = "if controllers inject it, list it under `providers`; if it is a module, list it under \
        `imports` or start it with `App::create`"
)]
pub trait Controller: Sized + Send + 'static {
    /// The arguments of the attribute.
    const INFO: ControllerInfo;

    /// Declares the injected fields.
    fn dependencies(dependencies: &mut Dependencies);

    /// Builds the controller from its injected fields, in the order of their declaration.
    fn build(resolved: &mut Resolved<'_>) -> Self;

    /// Whether one instance serves all sockets.
    const SINGLETON: bool = false;

    /// How the instance that serves all sockets is built. `None` if each socket has an instance of
    /// its own.
    fn singleton() -> Option<Singleton> {
        None
    }

    /// Declares the controller's guards, interceptors and error filters.
    fn policies(_policies: &mut Policies) {}
}

/// The functions that the macro generates from a controller's fields.
pub struct FieldFunctions<C> {
    /// Declares the injected fields.
    pub declare: fn(&mut Dependencies),
    /// Builds the controller.
    pub build: fn(&mut Resolved<'_>) -> C,
}

/// A controller in the binary, whether a module lists it or not.
pub struct ControllerRegistration {
    /// The arguments of its attribute.
    pub info: &'static ControllerInfo,
    /// Its type.
    pub type_id: fn() -> TypeId,
}

inventory::collect!(ControllerRegistration);

/// The initial value of a `#[state]` field without an expression.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no default value",
    label = "does not implement `Default`",
    note = "write the initial value: `#[state(expression)]`"
)]
pub trait InitialState: Sized {
    /// Creates the value.
    fn initial_state() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> InitialState for T {
    fn initial_state() -> Self {
        Self::default()
    }
}

/// The initial value of a `#[state]` field.
pub fn initial_state<T: InitialState>() -> T {
    T::initial_state()
}

/// One `#[handlers]` impl block.
pub struct HandlersBlock {
    /// The controller's type.
    pub controller: fn() -> TypeId,
    /// The place of the block in the source.
    pub location: Location,
    /// The block's handlers. A handler's id is its index.
    pub handlers: &'static [HandlerInfo],
    /// Whether a handler of the block takes `&mut self`.
    pub exclusive: bool,
    /// Converts an exclusive instance to a shared one, as `concurrent` handlers need it. `None` if
    /// the block is `exclusive`.
    pub share: Option<fn(Instance) -> Instance>,
    /// The id of the handler for an event's name.
    pub resolve: fn(&str) -> Option<u16>,
    /// Declares what a handler's parameters inject.
    pub requirements: fn(u16, &mut Requirements),
    /// Declares a handler's guards, interceptors and error filters.
    pub policies: fn(u16, &mut Policies),
    /// Calls a handler that does not suspend. The outcome is in the context afterwards.
    pub call: fn(&mut Instance, u16, &mut CallContext),
    /// Starts a handler that may suspend.
    pub start: fn(Instance, u16, Box<CallContext>) -> CallState,
}

impl HandlersBlock {
    /// Starts a handler, whether it may suspend or not.
    pub(crate) fn start_handler(
        &self,
        mut instance: Instance,
        id: u16,
        mut cx: Box<CallContext>,
    ) -> CallState {
        if self
            .handlers
            .get(usize::from(id))
            .is_some_and(|handler| handler.inline)
        {
            (self.call)(&mut instance, id, &mut cx);
            CallState::Done(CompletedCall { instance, cx })
        } else {
            (self.start)(instance, id, cx)
        }
    }
}

inventory::collect!(HandlersBlock);

/// Collects what the parameters of handlers inject. Each parameter declares at start what it
/// injects, so that these dependencies are validated together with the graph.
#[derive(Default)]
pub struct Requirements {
    pub(crate) dependencies: Vec<Requirement>,
    pub(crate) takes_ack: bool,
}

pub(crate) struct Requirement {
    pub(crate) key: Key,
    pub(crate) label: &'static str,
    pub(crate) location: Location,
}

impl Requirements {
    /// Requires a value that the socket's scope must be able to inject.
    pub fn inject<V: Dependency>(&mut self, label: &'static str, location: Location) {
        self.dependencies.push(Requirement {
            key: V::key(),
            label,
            location,
        });
    }

    /// Records that the handler takes an `Ack`.
    pub fn ack(&mut self) {
        self.takes_ack = true;
    }
}

/// How a controller's single instance is built, and how each socket obtains it. Only the expansion
/// of the macro creates it; there the compiler has checked that the controller is `Sync`.
pub struct Singleton {
    /// Lists the instance as a provider.
    pub(crate) provide: fn(&mut ModuleBuilder),
    /// The root in each socket's scope, which resolves to the single instance.
    pub(crate) root: fn() -> Root,
    /// Converts the built root into the instance.
    pub(crate) instance: fn(Box<dyn Any + Send>) -> Instance,
}

impl Singleton {
    /// The singleton of `C`.
    pub fn of<C: Controller + Sync>() -> Self {
        Self {
            provide: |module| module.provide::<SingleInstance<C>>(),
            root: || {
                Root::new::<Arc<C>>(
                    C::INFO.name,
                    C::INFO.location,
                    |dependencies| dependencies.add::<Arc<C>>("self", C::INFO.location),
                    <Arc<C> as Dependency>::take,
                )
            },
            instance: |built| match built.downcast::<Arc<C>>() {
                Ok(instance) => Instance::Shared(*instance),
                // Unreachable: the root above builds an `Arc<C>`.
                Err(other) => Instance::Exclusive(other),
            },
        }
    }
}

/// The provider of the single instance.
struct SingleInstance<C>(std::marker::PhantomData<fn() -> C>);

impl<C: Controller + Sync> Provide for SingleInstance<C> {
    type Value = Arc<C>;

    fn provider() -> Provider {
        Provider::sync::<Arc<C>>(
            C::INFO.name,
            Scope::Singleton,
            C::INFO.location,
            C::dependencies,
            |resolved| Arc::new(C::build(resolved)),
        )
    }
}
