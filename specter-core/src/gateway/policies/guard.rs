//! Guards, which decide who may connect and who may send an event.
//!
//! They run before a socket's controllers are built, and before an event's arguments are decoded.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::HeaderMap;
use serde::de::DeserializeOwned;
use specter_proto::socketio::Args;

use crate::gateway::declare::descriptor::EventKind;
use crate::gateway::dispatch::catch_unwind::{catch_panic, panic_text};
use crate::gateway::dispatch::event_info::EventInfo;
use crate::gateway::error::EventError;
use crate::socket::internal_error::FailurePlace;
use crate::socket::{Reject, Socket};

/// Decides whether a client may connect, or whether an event may be handled. A guard is an
/// injectable singleton.
///
/// It runs at connect before the socket's controllers are built, and at events before the arguments
/// are decoded. It never runs at disconnect. To pass a value to handlers, such as the user that a
/// token names, it calls [`GuardContext::insert`]; handlers take the value as `Extension<T>`.
///
/// ```
/// use specter_core::gateway::{Guard, GuardContext};
/// use specter_core::socket::Reject;
///
/// struct OnlyWithToken;
///
/// #[derive(Clone)]
/// struct Token(String);
///
/// impl Guard for OnlyWithToken {
///     async fn check(&self, cx: &GuardContext<'_>) -> Result<(), Reject> {
///         match cx.auth::<serde_json::Value>() {
///             Some(Ok(auth)) if auth["token"].is_string() => {
///                 cx.insert(Token(auth["token"].to_string()));
///                 Ok(())
///             }
///             _ => Err(Reject::new("no token")),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a guard",
    label = "not a guard",
    note = "a guard is a struct that implements `Guard` and is `#[injectable]`; a module lists it \
        under `providers`"
)]
pub trait Guard: Send + Sync + 'static {
    /// Admits the caller, or rejects it. The client receives the rejection.
    fn check(&self, cx: &GuardContext<'_>) -> impl Future<Output = Result<(), Reject>> + Send;
}

/// Who wants to connect or has sent an event.
///
/// A guard for every kind of caller uses the methods of [`GuardContext`] and needs no `match`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Caller<'a> {
    /// A Socket.IO client that connects or has sent an event.
    Socket(&'a Socket),
}

/// The caller and the event that a guard decides about.
#[derive(Debug)]
pub struct GuardContext<'a> {
    caller: Caller<'a>,
    event: Option<&'a EventInfo>,
}

impl<'a> GuardContext<'a> {
    pub(crate) fn new(caller: Caller<'a>, event: Option<&'a EventInfo>) -> Self {
        Self { caller, event }
    }

    /// Who wants to connect or has sent the event.
    pub fn caller(&self) -> Caller<'a> {
        self.caller
    }

    /// The socket that connects or has sent the event. `None` if the caller is no Socket.IO client.
    pub fn socket(&self) -> Option<&'a Socket> {
        match self.caller {
            Caller::Socket(socket) => Some(socket),
        }
    }

    /// The headers of the HTTP request; for a socket, of the request that opened its connection.
    pub fn headers(&self) -> &'a HeaderMap {
        match self.caller {
            Caller::Socket(socket) => socket.handshake().headers(),
        }
    }

    /// The event's name; `None` at connect.
    pub fn event(&self) -> Option<&'a str> {
        self.event.map(EventInfo::name)
    }

    /// The event's arguments, not decoded yet; `None` at connect. Arguments that a guard decodes
    /// are decoded again for the handler.
    pub fn args(&self) -> Option<&'a Args> {
        self.event.map(EventInfo::args)
    }

    /// The CONNECT payload as a `T`. `None` if the client sent none.
    ///
    /// # Errors
    /// The payload cannot be decoded as a `T`.
    pub fn auth<T: DeserializeOwned>(&self) -> Option<serde_json::Result<T>> {
        match self.caller {
            Caller::Socket(socket) => socket.auth(),
        }
    }

    /// Stores a value with the caller. Handlers take it as `Extension<T>`. There is one value of
    /// each type: an earlier value of type `T` is replaced and returned.
    pub fn insert<T: Clone + Send + Sync + 'static>(&self, value: T) -> Option<T> {
        match self.caller {
            Caller::Socket(socket) => socket.insert(value),
        }
    }

    /// A value that an earlier guard stored with [`insert`](Self::insert), or that a layer stored
    /// in the request's extensions.
    pub fn extension<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        match self.caller {
            Caller::Socket(socket) => socket.extension(),
        }
    }
}

/// A type-erased guard.
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

/// Runs guards in their order, until one rejects. A guard that panics rejects.
pub(in crate::gateway) async fn check_guards(
    guards: &[Arc<dyn ErasedGuard>],
    socket: &Socket,
    event: Option<&EventInfo>,
) -> Result<(), Reject> {
    let cx = GuardContext::new(Caller::Socket(socket), event);
    for guard in guards {
        let decision = catch_panic(guard.check_boxed(&cx)).await;
        let place = || FailurePlace {
            socket,
            event: event.map_or(EventKind::Connect.name(), EventInfo::name),
            handler: "a guard",
        };
        match decision {
            Ok(Ok(())) => {}
            Ok(Err(mut reject)) => {
                reject.report_at(place());
                return Err(reject);
            }
            Err(payload) => {
                return Err(EventError::panicked(panic_text(&*payload), place()).into());
            }
        }
    }
    Ok(())
}
