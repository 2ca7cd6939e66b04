//! The reasons for which an Engine.IO request is rejected, with the codes and texts that the
//! reference server sends to clients.

use serde_json::Value;
use thiserror::Error;

/// The reason why a request is rejected. There is one for each of the protocol's six codes.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum RequestError {
    /// Code 0: the `transport` parameter names no enabled transport.
    #[error("the `transport` parameter names no enabled transport")]
    UnknownTransport,
    /// Code 1: the `sid` parameter names no session.
    #[error("the `sid` parameter names no session")]
    UnknownSession,
    /// Code 2: the method of a handshake is not GET.
    #[error("the method of a handshake is not GET")]
    BadMethod,
    /// Code 3: the request contradicts itself or its session.
    #[error("bad request: {0}")]
    BadRequest(BadRequest),
    /// Code 4: the server rejects this client. The client is sent the text; see
    /// [`RequestError::forbidden`].
    #[error("forbidden: {0}")]
    Forbidden(String),
    /// Code 5: the `EIO` parameter is not `4`.
    #[error("the `EIO` parameter is not `4`, the only supported protocol version")]
    UnsupportedVersion,
}

/// The fault of a request with code 3. Logs and counters show every fault. The response to the
/// client shows only those that its developer can correct in the URL (see
/// [`RequestError::context`]).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum BadRequest {
    /// The `Origin` header is not a valid header value.
    #[error("the `Origin` header is not a valid header value")]
    InvalidOrigin,
    /// The request's transport is neither the session's nor one to which the session may move.
    #[error("the request's transport is not the transport of its session")]
    TransportMismatch,
    /// The request's `EIO` parameter is not that of its session.
    #[error("the request's protocol version is not that of its session")]
    ProtocolMismatch,
    /// The transport could not be set up. For example, a request for a WebSocket is no WebSocket
    /// request.
    #[error("the transport could not be set up")]
    TransportHandshake,
    /// A query parameter of Engine.IO is given more than once, with different values.
    #[error("the query parameter `{0}` is given more than once with different values")]
    RepeatedParameter(&'static str),
    /// The client polls by JSONP (the query parameter `j`), which is not supported.
    #[error(
        "JSONP polling, which the query parameter `j` asks for, is not supported; poll by \
         XMLHttpRequest or fetch, or use a WebSocket"
    )]
    Jsonp,
    /// No session id could be generated.
    #[error("no session id could be generated")]
    IdGeneration,
    /// A layer in front of the endpoint rejected the request.
    #[error("a layer in front of the endpoint rejected the request")]
    Middleware,
}

impl BadRequest {
    /// A stable name for logs and counters.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidOrigin => "engine_request_invalid_origin",
            Self::TransportMismatch => "engine_request_transport_mismatch",
            Self::ProtocolMismatch => "engine_request_protocol_mismatch",
            Self::TransportHandshake => "engine_request_transport_handshake",
            Self::RepeatedParameter(_) => "engine_request_repeated_parameter",
            Self::Jsonp => "engine_request_jsonp",
            Self::IdGeneration => "engine_request_id_generation",
            Self::Middleware => "engine_request_middleware",
        }
    }
}

impl From<BadRequest> for RequestError {
    fn from(reason: BadRequest) -> Self {
        Self::BadRequest(reason)
    }
}

impl RequestError {
    /// Code 4 with the protocol's default text.
    pub fn forbidden() -> Self {
        Self::Forbidden("Forbidden".to_owned())
    }

    /// The protocol's number of this error, 0 to 5, which is sent to the client.
    pub const fn number(&self) -> u8 {
        match self {
            Self::UnknownTransport => 0,
            Self::UnknownSession => 1,
            Self::BadMethod => 2,
            Self::BadRequest(_) => 3,
            Self::Forbidden(_) => 4,
            Self::UnsupportedVersion => 5,
        }
    }

    /// A stable name for logs and counters.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownTransport => "engine_request_unknown_transport",
            Self::UnknownSession => "engine_request_unknown_session",
            Self::BadMethod => "engine_request_bad_method",
            Self::BadRequest(reason) => reason.code(),
            Self::Forbidden(_) => "engine_request_forbidden",
            Self::UnsupportedVersion => "engine_request_unsupported_version",
        }
    }

    /// The text that is sent to the client.
    pub fn message(&self) -> &str {
        match self {
            Self::UnknownTransport => "Transport unknown",
            Self::UnknownSession => "Session ID unknown",
            Self::BadMethod => "Bad handshake method",
            Self::BadRequest(_) => "Bad request",
            Self::Forbidden(message) => message,
            Self::UnsupportedVersion => "Unsupported protocol version",
        }
    }

    /// An explanation with more detail than [`message`](Self::message), whose texts the protocol
    /// fixes. `None` if the message is sufficient, or if the client must not learn more.
    pub fn context(&self) -> Option<String> {
        match self {
            Self::BadRequest(reason @ (BadRequest::RepeatedParameter(_) | BadRequest::Jsonp)) => {
                Some(reason.to_string())
            }
            _ => None,
        }
    }

    /// The HTTP status of the response to a polling request.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Forbidden(_) => 403,
            _ => 400,
        }
    }

    /// The body of the response to a polling request. The protocol defines the fields `code` and
    /// `message`. The [`context`](Self::context), if there is one, is a third field, which clients
    /// ignore.
    pub fn json(&self) -> String {
        let (code, message) = (self.number(), Value::from(self.message()));
        match self.context() {
            None => format!(r#"{{"code":{code},"message":{message}}}"#),
            Some(context) => {
                let context = Value::from(context);
                format!(r#"{{"code":{code},"message":{message},"context":{context}}}"#)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_the_code_and_text_of_the_reference_server() {
        let table = [
            (
                RequestError::UnknownTransport,
                400,
                r#"{"code":0,"message":"Transport unknown"}"#,
            ),
            (
                RequestError::UnknownSession,
                400,
                r#"{"code":1,"message":"Session ID unknown"}"#,
            ),
            (
                RequestError::BadMethod,
                400,
                r#"{"code":2,"message":"Bad handshake method"}"#,
            ),
            (
                BadRequest::TransportMismatch.into(),
                400,
                r#"{"code":3,"message":"Bad request"}"#,
            ),
            (
                BadRequest::RepeatedParameter("EIO").into(),
                400,
                concat!(
                    r#"{"code":3,"message":"Bad request","context":"the query parameter `EIO` "#,
                    r#"is given more than once with different values"}"#,
                ),
            ),
            (
                RequestError::forbidden(),
                403,
                r#"{"code":4,"message":"Forbidden"}"#,
            ),
            (
                RequestError::Forbidden("not \"you\"".to_owned()),
                403,
                r#"{"code":4,"message":"not \"you\""}"#,
            ),
            (
                RequestError::UnsupportedVersion,
                400,
                r#"{"code":5,"message":"Unsupported protocol version"}"#,
            ),
        ];
        for (error, status, json) in table {
            assert_eq!((error.status(), error.json().as_str()), (status, json));
        }
    }
}
