//! Guards: who may connect, and who may send an event. They run before anything of the socket's own is built or read.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use specter_di::{Container, Dependency, Key, Location, ScopePlan};

use crate::socket::{Reject, Socket};

/// Decides whether a client may connect, or whether an event may be handled. An injectable singleton.
///
/// It runs at connect before the socket's controllers are built, and on events before arguments are read; never on disconnect.
/// What it learns it leaves with the socket ([`Socket::insert`]); handlers take it as `Extension<T>`.
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
    fn check<'a>(
        &'a self,
        cx: &'a GuardContext<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Reject>> + Send + 'a>>;
}

struct Erased<G>(Arc<G>);

impl<G: Guard> ErasedGuard for Erased<G> {
    fn check<'a>(
        &'a self,
        cx: &'a GuardContext<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Reject>> + Send + 'a>> {
        Box::pin(self.0.check(cx))
    }
}

/// A list of guards, as declared.
#[derive(Default)]
pub struct Guards(pub(crate) Vec<GuardSpec>);

/// One guard: what must be injected for it, and how it is found when a controller is wired.
#[derive(Clone)]
pub(crate) struct GuardSpec {
    pub(crate) key: Key,
    pub(crate) label: &'static str,
    pub(crate) location: Location,
    pub(crate) resolve: fn(&Container, &ScopePlan, usize) -> Option<Arc<dyn ErasedGuard>>,
}

impl Guards {
    /// Adds a guard to the list; they run in this order.
    pub fn add<G: Guard>(&mut self, label: &'static str, location: Location) {
        self.0.push(GuardSpec {
            key: <Arc<G> as Dependency>::key(),
            label,
            location,
            resolve: |container, plan, position| {
                // What the controller's module sees; the App's own guards, what the App's module sees.
                let guard = plan
                    .singleton::<Arc<G>>(position)
                    .or_else(|| container.get::<Arc<G>>())?;
                Some(Arc::new(Erased(guard)))
            },
        });
    }
}
