//! The traits of functions and closures that can subscribe. Their parameters are extracted by type,
//! as the parameters of controller methods are.

use std::future::Future;
use std::sync::Arc;

use serde::Serialize;

use crate::extract::FromEvent;
use crate::gateway::declare::controller::Requirements;
use crate::gateway::dispatch::call_context::{CallContext, Outcome, Trigger};
use crate::gateway::dispatch::call_context::{catch, catch_sync};
use crate::gateway::error::{EventError, IntoEventError};
use crate::socket::service::BoxFuture;
use crate::socket::{DisconnectReason, Socket};

/// A subscriber's call that was started: completed, or still running.
pub(crate) enum SubscriberCall {
    Done(Outcome),
    Pending(BoxFuture<Outcome>),
}

impl SubscriberCall {
    /// Waits until the call has completed.
    pub(crate) async fn finish(self) -> Outcome {
        match self {
            Self::Done(outcome) => outcome,
            Self::Pending(call) => call.await,
        }
    }
}

/// A subscriber's function, type-erased.
pub struct ErasedCallback(Box<dyn Fn(CallContext) -> SubscriberCall + Send + Sync>);

impl ErasedCallback {
    pub(super) fn call(&self, cx: CallContext) -> SubscriberCall {
        (self.0)(cx)
    }
}

/// A function that handles an event. It takes up to eight owned parameters, is sync or async, and
/// returns `()` or `Result<T, E>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot handle an event",
    label = "not a function that can be subscribed",
    note = "it takes owned parameters: payloads that derive `serde::Deserialize`, `Socket`, \
        `Args`, `Inject<T>`, or another type that handlers can take",
    note = "it returns `()` or `Result<T, E>`, where `E` is `EventError` or derives \
        `IntoEventError`"
)]
pub trait EventCallback<M>: Send + Sync + 'static {
    #[doc(hidden)]
    fn into_erased(self, requirements: &mut Requirements) -> ErasedCallback;
}

/// A function that is called at a disconnect: `Fn(Socket, DisconnectReason)`, sync or async.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot handle a disconnect",
    label = "not a function that takes a socket and a reason",
    note = "it takes two owned parameters: `|socket: Socket, reason: DisconnectReason| …`",
    note = "it returns `()` or `Result<T, E>`, where `E` is `EventError` or derives \
        `IntoEventError`"
)]
pub trait DisconnectCallback<M>: Send + Sync + 'static {
    #[doc(hidden)]
    fn into_erased(self) -> ErasedCallback;
}

/// What a subscriber may return: `()`, or a `Result` whose `Ok` value acknowledges the event.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a subscriber",
    note = "return `()`, or `Ok::<_, EventError>(value)` to acknowledge with `value`"
)]
pub trait IntoAck {
    #[doc(hidden)]
    fn outcome(self, cx: &CallContext) -> Result<Outcome, EventError>;
}

impl IntoAck for () {
    fn outcome(self, _: &CallContext) -> Result<Outcome, EventError> {
        Ok(Outcome::Unit)
    }
}

impl<T: Serialize, E: IntoEventError> IntoAck for Result<T, E> {
    fn outcome(self, cx: &CallContext) -> Result<Outcome, EventError> {
        match self {
            Ok(value) => cx.encode(&value),
            Err(error) => Err(error.into_event_error()),
        }
    }
}

/// Marks the implementations for sync functions, so that they do not overlap with the async ones.
#[derive(Debug)]
pub struct SyncFunction;
/// Marks the implementations for async functions.
#[derive(Debug)]
pub struct AsyncFunction;

macro_rules! impl_event_callback {
    ($($value:ident: $P:ident $M:ident $label:literal),*) => {
        impl<F, R, $($P, $M),*> EventCallback<(SyncFunction, R, $($P, $M),*)> for F
        where
            F: Fn($($P),*) -> R + Send + Sync + 'static,
            R: IntoAck,
            $($P: for<'a> FromEvent<'a, $M>,)*
        {
            fn into_erased(self, _requirements: &mut Requirements) -> ErasedCallback {
                $($P::requires(_requirements, $label, crate::__location!());)*
                ErasedCallback(Box::new(move |cx| {
                    let result = catch_sync(|| {
                        let mut _arguments = cx.arguments();
                        $(let $value = $P::from_event(&cx, &mut _arguments, $label)?;)*
                        self($($value),*).outcome(&cx)
                    });
                    SubscriberCall::Done(cx.finish(result))
                }))
            }
        }

        impl<F, R, $($P, $M),*> EventCallback<(AsyncFunction, R, $($P, $M),*)> for F
        where
            F: Fn($($P),*) -> R + Send + Sync + 'static,
            R: Future<Output: IntoAck> + Send + 'static,
            $($P: for<'a> FromEvent<'a, $M>,)*
        {
            fn into_erased(self, _requirements: &mut Requirements) -> ErasedCallback {
                $($P::requires(_requirements, $label, crate::__location!());)*
                let function = Arc::new(self);
                ErasedCallback(Box::new(move |cx| {
                    let function = function.clone();
                    SubscriberCall::Pending(Box::pin(async move {
                        let result = catch(&cx, async {
                            let running = {
                                let mut _arguments = cx.arguments();
                                $(let $value = $P::from_event(&cx, &mut _arguments, $label)?;)*
                                function($($value),*)
                            };
                            running.await.outcome(&cx)
                        })
                        .await;
                        cx.finish(result)
                    }))
                }))
            }
        }
    };
}

impl_event_callback!();
impl_event_callback!(a: A MA "1");
impl_event_callback!(a: A MA "1", b: B MB "2");
impl_event_callback!(a: A MA "1", b: B MB "2", c: C MC "3");
impl_event_callback!(a: A MA "1", b: B MB "2", c: C MC "3", d: D MD "4");
impl_event_callback!(a: A MA "1", b: B MB "2", c: C MC "3", d: D MD "4", e: E ME "5");
impl_event_callback!(
    a: A MA "1", b: B MB "2", c: C MC "3", d: D MD "4", e: E ME "5", f: G MG "6"
);
impl_event_callback!(
    a: A MA "1", b: B MB "2", c: C MC "3", d: D MD "4", e: E ME "5", f: G MG "6", g: H MH "7"
);
impl_event_callback!(
    a: A MA "1", b: B MB "2", c: C MC "3", d: D MD "4", e: E ME "5", f: G MG "6", g: H MH "7",
    h: I MI "8"
);

impl<F, R> DisconnectCallback<(SyncFunction, R)> for F
where
    F: Fn(Socket, DisconnectReason) -> R + Send + Sync + 'static,
    R: IntoAck,
{
    fn into_erased(self) -> ErasedCallback {
        ErasedCallback(Box::new(move |cx| {
            let result = catch_sync(|| self(cx.socket.clone(), reason(&cx)).outcome(&cx));
            SubscriberCall::Done(cx.finish(result))
        }))
    }
}

impl<F, R> DisconnectCallback<(AsyncFunction, R)> for F
where
    F: Fn(Socket, DisconnectReason) -> R + Send + Sync + 'static,
    R: Future<Output: IntoAck> + Send + 'static,
{
    fn into_erased(self) -> ErasedCallback {
        let function = Arc::new(self);
        ErasedCallback(Box::new(move |cx| {
            let function = function.clone();
            SubscriberCall::Pending(Box::pin(async move {
                let running = async { function(cx.socket.clone(), reason(&cx)).await.outcome(&cx) };
                let result = catch(&cx, running).await;
                cx.finish(result)
            }))
        }))
    }
}

fn reason(cx: &CallContext) -> DisconnectReason {
    match cx.trigger {
        Trigger::Disconnect(reason) => reason,
        // Unreachable: disconnect callbacks are called at disconnects only.
        _ => DisconnectReason::ServerNamespaceDisconnect,
    }
}
