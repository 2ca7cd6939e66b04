//! Rejected requests: the reasons, and the response for each kind of client.

use http::{HeaderValue, StatusCode, header};
use specter_proto::engine::{BadRequest, RequestError, Transport};

use crate::http::body::BodyError;
use crate::http::reply;
use crate::http::reply::Response;
use crate::session::mailbox::RequestConflict;
use crate::session::registry::CapacityError;

/// Why a request is rejected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Rejection {
    /// One of the protocol's errors.
    Protocol(RequestError),
    /// The settings switch this transport off.
    TransportOff(Transport),
    /// Pages of this origin may not use the endpoint.
    Origin,
    /// The limits allow no further session.
    CapacityError(CapacityError),
    /// The handshake request exceeds `max_handshake_bytes`.
    HandshakeTooLong,
    /// The client requests a version of the WebSocket protocol other than 13.
    WebSocketVersion,
    /// A WebSocket is requested, but the HTTP server does not support upgrades.
    NoUpgrade,
    /// Another request of the same kind is open. This ends the session.
    Overlap,
    /// The body is not text. This ends the session.
    BinaryBody,
    /// The client aborted the body. This ends the session.
    BrokenBody,
    /// The body exceeds the limit. This ends the session.
    BodyTooLong,
    /// The body did not arrive in time. This ends the session.
    BodyTimeout,
    /// The method is neither GET nor POST.
    Method,
}

impl From<RequestError> for Rejection {
    fn from(error: RequestError) -> Self {
        Self::Protocol(error)
    }
}

impl From<BadRequest> for Rejection {
    fn from(reason: BadRequest) -> Self {
        Self::Protocol(reason.into())
    }
}

impl From<BodyError> for Rejection {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLong => Self::BodyTooLong,
            BodyError::TooSlow => Self::BodyTimeout,
            BodyError::Broken => Self::BrokenBody,
        }
    }
}

impl From<CapacityError> for Rejection {
    fn from(full: CapacityError) -> Self {
        Self::CapacityError(full)
    }
}

impl From<RequestConflict> for Rejection {
    fn from(conflict: RequestConflict) -> Self {
        match conflict {
            RequestConflict::Overlap => Self::Overlap,
            RequestConflict::OtherTransport => BadRequest::TransportMismatch.into(),
            RequestConflict::Ended => RequestError::UnknownSession.into(),
        }
    }
}

impl Rejection {
    /// A stable name for logs and counters.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Protocol(error) => error.code(),
            Self::TransportOff(_) => "engine_request_transport_off",
            Self::Origin => "engine_request_origin",
            Self::CapacityError(CapacityError::ShuttingDown) => "engine_request_shutting_down",
            Self::CapacityError(CapacityError::Connections) => "engine_request_max_connections",
            Self::CapacityError(CapacityError::Address) => {
                "engine_request_max_connections_per_address"
            }
            Self::HandshakeTooLong => "engine_request_handshake_too_long",
            Self::WebSocketVersion => "engine_request_websocket_version",
            Self::NoUpgrade => "engine_request_no_upgrade",
            Self::Overlap => "engine_request_overlap",
            Self::BinaryBody => "engine_request_binary_body",
            Self::BrokenBody => "engine_request_broken_body",
            Self::BodyTooLong => "engine_request_body_too_long",
            Self::BodyTimeout => "engine_request_body_timeout",
            Self::Method => "engine_request_method",
        }
    }

    /// The details, if the response contains them too.
    pub(crate) fn context(&self) -> Option<String> {
        match self {
            Self::Protocol(error) => error.context(),
            _ => None,
        }
    }

    /// The response. `upgrade`: whether a WebSocket was requested.
    pub(crate) fn into_response(self, upgrade: bool) -> Response {
        match self {
            // A request for a WebSocket gets 400 for each error of the protocol, even for a
            // rejected admission, which is 403 for a polling request.
            Self::Protocol(error) if upgrade => {
                let message = match error.context() {
                    None => error.message().to_owned(),
                    Some(context) => format!("{}: {context}", error.message()),
                };
                raw(StatusCode::BAD_REQUEST, message)
            }
            Self::Protocol(error) => {
                let status = StatusCode::from_u16(error.status());
                reply::json(status.unwrap_or(StatusCode::BAD_REQUEST), error.json())
            }
            // For the client the transport does not exist.
            Self::TransportOff(_) => {
                Self::from(RequestError::UnknownTransport).into_response(upgrade)
            }
            // For the client this is a failed handshake.
            Self::NoUpgrade => Self::from(BadRequest::TransportHandshake).into_response(upgrade),
            Self::Origin => forbidden(StatusCode::FORBIDDEN, "Origin not allowed", upgrade),
            Self::HandshakeTooLong => forbidden(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "Request header fields too large",
                upgrade,
            ),
            Self::CapacityError(full) => {
                let (status, message) = match full {
                    CapacityError::ShuttingDown => {
                        (StatusCode::SERVICE_UNAVAILABLE, "Server is shutting down")
                    }
                    CapacityError::Connections => {
                        (StatusCode::SERVICE_UNAVAILABLE, "Too many connections")
                    }
                    CapacityError::Address => (
                        StatusCode::TOO_MANY_REQUESTS,
                        "Too many connections from this address",
                    ),
                };
                let mut response = forbidden(status, message, upgrade);
                response
                    .headers_mut()
                    .insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
                response
            }
            Self::WebSocketVersion => {
                let mut response = raw(
                    StatusCode::UPGRADE_REQUIRED,
                    "WebSocket version 13 is required".to_owned(),
                );
                response.headers_mut().insert(
                    header::SEC_WEBSOCKET_VERSION,
                    HeaderValue::from_static("13"),
                );
                response
            }
            Self::Overlap | Self::BinaryBody | Self::BrokenBody => {
                reply::empty(StatusCode::BAD_REQUEST)
            }
            Self::BodyTooLong => reply::empty(StatusCode::PAYLOAD_TOO_LARGE),
            Self::BodyTimeout => {
                let mut response = reply::empty(StatusCode::REQUEST_TIMEOUT);
                // The rest of the body is not awaited (RFC 9110, section 15.5.9).
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
                response
            }
            // The status that the reference implementation uses.
            Self::Method => reply::empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

/// A rejection in the protocol's format, with its own status.
fn forbidden(status: StatusCode, message: &str, upgrade: bool) -> Response {
    if upgrade {
        raw(status, message.to_owned())
    } else {
        let error = RequestError::Forbidden(message.to_owned());
        reply::json(status, error.json())
    }
}

/// The response to a rejected WebSocket: the message only, and the connection is closed.
fn raw(status: StatusCode, message: String) -> Response {
    let mut response = Response::new(message.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
