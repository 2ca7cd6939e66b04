//! Reads a plain polling request from the bytes of a connection.
//!
//! Whatever is not plain, not whole, or in doubt is left to the HTTP server: `None`. It must not know what is answered.

use std::mem::MaybeUninit;

use axum::http::Method;
use httparse::{Header, Request, Status};
use memchr::memchr;

use super::known::{Known, length};
use crate::connection::MAX_FIELDS;
use crate::http::{PlainRequest, is_binary};

/// A request at the start of some bytes.
pub(super) struct Head<'a> {
    pub(super) request: PlainRequest<'a>,
    pub(super) path: &'a str,
    /// How many bytes are the request's, its body included.
    pub(super) len: usize,
}

/// How the query for a WebSocket begins, in nearly all cases: no parser need look at those.
const WEBSOCKET: &[u8] = b"EIO=4&transport=websocket";

/// What ends the first line behind the target.
const VERSION: &[u8] = b" HTTP/1.1\r\n";

/// How many bytes of a target are looked at together; a shorter one is left to the parser.
const BLOCK: usize = 16;

/// What the headers say.
#[derive(Default)]
struct Said<'a> {
    /// As it was sent.
    length: Option<&'a [u8]>,
    has_origin: bool,
    content_type: Option<&'a [u8]>,
}

/// The request at the start of `bytes`, if it is plain and all of it is there.
pub(super) fn read<'a>(bytes: &'a [u8], known: &mut Known) -> Option<Head<'a>> {
    recognised(bytes, known).or_else(|| parsed(bytes, known))
}

/// The same for a request whose fields are those of the one before: its first line is looked at, and nothing else.
fn recognised<'a>(bytes: &'a [u8], known: &Known) -> Option<Head<'a>> {
    let (method, start) = if bytes.starts_with(b"GET /") {
        (Method::GET, 4)
    } else if bytes.starts_with(b"POST /") {
        (Method::POST, 5)
    } else {
        return None;
    };
    let target = bytes.get(start..)?;
    let target = target.get(..memchr(b' ', target)?)?;
    let version = start + target.len();
    let fields = version + VERSION.len();
    if bytes.get(version..fields)? != VERSION {
        return None;
    }
    let known = known.recognise(&method, bytes.get(fields..)?)?;
    if !is_simple(target) {
        return None;
    }
    // All of the line: long enough to be looked at in large blocks.
    let line = simdutf8::basic::from_utf8(bytes.get(..fields)?).ok()?;
    let target = line.get(start..version)?;
    let (path, query) = split(target)?;
    if query.as_bytes().starts_with(WEBSOCKET) {
        return None;
    }
    let head = fields + known.len;
    let len = head.checked_add(known.body)?;
    Some(Head {
        request: PlainRequest {
            method,
            target,
            query,
            fields: bytes.get(fields..head)?,
            has_origin: false,
            is_binary: known.is_binary,
            body: bytes.get(head..len)?,
        },
        path,
        len,
    })
}

/// The same by a parser. What it finds is remembered.
#[inline(never)]
fn parsed<'a>(bytes: &'a [u8], known: &mut Known) -> Option<Head<'a>> {
    if !matches!(bytes.first(), Some(b'G' | b'P')) || is_websocket(bytes) {
        return None;
    }
    let mut places = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut parsed = Request::new(&mut []);
    let Ok(Status::Complete(head)) = parsed.parse_with_uninit_headers(bytes, &mut places) else {
        return None;
    };
    let name = parsed.method?;
    let method = match name {
        "GET" => Method::GET,
        "POST" => Method::POST,
        _ => return None,
    };
    // The origin form: the parser takes others.
    let target = parsed.path.filter(|target| target.starts_with('/'))?;
    let (path, query) = split(target)?;
    if !is_plain(query) {
        return None;
    }
    // The parser takes other ends of a line too.
    let version = name.len() + 1 + target.len();
    let start = version + VERSION.len();
    if bytes.get(version..start)? != VERSION {
        return None;
    }
    let fields = bytes.get(start..head)?;
    let said = said(parsed.headers)?;
    let body = match (said.length.map(length), &method) {
        (None | Some(Some(0)), &Method::GET) => 0,
        (Some(Some(body)), &Method::POST) => body,
        _ => return None,
    };
    let is_binary = said.content_type.is_some_and(is_binary);
    let len = head.checked_add(body)?;
    let body = bytes.get(head..len)?;
    let place = said.length.and_then(|length| place(length, fields));
    if !said.has_origin && place.is_some() == (method == Method::POST) {
        known.remember(&method, fields, place, is_binary);
    }
    Some(Head {
        request: PlainRequest {
            method,
            target,
            query,
            fields,
            has_origin: said.has_origin,
            is_binary,
            body,
        },
        path,
        len,
    })
}

/// The path and the query of a target.
fn split(target: &str) -> Option<(&str, &str)> {
    let question = memchr(b'?', target.as_bytes())?;
    Some((target.get(..question)?, target.get(question + 1..)?))
}

/// Where a part of some bytes begins in them, and ends.
fn place(part: &[u8], bytes: &[u8]) -> Option<(usize, usize)> {
    let start = part.as_ptr().addr().checked_sub(bytes.as_ptr().addr())?;
    Some((start, start + part.len()))
}

fn is_websocket(bytes: &[u8]) -> bool {
    let start = bytes.get(..bytes.len().min(64)).unwrap_or_default();
    let question = start.iter().position(|byte| *byte == b'?');
    question.is_some_and(|at| {
        bytes
            .get(at + 1..)
            .unwrap_or_default()
            .starts_with(WEBSOCKET)
    })
}

/// Whether no parser takes a target for anything else than what stands there.
fn is_simple(target: &[u8]) -> bool {
    // The last block may overlap the one before.
    let (blocks, _) = target.as_chunks();
    target.last_chunk().is_some_and(is_simple_block) && blocks.iter().all(is_simple_block)
}

/// Looks at every byte, which the compiler makes a few instructions of.
#[inline]
#[expect(
    clippy::needless_bitwise_bool,
    reason = "without branches many are compared at once"
)]
fn is_simple_block(block: &[u8; BLOCK]) -> bool {
    let odd = block.iter().fold(0, |odd, &byte| {
        let is_bound = (byte == b'"') | (byte == b'#') | (byte == b'<') | (byte == b'>');
        odd | u8::from(is_bound | (byte <= b' ') | (byte >= 0x7F))
    });
    odd == 0
}

/// Whether all of a query means the same to everybody: no fragment, nothing that is refused.
fn is_plain(query: &str) -> bool {
    // The parser has left nothing below them. Without a way out, so that it takes many bytes at once.
    query.bytes().fold(true, |plain, byte| {
        plain & !matches!(byte, b'"' | b'#' | b'<' | b'>' | 0x7F..)
    })
}

/// What the headers say, if nothing of it needs an HTTP server.
fn said<'a>(headers: &[Header<'a>]) -> Option<Said<'a>> {
    let mut said = Said::default();
    for header in headers {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        match header.name.len() {
            2 if is("te") => return None,
            6 if is("origin") => said.has_origin = true,
            6 if is("expect") => return None,
            7 if is("upgrade") || is("trailer") => return None,
            10 if is("connection") && !header.value.eq_ignore_ascii_case(b"keep-alive") => {
                return None;
            }
            12 if is("content-type") => {
                said.content_type.get_or_insert(header.value);
            }
            14 if is("content-length") => {
                if said.length.is_some() {
                    return None;
                }
                said.length = Some(header.value);
            }
            17 if is("transfer-encoding") => return None,
            _ => {}
        }
    }
    Some(said)
}

#[cfg(test)]
mod tests {
    use super::{Head, parsed, read, recognised};
    use crate::app::plain::known::Known;
    use crate::connection::MAX_FIELDS;

    /// Path, query, body and length of a request that is plain. What is recognised, behind a request with the same fields or usual ones,
    /// is what the parser finds.
    fn plain(text: &str) -> Option<(String, String, String, usize)> {
        let shown = |head: Head<'_>| {
            let body = String::from_utf8(head.request.body.to_vec()).unwrap();
            let query = head.request.query.to_owned();
            (head.path.to_owned(), query, body, head.len)
        };
        let found = parsed(text.as_bytes(), &mut Known::default()).map(shown);
        let fields = text.find("\r\n").map_or("", |end| &text[end..]);
        for before in [
            format!("GET /s/?sid=a HTTP/1.1{fields}"),
            format!("POST /s/?sid=a HTTP/1.1{fields}"),
            post("Content-Length: 4\r\n"),
        ] {
            let mut known = Known::default();
            read(before.as_bytes(), &mut known);
            if let Some(head) = recognised(text.as_bytes(), &known) {
                assert_eq!(Some(shown(head)), found, "{text}");
            }
            assert_eq!(
                read(text.as_bytes(), &mut known).map(shown),
                found,
                "{text}"
            );
        }
        found
    }

    #[test]
    fn a_request_with_the_fields_of_the_one_before_is_recognised() {
        let get = "GET /s/?EIO=4&transport=polling&sid=a HTTP/1.1\r\nHost: b\r\n\r\n";
        let first = post("Content-Length: 4\r\nX: y\r\n");
        let mut known = Known::default();
        for text in [get, &first] {
            assert!(recognised(text.as_bytes(), &known).is_none());
            assert!(read(text.as_bytes(), &mut known).is_some());
            assert!(recognised(text.as_bytes(), &known).is_some());
        }
        let other = post("Content-Length: 04\r\nX: y\r\n");
        assert!(recognised(other.as_bytes(), &known).is_some());
        for text in [
            get.replace("Host: b", "Host: c"),
            get.replace("Host: b", "Host: b\r\nContent-Length: 0"),
            get.replace("/s/?", "/s?#"),
            get.replace("=polling&sid=a", "=websocket&sid=a")
                .replace("s/?", "s/?EIO=4&transport=websocket&"),
            get.replace("\r\nHost", "\nHost"),
            get.replace("1.1", "1.0"),
            first.replace("X: y", "X: y\r\nOrigin: z"),
            first.replace(": 4", ": 5"),
            first.replace(": 4", ":  4"),
            first.replace("POST", "PUT"),
        ] {
            assert!(recognised(text.as_bytes(), &known).is_none(), "{text}");
        }
    }

    fn post(fields: &str) -> String {
        format!("POST /s/?EIO=4&sid=abcdefghijklmn HTTP/1.1\r\nHost: b\r\n{fields}\r\n4abc")
    }

    #[test]
    fn whole_requests_are_read_with_what_follows_left() {
        let text = "GET /s/?EIO=4&sid=abcdefghijklmn HTTP/1.1\r\nHost: b\r\n\r\nGET /";
        let (path, query, body, len) = plain(text).unwrap();
        assert_eq!((&*path, &*body), ("/s/", ""));
        assert_eq!(query, "EIO=4&sid=abcdefghijklmn");
        assert_eq!(&text[len..], "GET /");
        let (.., body, len) =
            plain(&post("content-LENGTH: 4\r\nConnection: Keep-Alive\r\n")).unwrap();
        assert_eq!(body, "4abc");
        assert_eq!(
            len,
            post("content-LENGTH: 4\r\nConnection: Keep-Alive\r\n").len()
        );
    }

    /// That it is the same behind fields that are known is asserted by `plain`.
    #[test]
    fn whatever_stands_in_a_target() {
        for byte in 0..=0x7F_u8 {
            let odd = char::from(byte);
            for target in [
                format!("/s{odd}/?EIO=4&sid=abcdefghijklmn"),
                format!("/s/?EIO=4&sid=abcdefghijklmn{odd}"),
                format!("{odd}/s/?EIO=4&sid=abcdefghijklmn"),
            ] {
                let known = plain(&format!("GET {target} HTTP/1.1\r\nHost: b\r\n\r\n"));
                let refused = byte <= b' ' || byte == 0x7F;
                assert!(!(refused && known.is_some()), "{target:?}");
            }
        }
    }

    #[test]
    fn a_request_that_is_cut_is_not_plain() {
        let text = post("Content-Length: 4\r\n");
        for end in 0..text.len() {
            assert!(plain(&text[..end]).is_none(), "{end}");
        }
        assert!(plain(&text).is_some());
    }

    #[test]
    fn what_needs_an_http_server_is_not_plain() {
        for fields in [
            "",
            "Content-Length: 4\r\nContent-Length: 4\r\n",
            "Content-Length: +4\r\n",
            "Content-Length: \r\n",
            "Content-Length: 4, 4\r\n",
            "Content-Length: 18446744073709551620\r\n",
            "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length: 4\r\nExpect: 100-continue\r\n",
            "Content-Length: 4\r\nUpgrade: websocket\r\n",
            "Content-Length: 4\r\nTE: trailers\r\n",
            "Content-Length: 4\r\nTrailer: x\r\n",
            "Content-Length: 4\r\nConnection: close\r\n",
            "Content-Length: 4\r\nConnection: keep-alive, TE\r\n",
            "Content-Length: 4\r\nX: a\r\n b\r\n",
            "Content-Length : 4\r\n",
        ] {
            assert!(plain(&post(fields)).is_none(), "{fields:?}");
        }
        for line in [
            "GET /s/?sid=a HTTP/1.0\r\n",
            "GET /s/?sid=a HTTP/1.1\n",
            "GET  /s/?sid=a HTTP/1.1\r\n",
            "\r\nGET /s/?sid=a HTTP/1.1\r\n",
            "GET /s/?sid=a#b HTTP/1.1\r\n",
            "GET /s/?sid=\u{e4} HTTP/1.1\r\n",
            "GET /s/ HTTP/1.1\r\n",
            "GET * HTTP/1.1\r\n",
            "GET ?sid=a HTTP/1.1\r\n",
            "GET s?sid=a HTTP/1.1\r\n",
            "HEAD /s/?sid=a HTTP/1.1\r\n",
            "PUT /s/?sid=a HTTP/1.1\r\n",
            "GET /s/?EIO=4&transport=websocket HTTP/1.1\r\n",
        ] {
            assert!(
                plain(&format!("{line}Host: b\r\n\r\n")).is_none(),
                "{line:?}"
            );
        }
        let many = "a: b\r\n".repeat(MAX_FIELDS + 1);
        assert!(plain(&post(&format!("Content-Length: 4\r\n{many}"))).is_none());
    }

    #[test]
    fn what_is_plain_of_a_query_is_taken_by_the_types_of_http() {
        for byte in 0..=0xFF_u8 {
            let query = char::from(byte).to_string();
            let target = format!("/s/?{query}");
            if plain(&format!("GET {target} HTTP/1.1\r\n\r\n")).is_some() {
                let target: axum::http::Uri = target.parse().unwrap();
                assert_eq!(target.query(), Some(&*query));
            }
        }
    }
}
