//! Interceptors, which run around a handler.
//!
//! Each interceptor of a call costs one boxed future. A call without interceptors costs one check
//! of an empty list.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use serde::Serialize;
use specter_proto::socketio::encode;

use crate::gateway::dispatch::call_context::Outcome;
use crate::gateway::dispatch::catch_unwind::{catch_panic, panic_text};
use crate::gateway::dispatch::event_info::EventInfo;
use crate::gateway::error::EventError;
use crate::socket::Socket;
use crate::socket::internal_error::FailurePlace;

/// Runs around the handlers of the App, a module, a controller or an event, and may replace their
/// call. An interceptor is an injectable singleton.
///
/// Interceptors run after the guards, around the decoding of arguments and the handler. Those of
/// the App are the outermost, followed by those of the module, the controller and the event. They
/// run at `connect`, where an error rejects the client, and at events, but not at `disconnect` or
/// `#[on_error]`. If the future of `next.run()` is dropped, the handler's body is dropped; the
/// controller stays alive.
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
    /// Calls `next.run()`, or returns an outcome of its own without calling the handler.
    ///
    /// # Errors
    /// The event fails with the error. At connect it rejects the client.
    fn intercept(
        &self,
        cx: &InterceptContext<'_>,
        next: Next<'_>,
    ) -> impl Future<Output = Result<HandlerOutcome, EventError>> + Send;
}

/// The call that an interceptor runs around.
#[derive(Debug)]
pub struct InterceptContext<'a> {
    pub(in crate::gateway) socket: &'a Socket,
    pub(in crate::gateway) event: &'a EventInfo,
    pub(in crate::gateway) controller: &'static str,
    pub(in crate::gateway) method: &'static str,
}

impl InterceptContext<'_> {
    /// The socket that connects or has sent the event.
    pub fn socket(&self) -> &Socket {
        self.socket
    }

    /// The event with its arguments. Its name is `connect` at connect.
    pub fn event(&self) -> &EventInfo {
        self.event
    }

    /// The type name of the controller. For a subscriber, the type name of its event handler, or
    /// `SocketIngress` if it has none.
    pub fn controller(&self) -> &'static str {
        self.controller
    }

    /// The name of the method, or `a subscriber`.
    pub fn method(&self) -> &'static str {
        self.method
    }
}

/// The outcome of a handler that succeeded: the acknowledgement's data, or nothing. At connect the
/// data is ignored.
pub struct HandlerOutcome(Outcome);

impl HandlerOutcome {
    /// An outcome without data.
    pub fn nothing() -> Self {
        Self(Outcome::Unit)
    }

    /// An outcome with data, encoded as a handler's return value is: `()` is no data, a tuple is
    /// several arguments, anything else is one argument.
    ///
    /// # Errors
    /// The data cannot be serialized.
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

/// The rest of the call: the remaining interceptors and the handler.
#[must_use = "the handler does not run unless `run` is called"]
pub struct Next<'a> {
    rest: &'a [Arc<dyn ErasedInterceptor>],
    cx: &'a InterceptContext<'a>,
    call: &'a mut dyn Innermost,
}

/// The call of the handler, which runs inside of the last interceptor.
pub(in crate::gateway) trait Innermost: Send {
    /// Starts the call, or continues it. It must not be polled again once it is ready.
    fn poll_outcome(&mut self, cx: &mut Context<'_>) -> Poll<Outcome>;
}

impl Next<'_> {
    /// Runs the remaining interceptors and the handler.
    ///
    /// # Errors
    /// The error of an inner interceptor, of an argument or of the handler.
    pub async fn run(self) -> Result<HandlerOutcome, EventError> {
        let Self { rest, cx, call } = self;
        match rest.split_first() {
            Some((first, rest)) => first.intercept_boxed(cx, Next { rest, cx, call }).await,
            None => into_result(poll_fn(|cx| call.poll_outcome(cx)).await),
        }
    }
}

/// A type-erased interceptor.
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

/// Runs interceptors around a call.
pub(in crate::gateway) async fn intercept(
    interceptors: &[Arc<dyn ErasedInterceptor>],
    cx: &InterceptContext<'_>,
    call: &mut dyn Innermost,
) -> Outcome {
    let next = Next {
        rest: interceptors,
        cx,
        call,
    };
    let place = FailurePlace {
        socket: cx.socket,
        event: cx.event.name(),
        handler: "an interceptor",
    };
    match catch_panic(next.run()).await {
        Ok(Ok(HandlerOutcome(outcome))) => outcome,
        Ok(Err(mut error)) => {
            error.report_at(place);
            Outcome::Failed(error)
        }
        Err(payload) => Outcome::Failed(EventError::panicked(panic_text(&*payload), place)),
    }
}

fn into_result(outcome: Outcome) -> Result<HandlerOutcome, EventError> {
    match outcome {
        Outcome::Failed(error) => Err(error),
        Outcome::Rejected(reject) => Err((*reject).into()),
        outcome => Ok(HandlerOutcome(outcome)),
    }
}
