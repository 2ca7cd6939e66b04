//! Answers to plain requests on their way to the network: their heads as the HTTP server writes them, and what was not taken at once.

use std::cell::Cell;
use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::http::header::{CONNECTION, CONTENT_LENGTH, DATE, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use bytes::Bytes;
use http_body::Body;
use tokio::time::Instant;

use super::date;
use crate::connection::Served;
use crate::http::{Paced, Reply, Response, write_line};

/// What a head takes beside its lines and the length.
const HEAD: usize = 128;
/// The largest buffer that a thread keeps for the next answer.
const KEPT: usize = 4 * 1024;

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// An answer that is being written.
pub(super) struct Writing {
    /// The head, with a body that is there at once.
    head: Vec<u8>,
    /// The next slice of a long body, when the head is written.
    slice: Bytes,
    /// So many bytes of what is next are written.
    written: usize,
    /// What follows, and counts for its session as long as it is here.
    behind: Behind,
    /// The connection ends with it.
    is_last: bool,
}

enum Behind {
    Nothing(#[expect(dead_code, reason = "only kept")] Kept),
    Slices(Paced),
}

/// What was copied to be written: it counts for its session until it is dropped.
#[expect(dead_code, reason = "only kept")]
enum Kept {
    Reply(Reply),
    Body(Bytes),
}

impl Writing {
    /// The answer as it is written now.
    pub(super) fn new(reply: Reply, is_last: bool, now: Instant) -> Self {
        let reply = match reply {
            Reply::Other(response) => return Self::of_response(*response, is_last, now),
            reply => reply,
        };
        let (lines, body) = reply.parts().unwrap_or_default();
        let mut bytes = SPARE.try_with(Cell::take).unwrap_or_default();
        bytes.reserve_exact(lines.len() + HEAD + body.len());
        bytes.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        bytes.extend_from_slice(lines);
        if is_last {
            bytes.extend_from_slice(b"connection: close\r\n");
        }
        end_head(&mut bytes, Some(body.len()), Some(now));
        bytes.extend_from_slice(body);
        Self::of(bytes, Behind::Nothing(Kept::Reply(reply)), is_last)
    }

    fn of_response(response: Response, is_last: bool, now: Instant) -> Self {
        let (mut parts, mut body) = response.into_parts();
        let is_last = is_last || says_close(&parts.headers);
        if is_last && !says_close(&parts.headers) {
            let close = HeaderValue::from_static("close");
            parts.headers.append(CONNECTION, close);
        }
        let mut bytes = SPARE.try_with(Cell::take).unwrap_or_default();
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
                bytes.extend_from_slice(short);
                Behind::Nothing(Kept::Body(mem::take(short)))
            }
            Paced::Long(_) => Behind::Slices(body),
        };
        Self::of(bytes, behind, is_last)
    }

    fn of(head: Vec<u8>, behind: Behind, is_last: bool) -> Self {
        Self {
            head,
            slice: Bytes::new(),
            written: 0,
            behind,
            is_last,
        }
    }

    /// What is to be written next.
    fn next(&self) -> &[u8] {
        let next = if self.head.is_empty() {
            &*self.slice
        } else {
            &*self.head
        };
        next.get(self.written..).unwrap_or_default()
    }

    /// Whether the connection ends with it.
    pub(super) fn is_last(&self) -> bool {
        self.is_last
    }

    /// Ready when all of it is written.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        served: &mut Served,
    ) -> Poll<io::Result<()>> {
        loop {
            while !self.next().is_empty() {
                match ready!(served.poll_send(cx, self.next()))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    written => self.written += written,
                }
            }
            let Behind::Slices(body) = &mut self.behind else {
                return Poll::Ready(Ok(()));
            };
            // First, so that what is written counts no more.
            (self.head, self.slice, self.written) = (Vec::new(), Bytes::new(), 0);
            let Some(slice) = ready!(Pin::new(body).poll_frame(cx)) else {
                return Poll::Ready(Ok(()));
            };
            let slice = slice.map_err(io::Error::other)?;
            self.slice = slice.into_data().unwrap_or_default();
        }
    }
}

/// A small buffer is the next answer's.
impl Drop for Writing {
    fn drop(&mut self) {
        let mut spare = mem::take(&mut self.head);
        if (1..=KEPT).contains(&spare.capacity()) {
            spare.clear();
            let _ = SPARE.try_with(|kept| kept.set(spare));
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
        head.extend_from_slice(b"content-length: ");
        head.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    if let Some(now) = date {
        head.extend_from_slice(b"date: ");
        head.extend_from_slice(&date::at(now));
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
}
