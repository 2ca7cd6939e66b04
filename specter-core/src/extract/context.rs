//! The extractors that take framework values from the context: the socket, its namespace and
//! handshake, the App's own services, the event, the disconnect's reason and the error.

use std::sync::Arc;

use specter_di::Location;

use super::{FromContext, FromDisconnect, FromError, marker};
use crate::gateway::{CallContext, EventError, EventInfo, Requirements, SocketIngress, Trigger};
use crate::rooms::BroadcastGroup;
use crate::rooms::{Io, Namespace};
use crate::socket::{DisconnectReason, Socket};
use specter_engine::Handshake;

#[diagnostic::do_not_recommend]
impl<'a> FromContext<'a> for Socket {
    fn from_context(cx: &'a CallContext) -> Result<Self, EventError> {
        Ok(cx.socket().clone())
    }
}

#[diagnostic::do_not_recommend]
impl<'a> FromContext<'a> for Namespace {
    fn from_context(cx: &'a CallContext) -> Result<Self, EventError> {
        Ok(cx.socket().namespace())
    }
}

/// The HTTP request that opened the connection.
#[diagnostic::do_not_recommend]
impl<'a> FromContext<'a> for Arc<Handshake> {
    fn from_context(cx: &'a CallContext) -> Result<Self, EventError> {
        Ok(cx.socket().handshake().clone())
    }
}

/// A copy of the handshake. `Arc<Handshake>` is cheaper.
#[diagnostic::do_not_recommend]
impl<'a> FromContext<'a> for Handshake {
    fn from_context(cx: &'a CallContext) -> Result<Self, EventError> {
        Ok((**cx.socket().handshake()).clone())
    }
}

macro_rules! app_service {
    ($($value:ident),*) => {$(
        #[diagnostic::do_not_recommend]
        impl<'a> FromContext<'a> for $value {
            fn from_context(cx: &'a CallContext) -> Result<Self, EventError> {
                cx.inject::<$value>().ok_or_else(|| {
                    let missing = concat!(
                        "`",
                        stringify!($value),
                        "` was not declared: an extractor that takes it must declare it in \
                         `FromContext::requires`"
                    );
                    EventError::internal(std::io::Error::other(missing))
                })
            }

            fn requires(requirements: &mut Requirements, label: &'static str, location: Location) {
                requirements.inject::<$value>(label, location);
            }
        }
    )*};
}

app_service!(BroadcastGroup, Io, SocketIngress);

#[diagnostic::do_not_recommend]
impl<'a> FromContext<'a> for EventInfo {
    fn from_context(cx: &'a CallContext) -> Result<Self, EventError> {
        Ok(cx.event_info())
    }
}

#[diagnostic::do_not_recommend]
impl<'a> FromDisconnect<'a, marker::Reason> for DisconnectReason {
    fn from_disconnect(cx: &'a CallContext) -> Result<Self, EventError> {
        match &cx.trigger {
            Trigger::Disconnect(reason) => Ok(*reason),
            _ => Err(EventError::internal(std::io::Error::other(
                "`DisconnectReason` is available only in `disconnect` handlers",
            ))),
        }
    }
}

/// A copy of the error that the acknowledgement reports to the client.
#[diagnostic::do_not_recommend]
impl<'a> FromError<'a, marker::Error> for EventError {
    fn from_error(cx: &'a CallContext) -> Result<Self, EventError> {
        match &cx.trigger {
            Trigger::Error(failure) => Ok(failure.error.duplicate()),
            _ => Err(EventError::internal(std::io::Error::other(
                "`EventError` is available only in `#[on_error]` handlers",
            ))),
        }
    }
}
