//! Interceptors, which run around a handler.
//!
//! An intercepted call costs one boxed future. A call without interceptors costs a look at an empty
//! list.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use serde::Serialize;
use specter_proto::socketio::encode;

use crate::gateway::declare::table::HandlerTarget;
use crate::gateway::dispatch::call_context::{
    CallContext, CallState, CompletedCall, Outcome, PendingCall,
};
use crate::gateway::dispatch::catch_unwind::{caught, panic_text, run_until};
use crate::gateway::dispatch::event_info::EventInfo;
use crate::gateway::dispatch::instance::Instance;
use crate::gateway::error::EventError;
use crate::gateway::lifecycle::SocketEnv;
use crate::gateway::subscribe::{Subscriber, SubscriberCall};
use crate::socket::Socket;
use crate::socket::service::BoxFuture;

/// Runs around the handlers of a module, a controller or an event: before, after, or instead. An
/// injectable singleton.
///
/// Interceptors run inside of the guards, around the reading of arguments and the handler: the
/// App's outermost, then the module's, the controller's, the event's. They run at `connect` (an
/// error refuses the client) and at events, never at `disconnect` or `#[on_error]`. Dropping
/// `next`'s future drops the handler's body; the controller lives on.
///
/// ```
/// use specter_core::gateway::{EventError, HandlerOutcome, InterceptContext, Interceptor, Next};
///
/// struct Trace;
///
/// impl Interceptor for Trace {
///     async fn intercept(
///         &self,
///         cx: &InterceptContext<'_>,
///         next: Next<'_>,
///     ) -> Result<HandlerOutcome, EventError> {
///         println!("{} begins", cx.event().name());
///         let handled = next.run().await;
///         println!("{} ends: {}", cx.event().name(), handled.is_ok());
///         handled
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an interceptor",
    label = "not an interceptor",
    note = "an interceptor is a struct that implements `Interceptor` and is `#[injectable]`; a \
        module lists it under `providers`"
)]
pub trait Interceptor: Send + Sync + 'static {
    /// Calls `next.run()`, or answers itself.
    fn intercept(
        &self,
        cx: &InterceptContext<'_>,
        next: Next<'_>,
    ) -> impl Future<Output = Result<HandlerOutcome, EventError>> + Send;
}

/// What an interceptor may look at.
#[derive(Debug)]
pub struct InterceptContext<'a> {
    socket: &'a Socket,
    event: &'a EventInfo,
    controller: &'static str,
    method: &'static str,
}

impl InterceptContext<'_> {
    /// The socket that connects or sent the event.
    pub fn socket(&self) -> &Socket {
        self.socket
    }

    /// The event, with its arguments; its name is `connect` at connect.
    pub fn event(&self) -> &EventInfo {
        self.event
    }

    /// The name of the controller; for a subscriber that of its event handler, else
    /// `SocketIngress`.
    pub fn controller(&self) -> &'static str {
        self.controller
    }

    /// The name of the method that is called, or `a subscriber`.
    pub fn method(&self) -> &'static str {
        self.method
    }
}

/// How a handler succeeded: with an answer, or without. At connect an answer means nothing.
pub struct HandlerOutcome(Outcome);

impl HandlerOutcome {
    /// Without an answer.
    pub fn nothing() -> Self {
        Self(Outcome::Unit)
    }

    /// With this answer, as a handler would return it: `()` none, a tuple several arguments,
    /// anything else one.
    pub fn answer<T: Serialize>(data: &T) -> Result<Self, EventError> {
        if specter_proto::socketio::is_unit(data) {
            return Ok(Self::nothing());
        }
        Ok(Self(Outcome::Value(Some(Box::new(encode::args(data)?)))))
    }
}

impl std::fmt::Debug for HandlerOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HandlerOutcome").finish_non_exhaustive()
    }
}

/// What an interceptor stands around: the next one, at last the handler.
#[must_use = "the handler does not run unless `run` is called"]
pub struct Next<'a> {
    rest: &'a [Arc<dyn ErasedInterceptor>],
    cx: &'a InterceptContext<'a>,
    call: &'a mut dyn Innermost,
}

/// What the last interceptor stands around.
trait Innermost: Send {
    /// Begins it, or goes on with it, to its end. Not called after that.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Outcome>;
}

impl Next<'_> {
    /// Runs it.
    pub async fn run(self) -> Result<HandlerOutcome, EventError> {
        let Self { rest, cx, call } = self;
        match rest.split_first() {
            Some((first, rest)) => first.intercept_boxed(cx, Next { rest, cx, call }).await,
            None => handled(poll_fn(|cx| call.poll_end(cx)).await),
        }
    }
}

/// An interceptor behind one vtable.
pub(crate) trait ErasedInterceptor: Send + Sync {
    fn intercept_boxed<'a>(
        &'a self,
        cx: &'a InterceptContext<'a>,
        next: Next<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<HandlerOutcome, EventError>> + Send + 'a>>;
}

impl<I: Interceptor> ErasedInterceptor for I {
    fn intercept_boxed<'a>(
        &'a self,
        cx: &'a InterceptContext<'a>,
        next: Next<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<HandlerOutcome, EventError>> + Send + 'a>> {
        Box::pin(self.intercept(cx, next))
    }
}

/// Begins a call with interceptors around it.
pub(in crate::gateway) fn intercepted(
    interceptors: Arc<[Arc<dyn ErasedInterceptor>]>,
    env: SocketEnv,
    target: HandlerTarget,
    instance: Instance,
    mut cx: Box<CallContext>,
) -> CallState {
    let cancelled = Arc::new(AtomicBool::new(false));
    cx.cancelled = Some(cancelled.clone());
    let (socket, event) = (cx.socket.clone(), cx.info());
    let table = env.controller(target.controller);
    let (controller, method) = (table.info.name, cx.handler);
    let mut call = Call {
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
        let running = around(&interceptors, &cx, &mut call);
        let outcome = run_until(running, |_| socket.is_abandoned()).await;
        let outcome = outcome.unwrap_or_default();
        let (instance, cx) = call.into_parts().await;
        CompletedCall::with(instance, cx, outcome)
    }))
}

/// Runs a subscriber with interceptors around it.
pub(in crate::gateway) async fn intercepted_subscriber(
    interceptors: &[Arc<dyn ErasedInterceptor>],
    subscriber: &Subscriber,
    cx: CallContext,
) -> Outcome {
    let (socket, event) = (cx.socket.clone(), cx.info());
    let around_it = InterceptContext {
        socket: &socket,
        event: &event,
        controller: subscriber.owner(),
        method: cx.handler,
    };
    let mut call = InnermostSubscriber::Ready(subscriber, Some(Box::new(cx)));
    around(interceptors, &around_it, &mut call).await
}

/// Runs interceptors around a call.
async fn around(
    interceptors: &[Arc<dyn ErasedInterceptor>],
    cx: &InterceptContext<'_>,
    call: &mut dyn Innermost,
) -> Outcome {
    let next = Next {
        rest: interceptors,
        cx,
        call,
    };
    match caught(next.run()).await {
        Ok(Ok(HandlerOutcome(outcome))) => outcome,
        Ok(Err(error)) => Outcome::Failed(error),
        Err(payload) => Outcome::Failed(EventError::panicked(
            panic_text(&*payload),
            "an interceptor",
        )),
    }
}

/// A subscriber in the middle.
enum InnermostSubscriber<'a> {
    Ready(&'a Subscriber, Option<Box<CallContext>>),
    Running(BoxFuture<Outcome>),
}

impl Innermost for InnermostSubscriber<'_> {
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        if let Self::Ready(subscriber, context) = self {
            let Some(context) = context.take() else {
                return Poll::Pending;
            };
            match subscriber.call(*context) {
                SubscriberCall::Done(outcome) => return Poll::Ready(outcome),
                SubscriberCall::Pending(call) => *self = Self::Running(call),
            }
        }
        match self {
            Self::Running(call) => call.as_mut().poll(cx),
            Self::Ready(..) => Poll::Pending,
        }
    }
}

/// The call in the middle. It outlives the interceptors, so that the controller does.
struct Call {
    env: SocketEnv,
    target: HandlerTarget,
    state: State,
    cancelled: Arc<AtomicBool>,
}

enum State {
    Ready(Instance, Box<CallContext>),
    Running(PendingCall),
    Over(Instance, Box<CallContext>),
    /// Between two of the others.
    Changing,
}

impl Innermost for Call {
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        match std::mem::replace(&mut self.state, State::Changing) {
            State::Ready(instance, context) => {
                let table = self.env.controller(self.target.controller);
                match table.start(instance, self.target.handler, context) {
                    CallState::Done(ended) => return Poll::Ready(self.ended(ended)),
                    CallState::Pending(call) => self.state = State::Running(call),
                }
            }
            state => self.state = state,
        }
        let State::Running(call) = &mut self.state else {
            return Poll::Pending;
        };
        let ended = ready!(call.as_mut().poll(cx));
        Poll::Ready(self.ended(ended))
    }
}

impl Call {
    fn ended(&mut self, mut ended: CompletedCall) -> Outcome {
        let outcome = ended.take_outcome();
        self.state = State::Over(ended.instance, ended.cx);
        outcome
    }

    /// The controller and the context, back from the handler. A handler that an interceptor did not
    /// wait for ends now.
    async fn into_parts(self) -> (Instance, Box<CallContext>) {
        match self.state {
            State::Ready(instance, cx) | State::Over(instance, cx) => (instance, cx),
            State::Running(call) => {
                self.cancelled.store(true, Ordering::Release);
                let ended = call.await;
                (ended.instance, ended.cx)
            }
            // Only within `poll_end`.
            State::Changing => std::future::pending().await,
        }
    }
}

fn handled(outcome: Outcome) -> Result<HandlerOutcome, EventError> {
    match outcome {
        Outcome::Failed(error) => Err(error),
        Outcome::Rejected(reject) => Err((*reject).into()),
        outcome => Ok(HandlerOutcome(outcome)),
    }
}
