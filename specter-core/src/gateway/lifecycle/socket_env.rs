//! What the calls of a socket's handlers need: the table of the namespace, the socket, and its
//! scope.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use specter_di::OpenScope;

use crate::gateway::declare::table::{ControllerTable, HandlerRef, NamespaceTable};
use crate::gateway::dispatch::call_context::{
    CallContext, CallState, Failure, InjectionSource, Outcome, Trigger,
};
use crate::gateway::dispatch::instance::Instance;
use crate::socket::Socket;

/// What the calls of a socket's handlers need. It creates the contexts of the calls.
#[derive(Clone)]
pub(in crate::gateway) struct SocketEnv {
    pub(in crate::gateway) table: Arc<NamespaceTable>,
    pub(in crate::gateway) socket: Socket,
    pub(in crate::gateway) scope: Arc<OpenScope>,
}

impl SocketEnv {
    pub(in crate::gateway) fn controller(&self, position: usize) -> &ControllerTable {
        &self.table.controllers[position]
    }

    /// Creates the context for a call of one handler.
    pub(in crate::gateway) fn context(
        &self,
        position: usize,
        handler: HandlerRef,
        trigger: Trigger,
    ) -> Box<CallContext> {
        let mut cx = self.event_context();
        cx.trigger = trigger;
        cx.retarget(position, self.controller(position).handler(handler));
        cx
    }

    /// Creates a context for calls of controllers. [`CallContext::retarget`] then selects the
    /// handler.
    pub(in crate::gateway) fn event_context(&self) -> Box<CallContext> {
        let values = InjectionSource::Scope(self.scope.clone(), 0);
        Box::new(self.context_of(values, "", Trigger::Connect))
    }

    /// Creates the context for a call of a subscriber, which belongs to no controller.
    pub(in crate::gateway) fn subscriber_context(&self, trigger: Trigger) -> CallContext {
        let container = self.table.subscriber_policies.container.clone();
        self.context_of(
            InjectionSource::Container(container),
            "a subscriber",
            trigger,
        )
    }

    #[inline]
    fn context_of(
        &self,
        values: InjectionSource,
        handler: &'static str,
        trigger: Trigger,
    ) -> CallContext {
        CallContext {
            socket: self.socket.clone(),
            values,
            handler,
            trigger,
            ack: None,
            recycled_ack: None,
            timeout: None,
            cancelled: None,
            outcome: Outcome::Unit,
            is_sole_handler: false,
            is_answered: AtomicBool::new(false),
        }
    }

    /// Starts a controller's `#[on_error]` handler.
    ///
    /// # Errors
    /// The controller has no such handler, or the error only says that the socket has disconnected.
    /// Returns the arguments.
    pub(in crate::gateway) fn start_error_handler(
        &self,
        position: usize,
        instance: Instance,
        failure: Failure,
    ) -> Result<CallState, (Instance, Failure)> {
        let table = self.controller(position);
        match table.error {
            Some(handler) if !failure.error.is_disconnected() => {
                let cx = self.context(position, handler, Trigger::Error(Box::new(failure)));
                Ok(table.start(instance, handler, cx))
            }
            _ => Err((instance, failure)),
        }
    }
}
