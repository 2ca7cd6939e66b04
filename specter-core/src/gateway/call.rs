//! One call of one handler: what it is called with, and what comes back.
//!
//! The controller moves into the call and returns with the outcome. A handler that suspends costs one allocation, its
//! future; one that does not costs none.

use std::any::Any;
use std::future::Future;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use serde::Serialize;
use specter_di::{Container, Scoped};
use specter_proto::socket::{Args, Arguments, EncodedArgs, EventPacket, Outgoing, encode};
use tokio::time::Sleep;

use super::ack::AckCell;
use super::error::EventError;
use super::event::EventInfo;
use super::info::{EventKind, HandlerInfo};
use crate::socket::{DisconnectReason, Reject, Socket};

/// A boxed call under way.
pub(crate) type PendingCall = Pin<Box<dyn Future<Output = Ended> + Send>>;

/// A controller between two calls.
pub enum Instance {
    /// One handler at a time has it, some by `&mut self`.
    Exclusive(Box<dyn Any + Send>),
    /// Handlers run beside each other on it.
    Shared(Arc<dyn Any + Send + Sync>),
}

impl Instance {
    /// Gives an exclusive controller back.
    pub fn from_exclusive<C: Send + 'static>(this: Box<C>) -> Self {
        Self::Exclusive(this)
    }
}

/// What holds a controller during a call of a `&self` handler.
pub trait Holder<C>: Deref<Target = C> + Send + 'static {
    /// Gives it back.
    fn into_instance(self) -> Instance;
}

impl<C: Send + 'static> Holder<C> for Box<C> {
    fn into_instance(self) -> Instance {
        Instance::Exclusive(self)
    }
}

impl<C: Send + SharedController + 'static> Holder<C> for Arc<C> {
    fn into_instance(self) -> Instance {
        Instance::Shared(self)
    }
}

/// A controller with handlers that share it, by `&self`. A block's needs for `Sync` are all this one, so that there is
/// one complaint about a controller that is not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not `Sync`, and a handler takes it by `&self`",
    label = "shares the controller",
    note = "let the handlers of this block take `&mut self`: no other handler runs meanwhile, and plain fields need no lock",
    note = "or replace what is not `Sync` in its fields: a `Cell` by an atomic, a `RefCell` by a `Mutex`, an `Rc` by an `Arc`"
)]
pub trait SharedController: Sync {}

#[diagnostic::do_not_recommend]
impl<C: Sync> SharedController for C {}

/// How a call went, or that it goes on.
pub enum Step {
    /// It is over.
    Done(Ended),
    /// It goes on: poll it.
    Pending(PendingCall),
}

/// A call that is over: what went into it, and in the context what came of it.
pub struct Ended {
    pub(crate) instance: Instance,
    pub(crate) cx: Box<CallContext>,
}

impl Ended {
    /// The end of a handler's body.
    pub fn new(instance: Instance, mut cx: Box<CallContext>, called: Called) -> Self {
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

/// What a handler's end means for the acknowledgement.
#[derive(Default)]
pub enum Outcome {
    /// It returned nothing to answer with.
    #[default]
    Unit,
    /// It returned a value that nobody wants, or, of an interceptor, one for which it is not known who does.
    Value(Option<EncodedArgs>),
    /// It returned a value: the acknowledgement with it.
    Answer(Outgoing),
    /// It took the acknowledgement upon itself.
    Taken,
    /// It failed.
    Failed(EventError),
    /// It refuses the client: at connect only.
    Rejected(Reject),
}

impl Outcome {
    pub(crate) fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Rejected(_))
    }

    /// Whether it holds nothing that is to be sent or dropped.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Unit | Self::Value(None) | Self::Taken)
    }
}

/// What a handler is called with: the socket, what happened, and where injected values come from.
///
/// Types that implement [`FromContext`](crate::extract::FromContext) read it.
pub struct CallContext {
    pub(crate) socket: Socket,
    pub(crate) values: Values,
    pub(crate) handler: &'static str,
    pub(crate) cause: Cause,
    /// For a handler that answers itself, where an answer is wanted.
    pub(crate) ack: Option<Arc<AckCell>>,
    /// That of an earlier call: nobody else has it any more, as a rule.
    pub(crate) spare_ack: Option<Arc<AckCell>>,
    /// How long the handler may take.
    pub(crate) limit: Option<Duration>,
    /// Set when nobody waits for the handler any more.
    pub(crate) cancelled: Option<Arc<AtomicBool>>,
    /// What came of the call, once it is over.
    pub(crate) outcome: Outcome,
}

/// Where injected values come from.
pub(crate) enum Values {
    /// The socket's scope, as the controller at this place of it sees it.
    Scope(Arc<Scoped>, usize),
    /// The singletons, for what belongs to no controller.
    Container(Container),
}

/// What there is to read where nothing was sent.
static NO_ARGUMENTS: LazyLock<Args> = LazyLock::new(Args::default);

/// Why a handler is called.
pub(crate) enum Cause {
    Connect,
    Disconnect(DisconnectReason),
    Event(EventPacket),
    Error(Box<Failure>),
}

/// What `#[on_error]` is called with.
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
            Cause::Connect => EventKind::Connect.name(),
            Cause::Disconnect(_) => EventKind::Disconnect.name(),
            Cause::Event(event) => event.name(),
            Cause::Error(failure) => failure.event.name(),
        }
    }

    /// The event's arguments, unread; none at connect and disconnect.
    pub fn args(&self) -> Args {
        match &self.cause {
            Cause::Event(event) => event.raw_args(),
            Cause::Error(failure) => failure.event.args().clone(),
            Cause::Connect | Cause::Disconnect(_) => Args::default(),
        }
    }

    /// A value of the socket's scope, or a singleton: what `Inject<T>` is made of. `None` where it was not declared.
    pub fn inject<V: Clone + Send + Sync + 'static>(&self) -> Option<V> {
        match &self.values {
            Values::Scope(scope, position) => scope.get::<V>(*position),
            Values::Container(container) => container.get::<V>(),
        }
    }

    /// A cursor over the arguments. Never used by hand.
    #[doc(hidden)]
    #[inline]
    pub fn arguments(&self) -> Arguments<'_> {
        match &self.cause {
            Cause::Event(event) => event.args(),
            _ => NO_ARGUMENTS.arguments(),
        }
    }

    /// Prepares it for a call of another handler, for the same cause.
    #[inline]
    pub(crate) fn aim(&mut self, position: usize, handler: Option<&'static HandlerInfo>) {
        if let Values::Scope(_, at) = &mut self.values {
            *at = position;
        }
        self.handler = handler.map_or("", |handler| handler.method);
        self.limit = handler.and_then(|handler| handler.timeout);
        self.clear_ack();
        self.cancelled = None;
    }

    /// For this event.
    #[inline]
    pub(crate) fn with(mut self: Box<Self>, event: EventPacket) -> Box<Self> {
        self.cause = Cause::Event(event);
        self
    }

    /// Says what came of the call.
    #[inline]
    fn put_outcome(&mut self, outcome: Outcome) {
        if self.outcome.is_empty() {
            // To ask costs less than to drop it.
            std::mem::forget(std::mem::replace(&mut self.outcome, outcome));
        } else {
            self.outcome = outcome;
        }
    }

    /// Lets go of what belongs to the event that it was for.
    #[inline]
    pub(crate) fn clear(&mut self) {
        if let Cause::Event(event) = std::mem::replace(&mut self.cause, Cause::Connect) {
            event.recycle();
        }
        self.clear_ack();
        self.cancelled = None;
    }

    #[inline]
    fn clear_ack(&mut self) {
        if let Some(ack) = self.ack.take() {
            self.spare_ack = Some(ack);
        }
    }

    /// Puts an acknowledgement there for the handler to take.
    pub(crate) fn offer_ack(&mut self) {
        let Some(id) = self.wanted_ack() else { return };
        let spare = self.spare_ack.take();
        self.ack = Some(AckCell::renewed(spare, &self.socket, id));
    }

    pub(crate) fn info(&self) -> EventInfo {
        EventInfo::new(self.event_name(), self.args())
    }

    /// Under which id the client wants an answer from the return value.
    #[inline]
    pub(crate) fn wanted_ack(&self) -> Option<u64> {
        match &self.cause {
            Cause::Event(event) => event.id(),
            _ => None,
        }
    }

    /// Encodes a handler's value.
    pub(crate) fn encode<T: Serialize>(&self, value: &T) -> Result<Outcome, EventError> {
        if super::unit::is_unit(value) {
            return Ok(Outcome::Unit);
        }
        let Some(id) = self.wanted_ack() else {
            return Ok(Outcome::Value(None));
        };
        let packet = encode::outgoing_ack(self.socket.hub().name(), id, value)?;
        Ok(Outcome::Answer(packet))
    }

    /// What a call's end means.
    pub(crate) fn finish(&self, called: Called) -> Outcome {
        let taken = self.ack.as_ref().is_some_and(|ack| ack.is_taken());
        let error = match called {
            Called::Returned(Ok(outcome)) if !taken => return outcome,
            Called::Returned(Ok(_)) => return Outcome::Taken,
            Called::Returned(Err(error)) => error,
            Called::Panicked(payload) => EventError::panicked(panic_text(&*payload), self.handler),
            Called::TimedOut => {
                tracing::warn!(target: "specter::gateway", handler = self.handler, limit = ?self.limit, "a handler was not done in time, and was dropped");
                EventError::new("timed out").with_code("timeout")
            }
            Called::Cancelled => EventError::new("cancelled").with_code("cancelled"),
        };
        Outcome::Failed(error)
    }

    fn is_cancelled(&self) -> bool {
        let cancelled = self.cancelled.as_ref();
        cancelled.is_some_and(|cancelled| cancelled.load(Ordering::Acquire))
    }
}

/// The end of a handler's body.
pub enum Called {
    /// It returned.
    Returned(Result<Outcome, EventError>),
    /// It panicked, with this payload.
    Panicked(Box<dyn Any + Send>),
    /// It took longer than it may, and was dropped.
    TimedOut,
    /// Nobody waited for it any more, and it was dropped.
    Cancelled,
}

pub(super) fn panic_text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no text)")
}

/// Runs a handler's body, catching its panic. The body alone is dropped when its time is over: the controller stays.
pub async fn catch<F: Future<Output = Result<Outcome, EventError>>>(
    cx: &CallContext,
    body: F,
) -> Called {
    Watched {
        body: Some(CatchUnwind { body }),
        cx,
        deadline: None,
    }
    .await
}

pin_project_lite::pin_project! {
    struct Watched<'a, F> {
        #[pin]
        body: Option<CatchUnwind<F>>,
        cx: &'a CallContext,
        deadline: Option<Pin<Box<Sleep>>>,
    }
}

impl<F: Future<Output = Result<Outcome, EventError>>> Future for Watched<'_, F> {
    type Output = Called;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Called> {
        let mut this = self.project();
        if this.cx.is_cancelled() {
            return Poll::Ready(dropped(this.body, Called::Cancelled));
        }
        match this.body.as_mut().as_pin_mut().map(|body| body.poll(cx)) {
            Some(Poll::Ready(Ok(returned))) => return Poll::Ready(Called::Returned(returned)),
            Some(Poll::Ready(Err(payload))) => return Poll::Ready(Called::Panicked(payload)),
            Some(Poll::Pending) | None => {}
        }
        let Some(limit) = this.cx.limit else {
            return Poll::Pending;
        };
        let deadline = this
            .deadline
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        ready!(deadline.as_mut().poll(cx));
        Poll::Ready(dropped(this.body, Called::TimedOut))
    }
}

/// Drops a body that did not end; what it holds may panic.
fn dropped<F>(mut body: Pin<&mut Option<F>>, called: Called) -> Called {
    catch_unwind(AssertUnwindSafe(|| body.set(None))).map_or_else(Called::Panicked, |()| called)
}

/// The same for one that does not suspend.
pub fn catch_sync(body: impl FnOnce() -> Result<Outcome, EventError>) -> Called {
    catch_unwind(AssertUnwindSafe(body)).map_or_else(Called::Panicked, Called::Returned)
}

/// Runs a future, catching its panic.
pub(super) async fn caught<F: Future>(body: F) -> Result<F::Output, Box<dyn Any + Send>> {
    CatchUnwind { body }.await
}

pin_project_lite::pin_project! {
    struct CatchUnwind<F> {
        #[pin]
        body: F,
    }
}

impl<F: Future> Future for CatchUnwind<F> {
    type Output = Result<F::Output, Box<dyn Any + Send>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let body = self.project().body;
        // The controller may be left half changed: documented, and `on_panic = "disconnect"` opts out.
        match catch_unwind(AssertUnwindSafe(|| body.poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => Poll::Ready(Err(payload)),
        }
    }
}

/// A call that goes on.
pub fn pending<F: Future<Output = Ended> + Send + 'static>(call: F) -> Step {
    Step::Pending(Box::pin(call))
}

/// A call on the blocking pool. The pool's threads are tokio's.
pub fn blocking(call: impl FnOnce() -> Ended + Send + 'static) -> Step {
    let running = tokio::task::spawn_blocking(call);
    Step::Pending(Box::pin(async move {
        match running.await {
            Ok(done) => done,
            // Panics are caught inside; this is the runtime's end, and nobody polls further.
            Err(_) => std::future::pending().await,
        }
    }))
}

/// Takes the controller for a handler with `&mut self`; `Err` where the instance is not of this kind, which the wiring rules out.
pub fn exclusive<C: Send + 'static>(instance: Instance) -> Result<Box<C>, WrongInstance> {
    match instance {
        Instance::Exclusive(any) => any
            .downcast()
            .map_err(|any| WrongInstance(Instance::Exclusive(any))),
        shared @ Instance::Shared(_) => Err(WrongInstance(shared)),
    }
}

/// Calls a `&self` handler on whatever holds the controller.
pub fn start_shared<C: Send + SharedController + 'static>(
    instance: Instance,
    id: u16,
    cx: Box<CallContext>,
    boxed: fn(Box<C>, u16, Box<CallContext>) -> Step,
    shared: fn(Arc<C>, u16, Box<CallContext>) -> Step,
) -> Step {
    let wrong = match instance {
        Instance::Exclusive(any) => match any.downcast() {
            Ok(this) => return boxed(this, id, cx),
            Err(any) => Instance::Exclusive(any),
        },
        Instance::Shared(any) => match any.downcast() {
            Ok(this) => return shared(this, id, cx),
            Err(any) => Instance::Shared(any),
        },
    };
    WrongInstance(wrong).into_step(cx)
}

/// An instance that is not of the controller's type, or not held as the handler needs: a fault of the wiring, answered as such.
pub struct WrongInstance(Instance);

impl WrongInstance {
    /// Ends the call with an internal error.
    pub fn into_step(self, cx: Box<CallContext>) -> Step {
        let error = EventError::internal(std::io::Error::other(format!(
            "`{}` was called on another controller",
            cx.handler
        )));
        Step::Done(Ended::with(self.0, cx, Outcome::Failed(error)))
    }
}

impl Step {
    /// A handler id that its block does not know: a fault of the wiring, answered as such.
    pub fn unknown(instance: Instance, cx: Box<CallContext>) -> Self {
        WrongInstance(instance).into_step(cx)
    }
}

/// Makes a controller shareable; the handlers' block that takes `&self` only vouches for `Sync`.
pub fn share<C: Send + SharedController + 'static>(instance: Instance) -> Instance {
    match instance {
        Instance::Exclusive(any) => match any.downcast::<C>() {
            Ok(this) => Instance::Shared(Arc::<C>::from(this)),
            Err(any) => Instance::Exclusive(any),
        },
        shared @ Instance::Shared(_) => shared,
    }
}
