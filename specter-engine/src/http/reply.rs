//! Builds the responses of an endpoint.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::http::slow_reader_body::SlowReaderBody;
use crate::session::poll_response::PollResponse;

/// The response of an endpoint.
pub(crate) type Response = http::Response<SlowReaderBody>;

/// The headers of the response to a poll. Cloning a map requires no hashing.
static PACKETS: LazyLock<HeaderMap> = LazyLock::new(|| headers_of("text/plain; charset=UTF-8"));
/// The headers of the response to a post.
static TAKEN: LazyLock<HeaderMap> = LazyLock::new(|| headers_of("text/html"));

/// The response to a poll. It fails if the client does not read for longer than `patience`.
pub(crate) fn packets(answer: PollResponse, patience: Duration) -> Response {
    with_headers(
        StatusCode::OK,
        PACKETS.clone(),
        SlowReaderBody::new(answer, patience),
    )
}

/// The response to an accepted post.
pub(crate) fn taken() -> Response {
    let body = Bytes::from_static(b"ok");
    with_headers(StatusCode::OK, TAKEN.clone(), body.into())
}

/// The response to a polling handshake.
pub(crate) fn open(packet: Vec<u8>) -> Response {
    with_headers(StatusCode::OK, PACKETS.clone(), packet.into())
}

/// A rejection with a JSON body.
pub(crate) fn json(status: StatusCode, body: String) -> Response {
    with_type(status, "application/json", body.into())
}

/// A response without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(SlowReaderBody::default());
    *response.status_mut() = status;
    response
}

fn with_type(status: StatusCode, content_type: &'static str, body: SlowReaderBody) -> Response {
    with_headers(status, headers_of(content_type), body)
}

fn with_headers(status: StatusCode, headers: HeaderMap, body: SlowReaderBody) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn headers_of(content_type: &'static str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    // Responses must not be cached.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers
}
