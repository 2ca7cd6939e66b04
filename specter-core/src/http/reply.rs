//! Responses in the few forms that Engine.IO knows.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};

use super::paced::Paced;
use crate::connection::PollAnswer;

/// Packets for a poll, taken by the client with at most so long a rest.
pub(super) fn payload(answer: PollAnswer, patience: Duration) -> Response {
    with_type(
        StatusCode::OK,
        "text/plain; charset=UTF-8",
        Body::new(Paced::new(answer, patience)),
    )
}

/// The first packet of a session that polls.
pub(super) fn open(packet: Vec<u8>) -> Response {
    with_type(StatusCode::OK, "text/plain; charset=UTF-8", packet)
}

/// The answer to a post that was taken.
pub(super) fn ok() -> Response {
    with_type(StatusCode::OK, "text/html", "ok")
}

/// A refusal.
pub(super) fn json(status: StatusCode, body: String) -> Response {
    with_type(status, "application/json", body)
}

/// A status that says it all.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn with_type(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    // Every answer is for one moment of one session.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
