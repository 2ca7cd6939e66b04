//! Functions as handlers, whose parameters are extracted by type as those of methods are.

use std::future::Future;
use std::sync::Arc;

use serde::Serialize;

use super::subscriber_policies::{NamespacePolicies, SubscriptionOptions, run_with_policies};
use crate::extract::FromEvent;
use crate::gateway::declare::controller::Requirements;
use crate::gateway::dispatch::call_context::{CallContext, Outcome, Trigger};
use crate::gateway::dispatch::call_context::{catch, catch_sync};
use crate::gateway::error::{EventError, IntoEventError};
use crate::socket::service::BoxFuture;
use crate::socket::{DisconnectReason, Socket};

/// How a subscriber's call went, or that it goes on.
pub(crate) enum SubscriberCall {
    Done(Outcome),
    Pending(BoxFuture<Outcome>),
}

type Call = Box<dyn Fn(CallContext) -> SubscriberCall + Send + Sync>;

/// A subscribed function.
pub(crate) struct Subscriber {
    priority: i32,
    id: u64,
    takes_ack: bool,
    own: SubscriptionOptions,
    call: Call,
}

impl Subscriber {
    pub(in crate::gateway) fn event<M>(
        priority: i32,
        own: SubscriptionOptions,
        subscriber: impl EventCallback<M>,
        requirements: &mut Requirements,
    ) -> Self {
        let call = subscriber.into_call(requirements);
        Self {
            priority,
            id: 0,
            takes_ack: requirements.takes_ack,
            own,
            call: call.0,
        }
    }

    pub(in crate::gateway) fn disconnect<M>(
        priority: i32,
        own: SubscriptionOptions,
        subscriber: impl DisconnectCallback<M>,
    ) -> Self {
        Self {
            priority,
            id: 0,
            takes_ack: false,
            own,
            call: subscriber.into_call().0,
        }
    }

    pub(in crate::gateway) fn numbered(self, id: u64) -> Self {
        Self { id, ..self }
    }

    pub(in crate::gateway) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn priority(&self) -> i32 {
        self.priority
    }

    pub(crate) fn takes_ack(&self) -> bool {
        self.takes_ack
    }

    pub(in crate::gateway) fn own(&self) -> &SubscriptionOptions {
        &self.own
    }

    /// Who subscribed.
    pub(crate) fn owner(&self) -> &'static str {
        self.own.handler.unwrap_or("SocketIngress")
    }

    /// Starts the subscriber inside of its policies.
    pub(in crate::gateway) fn start(
        self: &Arc<Self>,
        policies: &NamespacePolicies,
        cx: CallContext,
    ) -> SubscriberCall {
        if policies.around.is_empty(&self.own) {
            return self.call(cx);
        }
        SubscriberCall::Pending(Box::pin(run_with_policies(
            self.clone(),
            policies.clone(),
            cx,
        )))
    }

    /// Starts the subscriber without its policies.
    pub(crate) fn call(&self, mut cx: CallContext) -> SubscriberCall {
        cx.limit = self.own.limit;
        (self.call)(cx)
    }
}

/// A function that handles an event: up to eight owned parameters, sync or async, `()` or
/// `Result<T, E>` as its value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot handle an event",
    label = "not a function that can be subscribed",
    note = "its parameters are owned: payloads that derive `serde::Deserialize`, `Socket`, \
        `Args`, `Inject<T>` and others from the context",
    note = "it returns `()` or `Result<T, E>`, where `E` is `EventError` or derives \
        `IntoEventError`"
)]
pub trait EventCallback<M>: Send + Sync + 'static {
    #[doc(hidden)]
    fn into_call(self, requirements: &mut Requirements) -> ErasedCall;
}

/// A function that is told of a disconnect: `Fn(Socket, DisconnectReason)`, sync or async.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be told of a disconnect",
    label = "not a function of a socket and a reason",
    note = "it takes both, owned: `|socket: Socket, reason: DisconnectReason| …`",
    note = "it returns `()` or `Result<T, E>`, where `E` is `EventError` or derives \
        `IntoEventError`"
)]
pub trait DisconnectCallback<M>: Send + Sync + 'static {
    #[doc(hidden)]
    fn into_call(self) -> ErasedCall;
}

/// A function behind one vtable.
pub struct ErasedCall(Call);

/// What a subscriber may return: `()`, or a `Result` of what it acknowledges with.
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

/// Tell sync and async functions apart.
#[derive(Debug)]
pub struct Now;
#[doc(hidden)]
#[derive(Debug)]
pub struct Later;

macro_rules! subscribe {
    ($($value:ident: $P:ident $M:ident $label:literal),*) => {
        impl<F, R, $($P, $M),*> EventCallback<(Now, R, $($P, $M),*)> for F
        where
            F: Fn($($P),*) -> R + Send + Sync + 'static,
            R: IntoAck,
            $($P: for<'a> FromEvent<'a, $M>,)*
        {
            fn into_call(self, _requirements: &mut Requirements) -> ErasedCall {
                $($P::requires(_requirements, $label, crate::__location!());)*
                ErasedCall(Box::new(move |cx| {
                    let called = catch_sync(|| {
                        let mut _arguments = cx.arguments();
                        $(let $value = $P::from_event(&cx, &mut _arguments, $label)?;)*
                        self($($value),*).outcome(&cx)
                    });
                    SubscriberCall::Done(cx.finish(called))
                }))
            }
        }

        impl<F, R, $($P, $M),*> EventCallback<(Later, R, $($P, $M),*)> for F
        where
            F: Fn($($P),*) -> R + Send + Sync + 'static,
            R: Future<Output: IntoAck> + Send + 'static,
            $($P: for<'a> FromEvent<'a, $M>,)*
        {
            fn into_call(self, _requirements: &mut Requirements) -> ErasedCall {
                $($P::requires(_requirements, $label, crate::__location!());)*
                let function = Arc::new(self);
                ErasedCall(Box::new(move |cx| {
                    let function = function.clone();
                    SubscriberCall::Pending(Box::pin(async move {
                        let called = catch(&cx, async {
                            let running = {
                                let mut _arguments = cx.arguments();
                                $(let $value = $P::from_event(&cx, &mut _arguments, $label)?;)*
                                function($($value),*)
                            };
                            running.await.outcome(&cx)
                        })
                        .await;
                        cx.finish(called)
                    }))
                }))
            }
        }
    };
}

subscribe!();
subscribe!(a: A MA "1");
subscribe!(a: A MA "1", b: B MB "2");
subscribe!(a: A MA "1", b: B MB "2", c: C MC "3");
subscribe!(a: A MA "1", b: B MB "2", c: C MC "3", d: D MD "4");
subscribe!(a: A MA "1", b: B MB "2", c: C MC "3", d: D MD "4", e: E ME "5");
subscribe!(a: A MA "1", b: B MB "2", c: C MC "3", d: D MD "4", e: E ME "5", f: G MG "6");
subscribe!(a: A MA "1", b: B MB "2", c: C MC "3", d: D MD "4", e: E ME "5", f: G MG "6", g: H MH "7");
subscribe!(a: A MA "1", b: B MB "2", c: C MC "3", d: D MD "4", e: E ME "5", f: G MG "6", g: H MH "7", h: I MI "8");

impl<F, R> DisconnectCallback<(Now, R)> for F
where
    F: Fn(Socket, DisconnectReason) -> R + Send + Sync + 'static,
    R: IntoAck,
{
    fn into_call(self) -> ErasedCall {
        ErasedCall(Box::new(move |cx| {
            let called = catch_sync(|| self(cx.socket.clone(), reason(&cx)).outcome(&cx));
            SubscriberCall::Done(cx.finish(called))
        }))
    }
}

impl<F, R> DisconnectCallback<(Later, R)> for F
where
    F: Fn(Socket, DisconnectReason) -> R + Send + Sync + 'static,
    R: Future<Output: IntoAck> + Send + 'static,
{
    fn into_call(self) -> ErasedCall {
        let function = Arc::new(self);
        ErasedCall(Box::new(move |cx| {
            let function = function.clone();
            SubscriberCall::Pending(Box::pin(async move {
                let running = async { function(cx.socket.clone(), reason(&cx)).await.outcome(&cx) };
                let called = catch(&cx, running).await;
                cx.finish(called)
            }))
        }))
    }
}

fn reason(cx: &CallContext) -> DisconnectReason {
    match cx.cause {
        Trigger::Disconnect(reason) => reason,
        // It is called for nothing else.
        _ => DisconnectReason::ServerNamespaceDisconnect,
    }
}
