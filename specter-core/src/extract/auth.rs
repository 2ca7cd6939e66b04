//! `Auth<T>`: the payload that the client sent with CONNECT.

use std::fmt;

use serde::de::DeserializeOwned;
use specter_proto::socketio::decode_json;

use super::FromContext;
use crate::gateway::{CallContext, EventError};
use crate::logging::{OneLine, describe_redacted, log_limited};

/// The payload that the client sent with CONNECT (`auth` in the clients' options), as a `T`.
///
/// An integer may be sent as a float, such as `1.0`. If the client sent no payload,
/// `Auth<Option<T>>` is `None`, and any other `Auth<T>` is decoded from `{}`. A payload that cannot
/// be decoded rejects the client with `invalid auth`; the log says what was expected and where, but
/// never contains the payload. Every handler of the socket may take it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Auth<T>(pub T);

/// Leaves the payload out: it contains tokens.
impl<T> fmt::Debug for Auth<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Auth(…)")
    }
}

#[diagnostic::do_not_recommend]
impl<'a, T: DeserializeOwned> FromContext<'a> for Auth<T> {
    fn from_context(cx: &'a CallContext) -> Result<Self, EventError> {
        let decoded = match cx.socket().auth_json() {
            Some(json) => decode_json(json),
            // `null` decodes as `None`. A type that does not accept `null` is decoded from `{}`.
            None => serde_json::from_str("null").or_else(|_| serde_json::from_str("{}")),
        };
        decoded.map(Auth).map_err(|error| {
            log_limited!(
                INFO, key = cx.handler, target: "specter::gateway", handler = cx.handler,
                error = %OneLine(describe_redacted(&error)),
                "a client's auth payload cannot be decoded"
            );
            EventError::new("invalid auth").with_code("invalid_auth")
        })
    }
}
