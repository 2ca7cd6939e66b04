//! What the macros say about a controller: plain constants and functions that are collected at
//! start.

use std::any::TypeId;
use std::time::Duration;

use specter_di::{Dependencies, Dependency, Key, Location, Resolved};

use super::endpoint_setting::EndpointSetting;
use super::policies::Policies;
use super::singleton::Singleton;
use crate::gateway::dispatch::call_context::{CallContext, CallState, CompletedCall};
use crate::gateway::dispatch::instance::Instance;

/// A struct annotated with `#[socketio_controller]`. Never written by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a controller",
    label = "not a controller",
    note = "annotate the struct with `#[socketio_controller]` and its handlers' impl with \
        `#[handlers]`",
    note = "what a controller injects is listed under `providers`; a module is imported, or \
        started by `App::create`"
)]
pub trait Controller: Sized + Send + 'static {
    /// What its attribute says.
    const INFO: ControllerInfo;

    /// Declares its injected fields.
    fn dependencies(dependencies: &mut Dependencies);

    /// Builds it from its injected fields, in the order of their declaration.
    fn build(resolved: &mut Resolved<'_>) -> Self;

    /// Whether one instance serves all sockets.
    const SINGLETON: bool = false;

    /// How the instance that serves all sockets is made.
    fn singleton() -> Option<Singleton> {
        None
    }

    /// Declares its guards, interceptors and error filters.
    fn policies(_policies: &mut Policies) {}
}

/// The arguments of `#[socketio_controller]`.
#[derive(Clone, Copy, Debug)]
pub struct ControllerInfo {
    /// The struct's name.
    pub name: &'static str,
    /// The path that it asks for, else the App's.
    pub path: Option<&'static str>,
    /// Its namespace.
    pub namespace: &'static str,
    /// What it asks of the endpoint on its path.
    pub endpoint: &'static [EndpointSetting],
    /// Its place among the controllers of an event: lower first.
    pub priority: i32,
    /// Its place at single events, where it is another.
    pub event_priorities: &'static [(&'static str, i32)],
    /// Not missed when no module lists it.
    pub unlisted: bool,
    /// What a handler's panic does to the socket.
    pub on_panic: OnPanic,
    /// Where the struct stands.
    pub location: Location,
}

impl ControllerInfo {
    /// Its place at an event, where it is another than its own.
    pub(crate) fn event_priority(&self, event: &str) -> Option<i32> {
        let mut priorities = self.event_priorities.iter();
        priorities.find_map(|(name, priority)| (*name == event).then_some(*priority))
    }
}

/// What a handler's panic does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnPanic {
    /// The controller goes on, its state perhaps half changed.
    Continue,
    /// The socket is disconnected.
    Disconnect,
}

/// A controller that exists in the binary, whether or not a module lists it.
pub struct ControllerRegistration {
    /// What its attribute says.
    pub info: &'static ControllerInfo,
    /// Its type.
    pub type_id: fn() -> TypeId,
}

inventory::collect!(ControllerRegistration);

/// What a field of `#[state]` without an expression starts from.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no default to start from",
    label = "not `Default`",
    note = "say what it starts from: `#[state(expression)]`"
)]
pub trait InitialState: Sized {
    /// The value.
    fn initial_state() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> InitialState for T {
    fn initial_state() -> Self {
        Self::default()
    }
}

/// What a field of `#[state]` starts from.
pub fn initial_state<T: InitialState>() -> T {
    T::initial_state()
}

/// What a handler is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The client connects.
    Connect,
    /// The client is gone.
    Disconnect,
    /// The event of this name.
    Named(&'static str),
    /// Events that nobody else handles.
    Any,
    /// A failed handler of the same controller.
    Error,
}

impl EventKind {
    /// The name as it is written in `#[on_event]`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Disconnect => "disconnect",
            Self::Named(name) => name,
            Self::Any => "*",
            Self::Error => "#[on_error]",
        }
    }
}

/// One handler.
#[derive(Clone, Copy, Debug)]
pub struct HandlerInfo {
    /// What it is called for.
    pub event: EventKind,
    /// The method's name.
    pub method: &'static str,
    /// The method's doc comment.
    pub docs: &'static str,
    /// Its own priority, else the controller's.
    pub priority: Option<i32>,
    /// Runs beside the socket's other events.
    pub concurrent: bool,
    /// It is over when it returns: called by `call`, not `start`.
    pub inline: bool,
    /// It runs on the blocking pool, where nothing can end it.
    pub blocking: bool,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// Where the method stands.
    pub location: Location,
}

impl HandlerInfo {
    /// What it is for, in one line: the first of its doc comment, if it has one.
    pub(crate) fn summary(&self) -> Option<&'static str> {
        self.docs.lines().next()
    }
}

/// One `#[handlers]` impl block.
pub struct HandlersBlock {
    /// The controller's type.
    pub controller: fn() -> TypeId,
    /// Where the block stands.
    pub location: Location,
    /// Its handlers; the index is their id.
    pub handlers: &'static [HandlerInfo],
    /// Whether one of them takes `&mut self`.
    pub exclusive: bool,
    /// Makes the controller shareable, for `concurrent` handlers: `share::<C>` unless `exclusive`.
    pub share: Option<fn(Instance) -> Instance>,
    /// The id of a named event.
    pub resolve: fn(&str) -> Option<u16>,
    /// Declares what a handler's parameters need.
    pub requirements: fn(u16, &mut Requirements),
    /// Declares a handler's guards, interceptors and error filters.
    pub policies: fn(u16, &mut Policies),
    /// Calls a handler that is over when it returns. What came of it is in the context then.
    pub call: fn(&mut Instance, u16, &mut CallContext),
    /// Calls one that may suspend.
    pub start: fn(Instance, u16, Box<CallContext>) -> CallState,
}

impl HandlersBlock {
    /// Begins a handler, whichever it is.
    pub(crate) fn begin(
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

/// What a handler's parameters need beyond the event: declared at start, so that it is validated
/// with the graph.
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
    /// A dependency of the socket's scope.
    pub fn inject<V: Dependency>(&mut self, label: &'static str, location: Location) {
        self.dependencies.push(Requirement {
            key: V::key(),
            label,
            location,
        });
    }

    /// The handler answers the event itself.
    pub fn ack(&mut self) {
        self.takes_ack = true;
    }
}

/// The place where it is written.
#[doc(hidden)]
#[macro_export]
macro_rules! __location {
    () => {
        $crate::__private::Location {
            file: ::core::file!(),
            line: ::core::line!(),
            column: ::core::column!(),
        }
    };
}
