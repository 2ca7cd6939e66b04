//! The context of one call of a handler: the values that the handler's parameters are taken from,
//! and the outcome of the call.
//!
//! A handler that may suspend takes the controller into a boxed future, which returns it with the
//! outcome; this costs one allocation for each call. A handler that does not suspend is called in
//! place, without an allocation.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde::Serialize;
use specter_di::{Container, OpenScope};
use specter_proto::socketio::{
    ActiveEvent, Args, Arguments, EncodedArgs, EventPacket, PacketWriter, encode, is_unit,
};

use super::ack::AckCell;
use super::catch_unwind::{BodyEnd, BodyLimits, panic_text, run_body, run_sync};
use super::event_info::EventInfo;
use super::instance::Instance;
use crate::gateway::declare::descriptor::{EventKind, HandlerInfo};
use crate::gateway::error::EventError;
use crate::logging::{Untrusted, log_limited};
use crate::socket::internal_error::FailurePlace;
use crate::socket::{DisconnectReason, Reject, Socket};

/// A call that is still running.
pub(crate) type PendingCall = Pin<Box<dyn Future<Output = CompletedCall> + Send>>;

/// A call that was started: completed, or still running.
pub enum CallState {
    /// The call has completed.
    Done(CompletedCall),
    /// The call is running: poll the future.
    Pending(PendingCall),
}

impl CallState {
    /// Waits until the call has completed.
    pub(in crate::gateway) async fn finish(self) -> CompletedCall {
        match self {
            Self::Done(completed) => completed,
            Self::Pending(call) => call.await,
        }
    }
}

/// A completed call. It returns the controller and the context, which contains the outcome.
pub struct CompletedCall {
    pub(crate) instance: Instance,
    pub(crate) cx: Box<CallContext>,
}

impl CompletedCall {
    /// Completes a call with the result of the handler's body.
    pub fn new(instance: Instance, mut cx: Box<CallContext>, result: CallResult) -> Self {
        let outcome = cx.finish(result);
        cx.set_outcome(outcome);
        Self { instance, cx }
    }

    /// Completes a call with an outcome.
    pub(crate) fn with_outcome(
        instance: Instance,
        mut cx: Box<CallContext>,
        outcome: Outcome,
    ) -> Self {
        cx.set_outcome(outcome);
        Self { instance, cx }
    }

    /// Takes the outcome; `Outcome::Unit` remains.
    pub(crate) fn take_outcome(&mut self) -> Outcome {
        std::mem::take(&mut self.cx.outcome)
    }
}

/// The outcome of a handler, as far as the acknowledgement needs it. It is moved several times for
/// each event. Large values that are rare are therefore boxed.
#[derive(Default)]
pub enum Outcome {
    /// The handler returned `()`.
    #[default]
    Unit,
    /// `None`: the handler returned a value, but the client requested no acknowledgement, so the
    /// value was not encoded. `Some`: an interceptor returned this value.
    Value(Option<Box<EncodedArgs>>),
    /// The handler returned a value: the encoded acknowledgement.
    Answer(PacketWriter),
    /// The handler took the [`Ack`](super::ack::Ack), or the value that it returned has been sent
    /// already.
    Taken,
    /// The handler failed.
    Failed(EventError),
    /// The handler rejects the client. This is possible at connect only.
    Rejected(Box<Reject>),
}

impl Outcome {
    /// The error of a failure or of a rejection.
    pub(crate) fn into_error(self) -> Option<EventError> {
        match self {
            Self::Rejected(reject) => Some((*reject).into()),
            Self::Failed(error) => Some(error),
            Self::Unit | Self::Value(_) | Self::Answer(_) | Self::Taken => None,
        }
    }

    pub(crate) fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Rejected(_))
    }

    /// Whether the outcome contains nothing to send.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Unit | Self::Value(None) | Self::Taken)
    }
}

/// The context of a call: the socket, the event, and the source of injected values.
///
/// Types that implement [`FromContext`](crate::extract::FromContext) read it.
pub struct CallContext {
    pub(crate) socket: Socket,
    pub(crate) values: InjectionSource,
    pub(crate) handler: &'static str,
    pub(crate) trigger: Trigger,
    /// The acknowledgement that the handler may take as an `Ack`. `None` if the handler takes none
    /// or the client requested none.
    pub(crate) ack: Option<Arc<AckCell>>,
    /// The cell of an earlier acknowledgement, for [`AckCell::recycled`].
    pub(crate) recycled_ack: Option<Arc<AckCell>>,
    /// The handler's timeout. `None`: no limit.
    pub(crate) timeout: Option<Duration>,
    /// Set when no interceptor awaits the handler any more, so that its body is dropped. `None` if
    /// the call has no interceptors.
    pub(crate) cancelled: Option<Arc<AtomicBool>>,
    /// The outcome, once the call has completed.
    pub(crate) outcome: Outcome,
    /// Whether the handler is the event's only one, does not suspend, and has no interceptors. The
    /// value that it returns is then sent immediately.
    pub(crate) is_sole_handler: bool,
    /// Whether the returned value has been sent.
    pub(crate) is_answered: AtomicBool,
}

/// The source of injected values.
pub(crate) enum InjectionSource {
    /// The socket's scope, as the controller at this position of the scope sees it.
    Scope(Arc<OpenScope>, usize),
    /// The singletons, for functions that belong to no controller.
    Container(Container),
}

/// The arguments of a call that has none.
static NO_ARGUMENTS: LazyLock<Args> = LazyLock::new(Args::default);

/// Why a handler is called.
pub(crate) enum Trigger {
    Connect,
    Disconnect(DisconnectReason),
    Event(ActiveEvent),
    Error(Box<Failure>),
}

/// A failure, as `#[on_error]` receives it.
pub(crate) struct Failure {
    pub(crate) error: EventError,
    pub(crate) event: EventInfo,
}

impl CallContext {
    /// The socket for which the handler is called.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// The event's name. It is `connect` in `connect` handlers and `disconnect` in `disconnect`
    /// handlers. In `#[on_error]` it is the name of the event that failed.
    pub fn event_name(&self) -> &str {
        match &self.trigger {
            Trigger::Connect => EventKind::Connect.name(),
            Trigger::Disconnect(_) => EventKind::Disconnect.name(),
            Trigger::Event(event) => event.name(),
            Trigger::Error(failure) => failure.event.name(),
        }
    }

    /// The event's arguments, not decoded. They are empty at connect and at disconnect.
    pub fn args(&self) -> &Args {
        match &self.trigger {
            Trigger::Event(event) => event.args(),
            Trigger::Error(failure) => failure.event.args(),
            Trigger::Connect | Trigger::Disconnect(_) => &NO_ARGUMENTS,
        }
    }

    /// A value of the socket's scope, or a singleton, as `Inject<T>` extracts it. `None` if the
    /// container does not provide it, or if no parameter has declared that it injects the value.
    pub fn inject<V: Clone + Send + Sync + 'static>(&self) -> Option<V> {
        match &self.values {
            InjectionSource::Scope(scope, position) => scope.get::<V>(*position),
            InjectionSource::Container(container) => container.get::<V>(),
        }
    }

    /// A cursor over the arguments, for the macros' expansions.
    #[doc(hidden)]
    #[inline]
    pub fn arguments(&self) -> Arguments<'_> {
        match &self.trigger {
            Trigger::Event(event) => event.args().arguments(),
            _ => NO_ARGUMENTS.arguments(),
        }
    }

    /// Prepares the context for a call of another handler of the same event.
    #[inline]
    pub(crate) fn retarget(&mut self, position: usize, handler: Option<&'static HandlerInfo>) {
        if let InjectionSource::Scope(_, at) = &mut self.values {
            *at = position;
        }
        self.handler = handler.map_or("", |handler| handler.method);
        self.timeout = handler.and_then(|handler| handler.timeout);
        self.clear_ack();
        self.cancelled = None;
    }

    /// Sets the event for which handlers are called.
    #[inline]
    pub(crate) fn with_event(mut self: Box<Self>, event: EventPacket) -> Box<Self> {
        self.trigger = Trigger::Event(event.open());
        self
    }

    /// Sets the outcome of the call.
    #[inline]
    pub(in crate::gateway) fn set_outcome(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }

    /// Releases the event, and resets what was set for it.
    #[inline]
    pub(crate) fn clear(&mut self) {
        if let Trigger::Event(event) = std::mem::replace(&mut self.trigger, Trigger::Connect) {
            event.recycle();
        }
        self.clear_ack();
        self.cancelled = None;
        self.is_sole_handler = false;
        *self.is_answered.get_mut() = false;
    }

    #[inline]
    fn clear_ack(&mut self) {
        if let Some(ack) = self.ack.take() {
            self.recycled_ack = Some(ack);
        }
    }

    /// Prepares the `Ack` of the next handler, if the client requested an acknowledgement.
    pub(crate) fn prepare_ack(&mut self) {
        let Some(id) = self.requested_ack() else {
            return;
        };
        let earlier = self.recycled_ack.take();
        self.ack = Some(AckCell::recycled(earlier, &self.socket, id));
    }

    /// The event, for error filters, error handlers, interceptors and subscribers.
    pub(crate) fn event_info(&self) -> EventInfo {
        EventInfo::new(self.event_name(), self.args().clone())
    }

    /// The id of the acknowledgement that the client requested.
    #[inline]
    pub(crate) fn requested_ack(&self) -> Option<u64> {
        match &self.trigger {
            Trigger::Event(event) => event.id(),
            _ => None,
        }
    }

    /// Whether the client requested an acknowledgement.
    pub(crate) fn wants_ack(&self) -> bool {
        self.requested_ack().is_some()
    }

    /// Encodes the value that a handler returned, and sends it immediately if this is the event's
    /// only handler.
    pub(crate) fn encode<T: Serialize>(&self, value: &T) -> Result<Outcome, EventError> {
        if is_unit(value) {
            return Ok(Outcome::Unit);
        }
        let Some(id) = self.requested_ack() else {
            return Ok(Outcome::Value(None));
        };
        if self.is_sole_handler && self.ack.is_none() {
            self.socket.send_ack(id, value)?;
            // Set immediately: no second acknowledgement may be sent if dropping the value or the
            // arguments panics.
            self.is_answered.store(true, Ordering::Relaxed);
            return Ok(Outcome::Taken);
        }
        let packet = encode::outgoing_ack(self.socket.hub().destination(), id, value)?;
        Ok(Outcome::Answer(packet))
    }

    /// The place of a failure of this call, for the log.
    pub(crate) fn place(&self) -> FailurePlace<'_> {
        FailurePlace {
            socket: &self.socket,
            event: self.event_name(),
            handler: match self.handler {
                "" => "a subscriber",
                method => method,
            },
        }
    }

    /// Converts the result of the handler's body to the outcome.
    pub(crate) fn finish(&self, result: CallResult) -> Outcome {
        let taken = self.ack.as_ref().is_some_and(|ack| ack.is_taken());
        let error = match result {
            BodyEnd::Returned(Ok(outcome)) if !taken => return outcome,
            BodyEnd::Returned(Ok(_)) => return Outcome::Taken,
            BodyEnd::Returned(Err(mut error)) => {
                error.report_at(self.place());
                error
            }
            BodyEnd::Panicked(payload) => EventError::panicked(panic_text(&*payload), self.place()),
            BodyEnd::TimedOut => {
                let FailurePlace {
                    socket,
                    event,
                    handler,
                } = self.place();
                log_limited!(
                    WARN, key = handler, target: "specter::gateway",
                    namespace = socket.hub().name(), event = ?Untrusted(event), handler,
                    socket = %socket.id(), timeout = ?self.timeout,
                    "a handler exceeded its `timeout` and was dropped"
                );
                EventError::new("timed out").with_code("timeout")
            }
            BodyEnd::Cancelled => EventError::new("cancelled").with_code("cancelled"),
        };
        Outcome::Failed(error)
    }
}

/// How a handler's body ended, with its return value.
pub type CallResult = BodyEnd<Result<Outcome, EventError>>;

/// Runs the body of a handler that may suspend, as the macros' expansions do.
pub async fn catch<F: Future<Output = Result<Outcome, EventError>>>(
    cx: &CallContext,
    body: F,
) -> CallResult {
    run_body(cx, body).await
}

/// Runs the body of a handler that does not suspend, as the macros' expansions do.
pub fn catch_sync(body: impl FnOnce() -> Result<Outcome, EventError>) -> CallResult {
    run_sync(body)
}

impl BodyLimits for CallContext {
    fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    fn is_cancelled(&self) -> bool {
        let cancelled = self.cancelled.as_ref();
        cancelled.is_some_and(|cancelled| cancelled.load(Ordering::Acquire))
    }

    fn is_abandoned(&self) -> bool {
        self.socket.is_abandoned()
    }
}

/// Boxes a running call.
pub fn pending<F: Future<Output = CompletedCall> + Send + 'static>(call: F) -> CallState {
    CallState::Pending(Box::pin(call))
}

/// Runs a call on tokio's pool of threads for blocking code.
pub fn blocking(call: impl FnOnce() -> CompletedCall + Send + 'static) -> CallState {
    let running = tokio::task::spawn_blocking(call);
    CallState::Pending(Box::pin(async move {
        match running.await {
            Ok(completed) => completed,
            // The call itself catches panics. An error therefore means that the runtime is shutting
            // down, and that this future is not polled again.
            Err(_) => std::future::pending().await,
        }
    }))
}
