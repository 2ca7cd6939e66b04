//! What every call of a socket's handlers needs: its namespace's table, the socket, and its scope.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use specter_di::OpenScope;

use crate::gateway::declare::table::{
    ControllerTable, HandlerPolicies, HandlerRef, HandlerTarget, NamespaceTable,
};
use crate::gateway::dispatch::call_context::{
    CallContext, CallState, Failure, InjectionSource, Outcome, Trigger,
};
use crate::gateway::dispatch::instance::Instance;
use crate::gateway::dispatch::intercepted_call::start_intercepted;
use crate::socket::Socket;

/// What every call of a socket's handlers needs.
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

    /// The context of a call of one handler.
    pub(in crate::gateway) fn context(
        &self,
        position: usize,
        handler: HandlerRef,
        cause: Trigger,
    ) -> Box<CallContext> {
        let mut cx = self.event_context();
        cx.cause = cause;
        cx.retarget(position, self.controller(position).handler(handler));
        cx
    }

    /// A context for calls of controllers, before a handler is chosen.
    pub(in crate::gateway) fn event_context(&self) -> Box<CallContext> {
        Box::new(CallContext {
            socket: self.socket.clone(),
            values: InjectionSource::Scope(self.scope.clone(), 0),
            handler: "",
            cause: Trigger::Connect,
            ack: None,
            recycled_ack: None,
            limit: None,
            cancelled: None,
            outcome: Outcome::Unit,
            is_sole_handler: false,
            is_answered: AtomicBool::new(false),
        })
    }

    /// The context of a subscriber's call, which belongs to no controller.
    pub(in crate::gateway) fn subscriber_context(&self, cause: Trigger) -> CallContext {
        CallContext {
            socket: self.socket.clone(),
            values: InjectionSource::Container(self.table.subscriber_policies.container.clone()),
            handler: "a subscriber",
            cause,
            ack: None,
            recycled_ack: None,
            limit: None,
            cancelled: None,
            outcome: Outcome::Unit,
            is_sole_handler: false,
            is_answered: AtomicBool::new(false),
        }
    }

    /// Starts a handler inside of its interceptors.
    pub(in crate::gateway) fn start(
        &self,
        target: HandlerTarget,
        policies: Option<&HandlerPolicies>,
        instance: Instance,
        cx: Box<CallContext>,
    ) -> CallState {
        match policies {
            Some(policies) if !policies.interceptors.is_empty() => start_intercepted(
                policies.interceptors.clone(),
                self.clone(),
                target,
                instance,
                cx,
            ),
            _ => {
                let table = self.controller(target.controller);
                table.start(instance, target.handler, cx)
            }
        }
    }

    /// Starts a controller's `#[on_error]`. Returns the arguments where there is none, or where the
    /// failure only says that the socket has disconnected.
    pub(in crate::gateway) fn start_error_handler(
        &self,
        position: usize,
        instance: Instance,
        failure: Failure,
    ) -> Result<CallState, (Instance, Failure)> {
        let table = self.controller(position);
        match table.error {
            Some(handler) if !failure.error.is_gone() => {
                let cx = self.context(position, handler, Trigger::Error(Box::new(failure)));
                Ok(table.start(instance, handler, cx))
            }
            _ => Err((instance, failure)),
        }
    }
}
