//! The socket and what surrounds it.

use std::sync::Arc;

use specter_di::Location;

use super::{FromContext, FromDisconnect, FromError, marker};
use crate::connection::Handshake;
use crate::gateway::{CallContext, Cause, EventError, EventInfo, Requirements};
use crate::rooms::{Io, Namespace};
use crate::socket::{DisconnectReason, Socket};

impl<'a> FromContext<'a> for Socket {
    fn from_context(cx: &'a CallContext) -> Result<Self, EventError> {
        Ok(cx.socket().clone())
    }
}

impl<'a> FromContext<'a> for Namespace {
    fn from_context(cx: &'a CallContext) -> Result<Self, EventError> {
        Ok(cx.socket().namespace())
    }
}

/// The HTTP request that opened the connection.
impl<'a> FromContext<'a> for Arc<Handshake> {
    fn from_context(cx: &'a CallContext) -> Result<Self, EventError> {
        Ok(cx.socket().handshake().clone())
    }
}

/// The same, copied: `Arc<Handshake>` is cheaper where it is kept.
impl<'a> FromContext<'a> for Handshake {
    fn from_context(cx: &'a CallContext) -> Result<Self, EventError> {
        Ok((**cx.socket().handshake()).clone())
    }
}

impl<'a> FromContext<'a> for Io {
    fn from_context(cx: &'a CallContext) -> Result<Self, EventError> {
        cx.inject::<Io>()
            .ok_or_else(|| EventError::internal(std::io::Error::other("`Io` is not in the scope")))
    }

    fn requires(requirements: &mut Requirements, label: &'static str, location: Location) {
        requirements.inject::<Io>(label, location);
    }
}

impl<'a> FromContext<'a> for EventInfo {
    fn from_context(cx: &'a CallContext) -> Result<Self, EventError> {
        Ok(cx.info())
    }
}

impl<'a> FromDisconnect<'a, marker::Reason> for DisconnectReason {
    fn from_disconnect(cx: &'a CallContext) -> Result<Self, EventError> {
        match &cx.cause {
            Cause::Disconnect(reason) => Ok(*reason),
            _ => Err(EventError::internal(std::io::Error::other(
                "there is no reason before the disconnect",
            ))),
        }
    }
}

/// A copy: the acknowledgement has the error too.
impl<'a> FromError<'a, marker::Error> for EventError {
    fn from_error(cx: &'a CallContext) -> Result<Self, EventError> {
        match &cx.cause {
            Cause::Error(failure) => Ok(failure.error.duplicate()),
            _ => Err(EventError::internal(std::io::Error::other(
                "no handler failed",
            ))),
        }
    }
}
