//! Responses in the few forms that Engine.IO knows.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};

/// Packets for a poll.
pub(super) fn payload(body: Vec<u8>) -> Response {
    with_type(
        StatusCode::OK,
        "text/plain; charset=UTF-8",
        Bytes::from(body),
    )
}

/// The answer to a post that was taken.
pub(super) fn ok() -> Response {
    with_type(StatusCode::OK, "text/html", Bytes::from_static(b"ok"))
}

/// A refusal.
pub(super) fn json(status: StatusCode, body: String) -> Response {
    with_type(status, "application/json", Bytes::from(body))
}

/// A status that says it all.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn with_type(status: StatusCode, content_type: &'static str, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    // Every answer is for one moment of one session.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
