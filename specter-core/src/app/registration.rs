//! Registers the controllers and event handlers that modules list. Each becomes a root of the
//! container, with a [`ModuleEntry`] that describes it.

use std::any::{Any, TypeId};
use std::marker::PhantomData;
use std::sync::Arc;

use specter_di::{Container, Dependency, Location, Module, ModuleBuilder, Provide, Root, RootInfo};

use crate::gateway::private::{ControllerRegistration, HandlersBlock, Instance};
use crate::gateway::{
    Controller, ControllerInfo, EventHandler, EventHandlerError, Policies, RegisteredHandler,
    Requirements, SocketIngress,
};

/// A controller or event handler that a module lists, attached to its root in the container.
pub(super) enum ModuleEntry {
    Controller(Registration),
    Handler(EventHandlerEntry),
}

impl ModuleEntry {
    pub(super) fn controller(&self) -> Option<&Registration> {
        match self {
            Self::Controller(registration) => Some(registration),
            Self::Handler(_) => None,
        }
    }

    pub(super) fn handler(&self) -> Option<&EventHandlerEntry> {
        match self {
            Self::Handler(handler) => Some(handler),
            Self::Controller(_) => None,
        }
    }
}

/// A listed event handler.
pub(super) struct EventHandlerEntry {
    pub(super) location: Location,
    pub(super) namespace: &'static str,
    /// The policies that the module declares.
    pub(super) policies: Policies,
    /// Registers the handler of the root at this index.
    pub(super) register:
        fn(&Container, usize, &SocketIngress) -> Result<RegisteredHandler, EventHandlerError>,
}

/// A listed controller.
pub(super) struct Registration {
    pub(super) info: &'static ControllerInfo,
    pub(super) type_id: TypeId,
    /// Set for a controller that serves all sockets with one instance: converts the value that its
    /// root builds to that instance.
    pub(super) singleton: Option<fn(Box<dyn Any + Send>) -> Instance>,
    /// Its `#[handlers]` blocks, in source order.
    pub(super) blocks: Vec<RegisteredBlock>,
    /// The policies of the module and of the controller. The module's policies are the outer ones.
    pub(super) policies: Policies,
}

pub(super) struct RegisteredBlock {
    pub(super) block: &'static HandlersBlock,
    /// The policies of each handler, by handler id.
    pub(super) policies: Vec<Policies>,
    /// Whether each handler takes an `Ack`, by handler id.
    pub(super) takes_ack: Vec<bool>,
}

/// Adds a controller to a module.
pub fn controller<C: Controller>(module: &mut ModuleBuilder) {
    controller_within::<C>(module, |_| {});
}

/// Adds a controller to a module, with the guards, interceptors and error filters that the module
/// declares.
pub fn controller_within<C: Controller>(
    module: &mut ModuleBuilder,
    declare: impl FnOnce(&mut Policies),
) {
    let (mut module_policies, mut controller_policies) = (Policies::default(), Policies::default());
    declare(&mut module_policies);
    C::policies(&mut controller_policies);
    let policies = module_policies.with_inner(&controller_policies);
    let singleton = C::singleton();
    let mut root = match &singleton {
        Some(singleton) => {
            (singleton.provide)(module);
            (singleton.root)()
        }
        None => Root::new::<C>(C::INFO.name, C::INFO.location, C::dependencies, C::build),
    };
    // The container checks at start that all dependencies of the handlers' parameters are provided.
    let mut requirements = Requirements::default();
    let blocks = blocks_of::<C>()
        .map(|block| register_block(block, &mut requirements))
        .collect::<Vec<_>>();
    for requirement in requirements.dependencies {
        root = root.require(requirement.key, requirement.label, requirement.location);
    }
    let handler_policies = blocks.iter().flat_map(|block| &block.policies);
    for policies in [&policies].into_iter().chain(handler_policies) {
        root = policies.require_from(root);
    }
    module.root(root.meta(ModuleEntry::Controller(Registration {
        info: &C::INFO,
        type_id: TypeId::of::<C>(),
        singleton: singleton.map(|singleton| singleton.instance),
        blocks,
        policies,
    })));
}

/// The root of an event handler, to which its [`EventHandlerEntry`] is attached.
struct HandlerRoot<H>(PhantomData<fn() -> H>);

/// Adds an event handler and its provider to a module.
pub fn event_handler<H: EventHandler + Provide>(
    module: &mut ModuleBuilder,
    name: &'static str,
    location: Location,
) {
    event_handler_within::<H>(module, name, location, |_| {});
}

/// Adds an event handler and its provider to a module, with the guards, interceptors and error
/// filters that the module declares.
pub fn event_handler_within<H: EventHandler + Provide>(
    module: &mut ModuleBuilder,
    name: &'static str,
    location: Location,
    declare: impl FnOnce(&mut Policies),
) {
    let mut policies = Policies::default();
    declare(&mut policies);
    module.provide::<H>();
    let key = <Arc<H> as Dependency>::key();
    let mut root =
        Root::new::<HandlerRoot<H>>(name, location, |_| {}, |_| HandlerRoot(PhantomData))
            .require_singleton("event handler", key, "self", location);
    root = policies.require_from(root);
    module.root(root.meta(ModuleEntry::Handler(EventHandlerEntry {
        policies,
        location,
        namespace: H::NAMESPACE,
        register: |container, index, ingress| {
            // This is never `None`, because the root requires the singleton.
            let handler = container.scope(&[index]).singleton::<Arc<H>>(0);
            let handler =
                handler.ok_or_else(|| "the singleton of the event handler is missing".into());
            let registered = handler
                .and_then(|handler| Ok(ingress.for_listed_handler(index).register(handler)?));
            registered.map_err(EventHandlerError::unregistered::<H>)
        },
    })));
}

fn blocks_of<C: Controller>() -> impl Iterator<Item = &'static HandlersBlock> {
    let id = TypeId::of::<C>();
    let mut blocks: Vec<_> = inventory::iter::<HandlersBlock>()
        .filter(|block| (block.controller)() == id)
        .collect();
    // `inventory` yields the blocks in an arbitrary order.
    blocks.sort_by_key(|block| {
        (
            block.location.file,
            block.location.line,
            block.location.column,
        )
    });
    blocks.into_iter()
}

fn register_block(
    block: &'static HandlersBlock,
    requirements: &mut Requirements,
) -> RegisteredBlock {
    let mut registered = RegisteredBlock {
        block,
        policies: Vec::new(),
        takes_ack: Vec::new(),
    };
    for (id, _) in (0_u16..).zip(block.handlers) {
        requirements.takes_ack = false;
        (block.requirements)(id, requirements);
        registered.takes_ack.push(requirements.takes_ack);
        let mut policies = Policies::default();
        (block.policies)(id, &mut policies);
        registered.policies.push(policies);
    }
    registered
}

/// The controller that is the root with this index.
pub(super) fn controller_at(roots: &[RootInfo], index: usize) -> Option<&Registration> {
    roots.get(index)?.meta::<ModuleEntry>()?.controller()
}

/// The controllers of the binary that no module lists and that are not marked `unlisted`.
pub(super) fn unlisted(listed: &[TypeId]) -> Vec<&'static ControllerInfo> {
    let mut unlisted: Vec<_> = inventory::iter::<ControllerRegistration>()
        .filter(|registration| {
            !registration.info.unlisted && !listed.contains(&(registration.type_id)())
        })
        .map(|registration| registration.info)
        .collect();
    unlisted.sort_by_key(|info| (info.location.file, info.location.line));
    unlisted
}

/// The module of an App of a single controller.
pub(super) struct SingleControllerModule<C>(PhantomData<C>);

impl<C: Controller> Module for SingleControllerModule<C> {
    fn define(module: &mut ModuleBuilder) {
        module.name(C::INFO.name, C::INFO.location);
        module.without_providers(
            "list it in a module together with the controller, because `App::of` has no providers: \
             `#[module(controllers = […], providers = […])] struct AppModule;`, which \
             `App::create::<AppModule>()` starts",
        );
        controller::<C>(module);
    }
}
