//! Starts the call of a handler. If the handler has interceptors, the call runs inside of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use super::call_context::{CallContext, CallState, CompletedCall, Outcome, PendingCall};
use super::catch_unwind::run_until;
use super::instance::Instance;
use crate::gateway::declare::table::{HandlerPolicies, HandlerTarget};
use crate::gateway::lifecycle::SocketEnv;
use crate::gateway::policies::interceptor::{
    ErasedInterceptor, Innermost, InterceptContext, intercept,
};

impl SocketEnv {
    /// Starts the call of a handler, inside of its interceptors if it has any.
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
}

/// Starts a call inside of interceptors.
fn start_intercepted(
    interceptors: Arc<[Arc<dyn ErasedInterceptor>]>,
    env: SocketEnv,
    target: HandlerTarget,
    instance: Instance,
    mut cx: Box<CallContext>,
) -> CallState {
    let cancelled = Arc::new(AtomicBool::new(false));
    cx.cancelled = Some(cancelled.clone());
    let (socket, event) = (cx.socket.clone(), cx.event_info());
    let table = env.controller(target.controller);
    let (controller, method) = (table.info.name, cx.handler);
    let mut call = InterceptedCall {
        env,
        target,
        state: State::Ready(instance, cx),
        cancelled,
    };
    CallState::Pending(Box::pin(async move {
        let cx = InterceptContext {
            socket: &socket,
            event: &event,
            controller,
            method,
        };
        let running = intercept(&interceptors, &cx, &mut call);
        let outcome = run_until(running, |_| socket.is_abandoned()).await;
        let outcome = outcome.unwrap_or_default();
        let (instance, cx) = call.into_parts().await;
        CompletedCall::with_outcome(instance, cx, outcome)
    }))
}

/// The call of the handler. It outlives the interceptors, so that the controller is returned even
/// if an interceptor drops the future of `next.run()`.
struct InterceptedCall {
    env: SocketEnv,
    target: HandlerTarget,
    state: State,
    cancelled: Arc<AtomicBool>,
}

enum State {
    /// The handler has not started.
    Ready(Instance, Box<CallContext>),
    Running(PendingCall),
    Completed(Instance, Box<CallContext>),
    /// The state is being replaced.
    Changing,
}

impl Innermost for InterceptedCall {
    fn poll_outcome(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        match std::mem::replace(&mut self.state, State::Changing) {
            State::Ready(instance, context) => {
                let table = self.env.controller(self.target.controller);
                match table.start(instance, self.target.handler, context) {
                    CallState::Done(completed) => return Poll::Ready(self.complete(completed)),
                    CallState::Pending(call) => self.state = State::Running(call),
                }
            }
            state => self.state = state,
        }
        let State::Running(call) = &mut self.state else {
            return Poll::Pending;
        };
        let completed = ready!(call.as_mut().poll(cx));
        Poll::Ready(self.complete(completed))
    }
}

impl InterceptedCall {
    /// Stores the instance and the context of the completed call, and returns its outcome.
    fn complete(&mut self, mut completed: CompletedCall) -> Outcome {
        let outcome = completed.take_outcome();
        self.state = State::Completed(completed.instance, completed.cx);
        outcome
    }

    /// Returns the controller and the context. If the handler is still running, because an
    /// interceptor dropped its future, the handler is cancelled first.
    async fn into_parts(self) -> (Instance, Box<CallContext>) {
        match self.state {
            State::Ready(instance, cx) | State::Completed(instance, cx) => (instance, cx),
            State::Running(call) => {
                self.cancelled.store(true, Ordering::Release);
                let completed = call.await;
                (completed.instance, completed.cx)
            }
            // Unreachable: `poll_outcome` replaces this state before it returns.
            State::Changing => std::future::pending().await,
        }
    }
}
