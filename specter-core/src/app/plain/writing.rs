//! Answers to plain requests on their way to the network: their heads as the HTTP server writes them, and what was not taken at once.

use std::io::{self, Write as _};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::http::header::{CONNECTION, CONTENT_LENGTH, DATE, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use bytes::{Buf, Bytes};
use http_body::Body;
use tokio::io::AsyncWrite;
use tokio::time::Instant;

use super::date;
use crate::http::{Paced, Reply, Response, write_line};

/// What a head takes beside its lines and the length.
const HEAD: usize = 128;

/// An answer that is being written.
pub(super) struct Writing {
    /// What is to be written next.
    bytes: Bytes,
    /// What follows, and counts for its session as long as it is here.
    behind: Behind,
    /// The connection ends with it.
    is_last: bool,
}

enum Behind {
    /// Nothing: `bytes` hold all of it.
    Nothing(#[allow(dead_code, reason = "counts until it is dropped")] Option<Reply>),
    Slices(Paced),
}

impl Writing {
    /// The answer as it is written now.
    pub(super) fn new(reply: Reply, is_last: bool, now: Instant) -> Self {
        let reply = match reply {
            Reply::Other(response) => return Self::of_response(*response, is_last, now),
            reply => reply,
        };
        let (lines, body) = reply.parts().unwrap_or_default();
        let mut bytes = Vec::with_capacity(lines.len() + HEAD + body.len());
        bytes.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        bytes.extend_from_slice(lines);
        if is_last {
            bytes.extend_from_slice(b"connection: close\r\n");
        }
        end_head(&mut bytes, Some(body.len()), Some(now));
        bytes.extend_from_slice(body);
        Self {
            bytes: bytes.into(),
            behind: Behind::Nothing(Some(reply)),
            is_last,
        }
    }

    fn of_response(response: Response, is_last: bool, now: Instant) -> Self {
        let (mut parts, mut body) = response.into_parts();
        let is_last = is_last || says_close(&parts.headers);
        if is_last && !says_close(&parts.headers) {
            let close = HeaderValue::from_static("close");
            parts.headers.append(CONNECTION, close);
        }
        let mut bytes = Vec::new();
        write_status(&mut bytes, parts.status);
        for (name, value) in &parts.headers {
            // Both are the connection's to say.
            if *name != CONTENT_LENGTH && *name != TRANSFER_ENCODING {
                write_line(&mut bytes, name, value);
            }
        }
        let has_body = parts.status != StatusCode::NO_CONTENT;
        let length = body
            .size_hint()
            .exact()
            .and_then(|length| usize::try_from(length).ok());
        let date = (!parts.headers.contains_key(DATE)).then_some(now);
        end_head(&mut bytes, length.filter(|_| has_body), date);
        let behind = match &mut body {
            Paced::Short(short) => {
                bytes.extend_from_slice(&mem::take(short));
                Behind::Nothing(None)
            }
            Paced::Long(_) => Behind::Slices(body),
        };
        Self {
            bytes: bytes.into(),
            behind,
            is_last,
        }
    }

    /// Whether the connection ends with it.
    pub(super) fn is_last(&self) -> bool {
        self.is_last
    }

    /// Ready when all of it is written.
    pub(super) fn poll<S: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
    ) -> Poll<io::Result<()>> {
        loop {
            while !self.bytes.is_empty() {
                match ready!(Pin::new(&mut *stream).poll_write(cx, &self.bytes))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    written => self.bytes.advance(written),
                }
            }
            let Behind::Slices(body) = &mut self.behind else {
                return Poll::Ready(Ok(()));
            };
            // Dropped first, so that it counts no more.
            self.bytes = Bytes::new();
            let Some(slice) = ready!(Pin::new(body).poll_frame(cx)) else {
                return Poll::Ready(Ok(()));
            };
            let slice = slice.map_err(io::Error::other)?;
            self.bytes = slice.into_data().unwrap_or_default();
        }
    }
}

/// Whether the answer itself says that the connection ends.
fn says_close(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(CONNECTION).iter();
    lines.filter_map(|line| line.to_str().ok()).any(|line| {
        line.split(',')
            .any(|token| token.trim().eq_ignore_ascii_case("close"))
    })
}

fn write_status(head: &mut Vec<u8>, status: StatusCode) {
    let reason = status.canonical_reason().unwrap_or("<none>");
    for part in ["HTTP/1.1 ", status.as_str(), " ", reason, "\r\n"] {
        head.extend_from_slice(part.as_bytes());
    }
}

/// What follows the other lines: the length, the date and the empty line.
fn end_head(head: &mut Vec<u8>, length: Option<usize>, date: Option<Instant>) {
    if let Some(length) = length {
        // To write into memory does not fail.
        let _ = write!(head, "content-length: {length}\r\n");
    }
    if let Some(now) = date {
        head.extend_from_slice(b"date: ");
        head.extend_from_slice(&date::at(now));
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
}
