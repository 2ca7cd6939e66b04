//! The context of one call of a handler: what the handler is called with, and the outcome.
//!
//! Where a handler may suspend, the controller moves into the call and returns with the outcome;
//! the future costs one allocation. Other handlers are called in place, without an allocation.

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
use super::catch_unwind::{BodyEnd, Watch, panic_text, run_caught, watch};
use super::event_info::EventInfo;
use super::instance::Instance;
use super::invoke::wrong_instance;
use crate::gateway::declare::descriptor::{EventKind, HandlerInfo};
use crate::gateway::error::EventError;
use crate::logging::log_limited;
use crate::socket::{DisconnectReason, Reject, Socket};

/// A boxed call under way.
pub(crate) type PendingCall = Pin<Box<dyn Future<Output = CompletedCall> + Send>>;

/// How a call went, or that it goes on.
pub enum CallState {
    /// It is over.
    Done(CompletedCall),
    /// It goes on: poll it.
    Pending(PendingCall),
}

impl CallState {
    /// Waits for the end of the call.
    pub(in crate::gateway) async fn finish(self) -> CompletedCall {
        match self {
            Self::Done(completed) => completed,
            Self::Pending(call) => call.await,
        }
    }
}

/// A call that is over: what went into it, and in the context what came of it.
pub struct CompletedCall {
    pub(crate) instance: Instance,
    pub(crate) cx: Box<CallContext>,
}

impl CompletedCall {
    /// The end of a handler's body.
    pub fn new(instance: Instance, mut cx: Box<CallContext>, called: CallResult) -> Self {
        let outcome = cx.finish(called);
        cx.put_outcome(outcome);
        Self { instance, cx }
    }

    /// The end with this outcome.
    pub(crate) fn with(instance: Instance, mut cx: Box<CallContext>, outcome: Outcome) -> Self {
        cx.put_outcome(outcome);
        Self { instance, cx }
    }

    /// Takes what came of it.
    pub(crate) fn take_outcome(&mut self) -> Outcome {
        std::mem::take(&mut self.cx.outcome)
    }
}

/// What a handler's end means for the acknowledgement. Handed on several times for each event: what
/// is rare and large is boxed.
#[derive(Default)]
pub enum Outcome {
    /// It returned nothing to answer with.
    #[default]
    Unit,
    /// It returned a value that nobody wants, or, of an interceptor, one for which it is not known
    /// who does.
    Value(Option<Box<EncodedArgs>>),
    /// It returned a value: the acknowledgement with it.
    Answer(PacketWriter),
    /// It took the acknowledgement upon itself, or what it returned was sent.
    Taken,
    /// It failed.
    Failed(EventError),
    /// It refuses the client: at connect only.
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

    /// Whether it holds nothing that must be sent.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Unit | Self::Value(None) | Self::Taken)
    }
}

/// The context of a call: the socket, the occasion, and the source of injected values.
///
/// Types that implement [`FromContext`](crate::extract::FromContext) read it.
pub struct CallContext {
    pub(crate) socket: Socket,
    pub(crate) values: InjectionSource,
    pub(crate) handler: &'static str,
    pub(crate) cause: Trigger,
    /// The acknowledgement of a handler that answers itself, where the client asked for one.
    pub(crate) ack: Option<Arc<AckCell>>,
    /// The acknowledgement of an earlier call, which is used again if nobody else holds it.
    pub(crate) recycled_ack: Option<Arc<AckCell>>,
    /// The handler's timeout.
    pub(crate) limit: Option<Duration>,
    /// Set when nobody awaits the handler any more.
    pub(crate) cancelled: Option<Arc<AtomicBool>>,
    /// The outcome of the call, after it has ended.
    pub(crate) outcome: Outcome,
    /// This handler alone decides on the answer, and nothing waits for the outcome: a returned
    /// value is sent at once.
    pub(crate) is_sole_handler: bool,
    /// The returned value was sent.
    pub(crate) is_answered: AtomicBool,
}

/// Where injected values come from.
pub(crate) enum InjectionSource {
    /// The socket's scope, as the controller at this position sees it.
    Scope(Arc<OpenScope>, usize),
    /// The singletons, for functions that belong to no controller.
    Container(Container),
}

/// The arguments of a call that has none.
static NO_ARGUMENTS: LazyLock<Args> = LazyLock::new(Args::default);

/// The occasion of a call.
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
    /// The socket.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// The event's name; `connect` and `disconnect` for those.
    pub fn event_name(&self) -> &str {
        match &self.cause {
            Trigger::Connect => EventKind::Connect.name(),
            Trigger::Disconnect(_) => EventKind::Disconnect.name(),
            Trigger::Event(event) => event.name(),
            Trigger::Error(failure) => failure.event.name(),
        }
    }

    /// The event's arguments, unread; none at connect and disconnect.
    pub fn args(&self) -> &Args {
        match &self.cause {
            Trigger::Event(event) => event.args(),
            Trigger::Error(failure) => failure.event.args(),
            Trigger::Connect | Trigger::Disconnect(_) => &NO_ARGUMENTS,
        }
    }

    /// A value of the socket's scope, or a singleton, as `Inject<T>` extracts it. `None` where no
    /// handler declared it.
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
        match &self.cause {
            Trigger::Event(event) => event.args().arguments(),
            _ => NO_ARGUMENTS.arguments(),
        }
    }

    /// Prepares the context for a call of another handler on the same occasion.
    #[inline]
    pub(crate) fn retarget(&mut self, position: usize, handler: Option<&'static HandlerInfo>) {
        if let InjectionSource::Scope(_, at) = &mut self.values {
            *at = position;
        }
        self.handler = handler.map_or("", |handler| handler.method);
        self.limit = handler.and_then(|handler| handler.timeout);
        self.clear_ack();
        self.cancelled = None;
    }

    /// Sets the event.
    #[inline]
    pub(crate) fn with(mut self: Box<Self>, event: EventPacket) -> Box<Self> {
        self.cause = Trigger::Event(event.open());
        self
    }

    /// Runs a handler that does not suspend. `this` is `None` for a controller of another type,
    /// which the wiring rules out.
    #[inline]
    pub(in crate::gateway) fn run<T>(
        &mut self,
        this: Option<T>,
        body: impl FnOnce(T, &Self) -> Result<Outcome, EventError>,
    ) {
        let outcome = match this {
            Some(this) => {
                let result = catch_sync(|| body(this, self));
                self.finish(result)
            }
            None => Outcome::Failed(wrong_instance(self)),
        };
        self.put_outcome(outcome);
    }

    /// Stores the outcome of the call.
    #[inline]
    pub(in crate::gateway) fn put_outcome(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }

    /// Releases what belongs to the event.
    #[inline]
    pub(crate) fn clear(&mut self) {
        if let Trigger::Event(event) = std::mem::replace(&mut self.cause, Trigger::Connect) {
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

    /// Provides an acknowledgement for the handler to take, if the client asked for one.
    pub(crate) fn offer_ack(&mut self) {
        let Some(id) = self.wanted_ack() else { return };
        let spare = self.recycled_ack.take();
        self.ack = Some(AckCell::renewed(spare, &self.socket, id));
    }

    pub(crate) fn info(&self) -> EventInfo {
        EventInfo::new(self.event_name(), self.args().clone())
    }

    /// The id of the acknowledgement that the client asked for.
    #[inline]
    pub(crate) fn wanted_ack(&self) -> Option<u64> {
        match &self.cause {
            Trigger::Event(event) => event.id(),
            _ => None,
        }
    }

    /// Whether the client wants an acknowledgement.
    pub(crate) fn wants_ack(&self) -> bool {
        self.wanted_ack().is_some()
    }

    /// Encodes the value that a handler returned, and sends it if this handler alone decides on the
    /// answer.
    pub(crate) fn encode<T: Serialize>(&self, value: &T) -> Result<Outcome, EventError> {
        if is_unit(value) {
            return Ok(Outcome::Unit);
        }
        let Some(id) = self.wanted_ack() else {
            return Ok(Outcome::Value(None));
        };
        if self.is_sole_handler && self.ack.is_none() {
            self.socket.send_ack(id, value)?;
            // The handler may still panic, when its value or its arguments are dropped.
            self.is_answered.store(true, Ordering::Relaxed);
            return Ok(Outcome::Taken);
        }
        let packet = encode::outgoing_ack(self.socket.hub().destination(), id, value)?;
        Ok(Outcome::Answer(packet))
    }

    /// The outcome of a body's end.
    pub(crate) fn finish(&self, called: CallResult) -> Outcome {
        let taken = self.ack.as_ref().is_some_and(|ack| ack.is_taken());
        let error = match called {
            BodyEnd::Returned(Ok(outcome)) if !taken => return outcome,
            BodyEnd::Returned(Ok(_)) => return Outcome::Taken,
            BodyEnd::Returned(Err(error)) => error,
            BodyEnd::Panicked(payload) => EventError::panicked(panic_text(&*payload), self.handler),
            BodyEnd::TimedOut => {
                log_limited!(
                    WARN, key = self.handler, target: "specter::gateway", handler = self.handler,
                    limit = ?self.limit, "a handler was not done in time, and was dropped"
                );
                EventError::new("timed out").with_code("timeout")
            }
            BodyEnd::Cancelled => EventError::new("cancelled").with_code("cancelled"),
        };
        Outcome::Failed(error)
    }
}

/// The end of a handler's body, with what it returned.
pub type CallResult = BodyEnd<Result<Outcome, EventError>>;

/// Runs the body of a handler that may suspend, as the macros' expansions do.
pub async fn catch<F: Future<Output = Result<Outcome, EventError>>>(
    cx: &CallContext,
    body: F,
) -> CallResult {
    watch(cx, body).await
}

/// Runs the body of a handler that does not suspend, as the macros' expansions do.
pub fn catch_sync(body: impl FnOnce() -> Result<Outcome, EventError>) -> CallResult {
    run_caught(body)
}

impl Watch for CallContext {
    fn limit(&self) -> Option<Duration> {
        self.limit
    }

    fn is_cancelled(&self) -> bool {
        let cancelled = self.cancelled.as_ref();
        cancelled.is_some_and(|cancelled| cancelled.load(Ordering::Acquire))
    }

    fn is_abandoned(&self) -> bool {
        self.socket.is_abandoned()
    }
}

/// A call that has not ended.
pub fn pending<F: Future<Output = CompletedCall> + Send + 'static>(call: F) -> CallState {
    CallState::Pending(Box::pin(call))
}

/// A call on the blocking pool. The pool's threads are tokio's.
pub fn blocking(call: impl FnOnce() -> CompletedCall + Send + 'static) -> CallState {
    let running = tokio::task::spawn_blocking(call);
    CallState::Pending(Box::pin(async move {
        match running.await {
            Ok(done) => done,
            // Panics are caught inside: the runtime shuts down, and nobody polls this again.
            Err(_) => std::future::pending().await,
        }
    }))
}
