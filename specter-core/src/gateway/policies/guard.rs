//! Guards: who may connect, and who may send an event. They run before anything of the socket's own
//! is built or read.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::gateway::dispatch::catch_unwind::{caught, panic_text};
use crate::gateway::error::EventError;
use crate::socket::{Reject, Socket};

/// Decides whether a client may connect, or whether an event may be handled. An injectable
/// singleton.
///
/// It runs at connect before the socket's controllers are built, and on events before arguments are
/// read; never on disconnect. What it learns it leaves with the socket ([`Socket::insert`]);
/// handlers take it as `Extension<T>`.
///
/// ```
/// use specter_core::gateway::{Guard, GuardContext};
/// use specter_core::socket::Reject;
///
/// struct OnlyWithToken;
///
/// impl Guard for OnlyWithToken {
///     async fn check(&self, cx: &GuardContext<'_>) -> Result<(), Reject> {
///         match cx.auth::<serde_json::Value>() {
///             Some(Ok(auth)) if auth["token"].is_string() => Ok(()),
///             _ => Err(Reject::new("no token")),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a guard",
    label = "not a guard",
    note = "a guard is a struct that implements `Guard` and is `#[injectable]`; a module lists it under `providers`"
)]
pub trait Guard: Send + Sync + 'static {
    /// Lets it pass, or rejects it. The client sees the rejection.
    fn check(&self, cx: &GuardContext<'_>) -> impl Future<Output = Result<(), Reject>> + Send;
}

/// What a guard may look at.
#[derive(Debug)]
pub struct GuardContext<'a> {
    socket: &'a Socket,
    event: Option<&'a str>,
}

impl<'a> GuardContext<'a> {
    pub(crate) fn new(socket: &'a Socket, event: Option<&'a str>) -> Self {
        Self { socket, event }
    }

    /// The socket that connects or sent the event.
    pub fn socket(&self) -> &Socket {
        self.socket
    }

    /// The event's name; `None` at connect.
    pub fn event(&self) -> Option<&str> {
        self.event
    }

    /// The CONNECT payload as a `T`; `None` where the client sent none.
    pub fn auth<T: serde::de::DeserializeOwned>(&self) -> Option<serde_json::Result<T>> {
        self.socket.auth()
    }
}

/// A guard behind one vtable.
pub(crate) trait ErasedGuard: Send + Sync {
    fn check_boxed<'a>(
        &'a self,
        cx: &'a GuardContext<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Reject>> + Send + 'a>>;
}

impl<G: Guard> ErasedGuard for G {
    fn check_boxed<'a>(
        &'a self,
        cx: &'a GuardContext<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Reject>> + Send + 'a>> {
        Box::pin(self.check(cx))
    }
}

/// Runs guards in their order, to the first rejection.
pub(in crate::gateway) async fn check_guards(
    guards: &[Arc<dyn ErasedGuard>],
    socket: &Socket,
    event: Option<&str>,
) -> Result<(), Reject> {
    let cx = GuardContext::new(socket, event);
    for guard in guards {
        match caught(guard.check_boxed(&cx)).await {
            Ok(decision) => decision?,
            Err(payload) => {
                return Err(EventError::panicked(panic_text(&*payload), "a guard").into());
            }
        }
    }
    Ok(())
}
