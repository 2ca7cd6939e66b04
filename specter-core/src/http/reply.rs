//! Responses in the few forms that Engine.IO knows.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::paced::Paced;
use crate::connection::PollAnswer;

/// What the endpoint answers.
pub(crate) type Response = http::Response<Paced>;

/// The headers of nearly all answers: to copy them takes no hashing.
static PACKETS: LazyLock<Headers> = LazyLock::new(|| Headers::of("text/plain; charset=UTF-8"));
/// Those of the answer to a post.
static TAKEN: LazyLock<Headers> = LazyLock::new(|| Headers::of("text/html"));

/// Headers that are always the same.
struct Headers {
    map: HeaderMap,
    /// As they are written.
    lines: Vec<u8>,
}

impl Headers {
    fn of(content_type: &'static str) -> Self {
        let map = headers_of(content_type);
        let mut lines = Vec::new();
        for (name, value) in &map {
            write_line(&mut lines, name, value);
        }
        Self { map, lines }
    }
}

/// Writes a header as a line.
pub(crate) fn write_line(head: &mut Vec<u8>, name: &HeaderName, value: &HeaderValue) {
    for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
        head.extend_from_slice(part);
    }
}

/// An answer of the kind that nearly all are of, or one that is written as a response.
pub(crate) enum Reply {
    /// Packets for a poll, short enough to be written at once.
    Packets(PollAnswer),
    /// A post was taken.
    Taken,
    Other(Box<Response>),
}

impl Reply {
    /// Packets for a poll, taken by the client with at most so long a rest.
    pub(super) fn packets(answer: PollAnswer, patience: Duration) -> Self {
        if Paced::is_short(&answer) {
            Self::Packets(answer)
        } else {
            Self::Other(Box::new(payload(Paced::new(answer, patience))))
        }
    }

    /// The lines of its headers and its body, where those say it all: it is a 200.
    pub(crate) fn parts(&self) -> Option<(&'static [u8], &[u8])> {
        match self {
            Self::Packets(answer) => Some((&PACKETS.lines, answer.as_ref())),
            Self::Taken => Some((&TAKEN.lines, OK)),
            Self::Other(_) => None,
        }
    }

    pub(super) fn into_response(self) -> Response {
        match self {
            Self::Packets(answer) => payload(Paced::short(answer)),
            Self::Taken => with_headers(
                StatusCode::OK,
                TAKEN.map.clone(),
                Bytes::from_static(OK).into(),
            ),
            Self::Other(response) => *response,
        }
    }
}

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        Self::Other(Box::new(response))
    }
}

/// What the client is told of a post that was taken.
const OK: &[u8] = b"ok";

fn payload(body: Paced) -> Response {
    with_headers(StatusCode::OK, PACKETS.map.clone(), body)
}

/// The first packet of a session that polls.
pub(super) fn open(packet: Vec<u8>) -> Response {
    with_headers(StatusCode::OK, PACKETS.map.clone(), packet.into())
}

/// A refusal.
pub(super) fn json(status: StatusCode, body: String) -> Response {
    with_type(status, "application/json", body.into())
}

/// A status that says it all.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Paced::default());
    *response.status_mut() = status;
    response
}

fn with_type(status: StatusCode, content_type: &'static str, body: Paced) -> Response {
    with_headers(status, headers_of(content_type), body)
}

fn with_headers(status: StatusCode, headers: HeaderMap, body: Paced) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn headers_of(content_type: &'static str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    // Every answer is for one moment of one session.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers
}
