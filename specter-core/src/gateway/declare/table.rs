//! A namespace's table: its controllers and their handlers. It is built at start and only read
//! afterwards.

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

/// A namespace's controllers, in their order, and what a socket of it needs.
pub(crate) struct NamespaceTable {
    pub(crate) hub: Arc<Hub>,
    /// Sorted by priority, and by module order within one priority.
    pub(crate) controllers: Vec<ControllerTable>,
    /// Builds the controllers, in the same order.
    pub(crate) plan: ScopePlan,
    /// The subscribers of the namespace.
    pub(crate) ingress: Arc<Ingress>,
    /// The policies of its subscribers, and the container of what they inject.
    pub(crate) subscriber_policies: NamespacePolicies,
    /// Checked at connect, after the controllers' guards.
    pub(crate) connect_policies: Vec<ConnectPolicies>,
    pub(crate) unknown: UnknownEvents,
    pub(crate) connect_handler_timeout: Duration,
    /// How long handlers may go on running after their client has left.
    pub(crate) handler_grace_period: Duration,
    pub(crate) max_concurrent: usize,
}

/// The guards of a listed event handler's namespace, and the filters of their rejections.
pub(crate) struct ConnectPolicies {
    pub(crate) guards: Vec<Arc<dyn ErasedGuard>>,
    pub(crate) filters: Vec<Arc<dyn ErasedFilter>>,
}

/// One controller's handlers.
pub(crate) struct ControllerTable {
    pub(crate) info: &'static ControllerInfo,
    pub(crate) blocks: Vec<BlockTable>,
    pub(crate) guards: Vec<Arc<dyn ErasedGuard>>,
    /// The filters of rejections before a handler is called.
    pub(crate) filters: Vec<Arc<dyn ErasedFilter>>,
    pub(crate) shared: bool,
    /// Whether handlers share a socket's instance: because some run concurrently, or so that a
    /// handler on the blocking pool which does not end leaves the controller to `disconnect`.
    holds_shared: bool,
    pub(crate) singleton: Option<fn(Box<dyn Any + Send>) -> Instance>,
    pub(crate) connect: Option<HandlerRef>,
    pub(crate) disconnect: Option<HandlerRef>,
    pub(crate) any: Option<HandlerRef>,
    pub(crate) error: Option<HandlerRef>,
}

/// One `#[handlers]` block with its handlers' guards.
pub(crate) struct BlockTable {
    pub(crate) block: &'static HandlersBlock,
    /// Indexed by handler id.
    pub(crate) handlers: Vec<HandlerPolicies>,
}

/// The policies of one handler.
pub(crate) struct HandlerPolicies {
    /// Its own guards; the controller's ran at connect.
    pub(crate) guards: Vec<Arc<dyn ErasedGuard>>,
    /// All interceptors that apply, the outermost first.
    pub(crate) interceptors: Arc<[Arc<dyn ErasedInterceptor>]>,
    /// All filters that apply, the innermost first.
    pub(crate) filters: Vec<Arc<dyn ErasedFilter>>,
    /// Whether it takes an `Ack`.
    pub(crate) takes_ack: bool,
}

/// A handler: its block and its id there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HandlerRef {
    pub(crate) block: usize,
    pub(crate) id: u16,
}

/// The sole handler of an event, without policies: the common case.
#[derive(Clone, Copy)]
pub(crate) struct DirectHandler {
    pub(crate) name: &'static str,
    pub(crate) target: HandlerTarget,
    pub(crate) block: &'static HandlersBlock,
    pub(crate) handler: &'static HandlerInfo,
    /// Whether it takes an `Ack`.
    pub(crate) takes_ack: bool,
}

/// A handler of one of the namespace's controllers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HandlerTarget {
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
            shared: false,
            holds_shared: false,
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
        let shared = table.handlers().any(|handler| handler.concurrent);
        table.shared = shared;
        let is_exclusive = table.blocks.iter().any(|entry| entry.block.exclusive);
        let blocks = table.handlers().any(|handler| handler.blocking);
        table.holds_shared = shared || (blocks && !is_exclusive);
        table
    }

    pub(crate) fn handlers(&self) -> impl Iterator<Item = &'static HandlerInfo> {
        self.blocks.iter().flat_map(|entry| entry.block.handlers)
    }

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
            Some(entry) => entry.block.begin(instance, handler.id, cx),
            None => CallState::unknown(instance, cx),
        }
    }

    /// Converts a built controller into an instance as its handlers need it: exclusive or shared.
    pub(crate) fn instance(&self, built: Box<dyn Any + Send>) -> Instance {
        if let Some(instance) = self.singleton {
            return instance(built);
        }
        let instance = Instance::Exclusive(built);
        let share = self.blocks.iter().find_map(|entry| entry.block.share);
        match share {
            Some(share) if self.holds_shared => share(instance),
            _ => instance,
        }
    }
}

/// The methods that handle one event, in their order. Most events have one.
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
    /// The sole method for an event's name, if there is one without policies. Subscribers, which
    /// come and go, are not considered.
    pub(crate) fn straight(&self, name: &str) -> Option<DirectHandler> {
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
        let wired = table.policies_of(target.handler)?;
        let handler = table.handler(target.handler)?;
        let EventKind::Named(name) = handler.event else {
            return None;
        };
        let straight = DirectHandler {
            name,
            target,
            block: entry.block,
            handler,
            takes_ack: wired.takes_ack,
        };
        (wired.guards.is_empty() && wired.interceptors.is_empty()).then_some(straight)
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

    /// The methods for events that nobody else handles.
    pub(crate) fn any(&self) -> Targets {
        self.sorted(self.collect(|controller| controller.any))
    }

    fn sorted(&self, mut targets: Targets) -> Targets {
        if let Targets::Many(targets) = &mut targets {
            // Stable: ties stay in the controllers' order.
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

    pub(crate) fn priority(&self, target: HandlerTarget) -> i32 {
        let table = &self.controllers[target.controller];
        let handler = table.handler(target.handler);
        handler.map_or(table.info.priority, |handler| {
            let of_event = || table.info.event_priority(handler.event.name());
            handler
                .priority
                .or_else(of_event)
                .unwrap_or(table.info.priority)
        })
    }

    /// Whether a method runs concurrently with the socket's other events.
    pub(crate) fn runs_concurrently(&self, target: HandlerTarget) -> bool {
        let table = &self.controllers[target.controller];
        let handler = table.handler(target.handler);
        table.shared && handler.is_some_and(|handler| handler.concurrent)
    }

    /// Whether any controller has a concurrent handler. Where none has, pending events need no
    /// early look-up.
    pub(crate) fn has_concurrent(&self) -> bool {
        self.controllers.iter().any(|controller| controller.shared)
    }

    /// Logs an event that nobody handles, once, with the nearest name.
    pub(crate) fn note_unknown(&self, name: &str) {
        let subscribed = self.ingress.names();
        let subscribed = subscribed.iter().map(|name| &**name);
        let known = subscribed.chain(self.event_names());
        self.unknown.note(self.hub.name(), name, known);
    }

    /// The names of the events that are handled here.
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
