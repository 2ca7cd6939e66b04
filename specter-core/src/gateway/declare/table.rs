//! A namespace's table: its controllers and their handlers, with the policies of each handler. It
//! is built at start. Afterwards only its subscribers and its record of unknown events change.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use specter_di::ScopePlan;

use super::controller::HandlersBlock;
use super::descriptor::{ControllerInfo, EventKind, HandlerInfo};
use crate::gateway::dispatch::call_context::{CallContext, CallState};
use crate::gateway::dispatch::instance::Instance;
use crate::gateway::dispatch::unknown_events::UnknownEvents;
use crate::gateway::policies::filter::ErasedFilter;
use crate::gateway::policies::guard::ErasedGuard;
use crate::gateway::policies::interceptor::ErasedInterceptor;
use crate::gateway::subscribe::{Ingress, NamespacePolicies};
use crate::rooms::Hub;

/// A namespace's controllers, and everything else that its sockets share.
pub(crate) struct NamespaceTable {
    pub(crate) hub: Arc<Hub>,
    /// Sorted by priority, and by module order within one priority.
    pub(crate) controllers: Vec<ControllerTable>,
    /// Builds the controllers, in the same order.
    pub(crate) plan: ScopePlan,
    /// The subscribers of the namespace.
    pub(crate) ingress: Arc<Ingress>,
    /// The policies of the subscribers, and the container from which they are injected.
    pub(crate) subscriber_policies: NamespacePolicies,
    /// The policies of listed event handlers. They apply at connect, after the controllers' guards.
    pub(crate) connect_policies: Vec<ConnectPolicies>,
    pub(crate) unknown: UnknownEvents,
    /// How long connecting may take in all. After that the client is rejected.
    pub(crate) connect_handler_timeout: Duration,
    /// How long each `disconnect` handler may take. After that it is dropped.
    pub(crate) handler_grace_period: Duration,
    /// How many events of a socket may run concurrently. Further ones wait.
    pub(crate) max_concurrent: usize,
}

/// The guards that a listed event handler adds to its namespace, and the filters for their
/// rejections.
pub(crate) struct ConnectPolicies {
    pub(crate) guards: Vec<Arc<dyn ErasedGuard>>,
    pub(crate) filters: Vec<Arc<dyn ErasedFilter>>,
}

/// One controller's handlers.
pub(crate) struct ControllerTable {
    pub(crate) info: &'static ControllerInfo,
    pub(crate) blocks: Vec<BlockTable>,
    pub(crate) guards: Vec<Arc<dyn ErasedGuard>>,
    /// The filters for rejections by these guards.
    pub(crate) filters: Vec<Arc<dyn ErasedFilter>>,
    /// Whether a handler runs concurrently with others.
    pub(crate) has_concurrent: bool,
    /// Whether the handlers of a socket share one instance. This is so if some run concurrently. It
    /// is also so if some run on the blocking pool and none takes `&mut self`: `disconnect` can
    /// then be called although such a handler is still running.
    is_instance_shared: bool,
    /// For a controller that serves all sockets with one instance: converts what its root builds to
    /// that instance.
    pub(crate) singleton: Option<fn(Box<dyn Any + Send>) -> Instance>,
    pub(crate) connect: Option<HandlerRef>,
    pub(crate) disconnect: Option<HandlerRef>,
    /// The handler of `*`.
    pub(crate) any: Option<HandlerRef>,
    /// The `#[on_error]` handler.
    pub(crate) error: Option<HandlerRef>,
}

/// One `#[handlers]` block with the policies of its handlers.
pub(crate) struct BlockTable {
    pub(crate) block: &'static HandlersBlock,
    /// Indexed by handler id.
    pub(crate) handlers: Vec<HandlerPolicies>,
}

/// The policies of one handler.
pub(crate) struct HandlerPolicies {
    /// The guards that the handler itself declares. Those of the App, the module and the controller
    /// run at connect only.
    pub(crate) guards: Vec<Arc<dyn ErasedGuard>>,
    /// All interceptors that apply, the outermost first.
    pub(crate) interceptors: Arc<[Arc<dyn ErasedInterceptor>]>,
    /// All filters that apply, the innermost first.
    pub(crate) filters: Vec<Arc<dyn ErasedFilter>>,
    /// Whether the handler takes an `Ack`.
    pub(crate) takes_ack: bool,
}

/// A handler: its block and its id there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HandlerRef {
    /// The index in [`ControllerTable::blocks`].
    pub(crate) block: usize,
    pub(crate) id: u16,
}

/// The sole handler of an event, without guards and interceptors. This is the common case, for
/// which `EventRun::start_direct` is a faster path.
#[derive(Clone, Copy)]
pub(crate) struct DirectHandler {
    pub(crate) name: &'static str,
    pub(crate) target: HandlerTarget,
    pub(crate) block: &'static HandlersBlock,
    pub(crate) handler: &'static HandlerInfo,
    /// Whether the handler takes an `Ack`.
    pub(crate) takes_ack: bool,
}

/// A handler of one of the namespace's controllers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HandlerTarget {
    /// The index in [`NamespaceTable::controllers`].
    pub(crate) controller: usize,
    pub(crate) handler: HandlerRef,
}

impl ControllerTable {
    pub(crate) fn new(
        info: &'static ControllerInfo,
        blocks: Vec<BlockTable>,
        guards: Vec<Arc<dyn ErasedGuard>>,
        filters: Vec<Arc<dyn ErasedFilter>>,
        singleton: Option<fn(Box<dyn Any + Send>) -> Instance>,
    ) -> Self {
        let mut table = Self {
            info,
            blocks,
            guards,
            filters,
            has_concurrent: false,
            is_instance_shared: false,
            singleton,
            connect: None,
            disconnect: None,
            any: None,
            error: None,
        };
        for (block, entry) in table.blocks.iter().enumerate() {
            for (id, handler) in (0_u16..).zip(entry.block.handlers) {
                let slot = match handler.event {
                    EventKind::Connect => &mut table.connect,
                    EventKind::Disconnect => &mut table.disconnect,
                    EventKind::Any => &mut table.any,
                    EventKind::Error => &mut table.error,
                    EventKind::Named(_) => continue,
                };
                *slot = Some(HandlerRef { block, id });
            }
        }
        let has_concurrent = table.handlers().any(|handler| handler.concurrent);
        let is_exclusive = table.blocks.iter().any(|entry| entry.block.exclusive);
        let has_blocking = table.handlers().any(|handler| handler.blocking);
        table.has_concurrent = has_concurrent;
        table.is_instance_shared = has_concurrent || (has_blocking && !is_exclusive);
        table
    }

    pub(crate) fn handlers(&self) -> impl Iterator<Item = &'static HandlerInfo> {
        self.blocks.iter().flat_map(|entry| entry.block.handlers)
    }

    /// The handler for an event's name.
    fn named(&self, name: &str) -> Option<HandlerRef> {
        self.blocks.iter().enumerate().find_map(|(block, entry)| {
            let id = (entry.block.resolve)(name)?;
            Some(HandlerRef { block, id })
        })
    }

    /// The descriptor of a handler.
    pub(crate) fn handler(&self, handler: HandlerRef) -> Option<&'static HandlerInfo> {
        self.blocks
            .get(handler.block)?
            .block
            .handlers
            .get(usize::from(handler.id))
    }

    /// The policies of a handler.
    pub(crate) fn policies_of(&self, handler: HandlerRef) -> Option<&HandlerPolicies> {
        let entry = self.blocks.get(handler.block)?;
        entry.handlers.get(usize::from(handler.id))
    }

    /// Calls a handler.
    pub(crate) fn start(
        &self,
        instance: Instance,
        handler: HandlerRef,
        cx: Box<CallContext>,
    ) -> CallState {
        match self.blocks.get(handler.block) {
            Some(entry) => entry.block.start_handler(instance, handler.id, cx),
            None => CallState::unknown(instance, cx),
        }
    }

    /// Converts a built controller to the kind of instance that its handlers need: exclusive or
    /// shared.
    pub(crate) fn instance(&self, built: Box<dyn Any + Send>) -> Instance {
        if let Some(instance) = self.singleton {
            return instance(built);
        }
        let instance = Instance::Exclusive(built);
        let share = self.blocks.iter().find_map(|entry| entry.block.share);
        match share {
            Some(share) if self.is_instance_shared => share(instance),
            _ => instance,
        }
    }
}

/// The methods that handle one event, in the order in which they run. Most events have one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Targets {
    #[default]
    None,
    One(HandlerTarget),
    Many(Vec<HandlerTarget>),
}

impl Targets {
    pub(crate) fn get(&self, at: usize) -> Option<HandlerTarget> {
        match self {
            Self::None => None,
            Self::One(target) => (at == 0).then_some(*target),
            Self::Many(targets) => targets.get(at).copied(),
        }
    }

    fn push(&mut self, target: HandlerTarget) {
        *self = match std::mem::take(self) {
            Self::None => Self::One(target),
            Self::One(first) => Self::Many(vec![first, target]),
            Self::Many(mut targets) => {
                targets.push(target);
                Self::Many(targets)
            }
        };
    }
}

impl NamespaceTable {
    /// The sole method for an event's name. `None` if there are none or several, or if the method
    /// has guards or interceptors. The caller must check that there are no subscribers, because
    /// those can change at any time.
    pub(crate) fn direct_handler(&self, name: &str) -> Option<DirectHandler> {
        let controllers = self.controllers.iter().enumerate();
        let mut found = controllers
            .filter_map(|(controller, table)| Some((controller, table, table.named(name)?)));
        let (controller, table, handler) = found.next()?;
        if found.next().is_some() {
            return None;
        }
        let target = HandlerTarget {
            controller,
            handler,
        };
        let entry = table.blocks.get(target.handler.block)?;
        let policies = table.policies_of(target.handler)?;
        let handler = table.handler(target.handler)?;
        let EventKind::Named(name) = handler.event else {
            return None;
        };
        let direct = DirectHandler {
            name,
            target,
            block: entry.block,
            handler,
            takes_ack: policies.takes_ack,
        };
        (policies.guards.is_empty() && policies.interceptors.is_empty()).then_some(direct)
    }

    /// The methods for an event's name.
    pub(crate) fn named(&self, name: &str) -> Targets {
        if let [controller] = self.controllers.as_slice() {
            let handler = controller.named(name);
            return handler.map_or(Targets::None, |handler| {
                Targets::One(HandlerTarget {
                    controller: 0,
                    handler,
                })
            });
        }
        self.sorted(self.collect(|controller| controller.named(name)))
    }

    /// The methods for events that have no handler of their own (`#[on_event("*")]`).
    pub(crate) fn any(&self) -> Targets {
        self.sorted(self.collect(|controller| controller.any))
    }

    fn sorted(&self, mut targets: Targets) -> Targets {
        if let Targets::Many(targets) = &mut targets {
            // The sort is stable: methods of equal priority stay in the order of their controllers.
            targets.sort_by_key(|target| self.priority(*target));
        }
        targets
    }

    fn collect(&self, find: impl Fn(&ControllerTable) -> Option<HandlerRef>) -> Targets {
        let mut targets = Targets::None;
        for (controller, table) in self.controllers.iter().enumerate() {
            if let Some(handler) = find(table) {
                targets.push(HandlerTarget {
                    controller,
                    handler,
                });
            }
        }
        targets
    }

    /// The priority of a method: its own, else the controller's for the event, else the
    /// controller's.
    pub(crate) fn priority(&self, target: HandlerTarget) -> i32 {
        let table = &self.controllers[target.controller];
        let handler = table.handler(target.handler);
        handler.map_or(table.info.priority, |handler| {
            let event_priority = || table.info.event_priority(handler.event.name());
            handler
                .priority
                .or_else(event_priority)
                .unwrap_or(table.info.priority)
        })
    }

    /// Whether a method runs concurrently with the socket's other events.
    pub(crate) fn runs_concurrently(&self, target: HandlerTarget) -> bool {
        let table = &self.controllers[target.controller];
        let handler = table.handler(target.handler);
        table.has_concurrent && handler.is_some_and(|handler| handler.concurrent)
    }

    /// Whether any controller has a concurrent handler. If none has, the dispatch need not look up
    /// the handlers of an event while another event runs.
    pub(crate) fn has_concurrent(&self) -> bool {
        self.controllers
            .iter()
            .any(|controller| controller.has_concurrent)
    }

    /// Logs an event without a handler, once for each name, with the most similar name that has
    /// one.
    pub(crate) fn log_unknown(&self, name: &str) {
        let subscribed = self.ingress.names();
        let subscribed = subscribed.iter().map(|name| &**name);
        let handled = subscribed.chain(self.event_names());
        self.unknown.log(self.hub.name(), name, handled);
    }

    /// The names of the events for which the controllers have methods.
    pub(crate) fn event_names(&self) -> impl Iterator<Item = &str> {
        self.controllers
            .iter()
            .flat_map(ControllerTable::handlers)
            .filter_map(|handler| match handler.event {
                EventKind::Named(name) => Some(name),
                _ => None,
            })
    }
}
