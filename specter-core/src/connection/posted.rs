//! A polling body that was received in full, and the headers of the request that carried it.
//!
//! Few handlers ask for the headers. Where they came as text they stay that, and are made into a map for the first who asks.

use std::fmt;
use std::sync::OnceLock;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

/// How many headers a request may have whose headers are kept as text.
pub(crate) const MAX_FIELDS: usize = 32;

/// A body with its headers.
pub(crate) struct Posted {
    bytes: Bytes,
    /// Where the body begins. In front of it are the headers as they were sent, unless they are a map already.
    body: usize,
    headers: OnceLock<Box<HeaderMap>>,
}

impl Posted {
    /// With headers that are a map already.
    pub(crate) fn new(headers: HeaderMap, body: Bytes) -> Self {
        Self {
            bytes: body,
            body: 0,
            headers: Box::new(headers).into(),
        }
    }

    /// With headers of at most [`MAX_FIELDS`] lines, and the empty line behind them. Copies both.
    pub(crate) fn of_text(fields: &[u8], body: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(fields.len() + body.len());
        bytes.extend_from_slice(fields);
        bytes.extend_from_slice(body);
        Self {
            bytes: bytes.into(),
            body: fields.len(),
            headers: OnceLock::new(),
        }
    }

    pub(crate) fn body(&self) -> &[u8] {
        self.bytes.get(self.body..).unwrap_or_default()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        let fields = || self.bytes.get(..self.body).unwrap_or_default();
        self.headers.get_or_init(|| Box::new(map(fields())))
    }
}

/// Nothing of it: tokens travel in headers.
impl fmt::Debug for Posted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Posted").finish_non_exhaustive()
    }
}

/// Headers as a map. They were read before: none is left out.
fn map(fields: &[u8]) -> HeaderMap {
    headers_of(fields).unwrap_or_default()
}

/// Headers with the empty line behind them, at most [`MAX_FIELDS`], as a map. `None` where one is none to the types of HTTP.
pub(crate) fn headers_of(fields: &[u8]) -> Option<HeaderMap> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_FIELDS];
    match httparse::parse_headers(fields, &mut headers) {
        Ok(httparse::Status::Complete((_, headers))) => {
            let headers = headers.iter().map(|header| {
                let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
                Some((name, HeaderValue::from_bytes(header.value).ok()?))
            });
            headers.collect()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Posted;
    use bytes::Bytes;
    use http::HeaderMap;

    #[test]
    fn headers_of_a_text_are_read_when_they_are_asked_for() {
        let fields = b"Host: a\r\nX-One:  1 \r\nx-one:2\r\nx-empty:\r\nX-Odd: \xFF\t:\r\n\r\n";
        let posted = Posted::of_text(fields, b"4x");
        assert_eq!(posted.body(), b"4x");
        let headers = posted.headers();
        assert_eq!(headers.len(), 5, "{headers:?}");
        let ones: Vec<_> = headers.get_all("x-one").iter().collect();
        assert_eq!(ones, ["1", "2"]);
        assert_eq!(headers["x-odd"].as_bytes(), b"\xFF\t:");
        assert_eq!(headers["x-empty"], "");
    }

    #[test]
    fn a_body_may_be_without() {
        let posted = Posted::of_text(b"\r\n", b"");
        assert!(posted.body().is_empty() && posted.headers().is_empty());
        let posted = Posted::new(HeaderMap::new(), Bytes::from_static(b"4"));
        assert_eq!(posted.body(), b"4");
    }

    /// What the parser takes for a header is one to the types of HTTP as well.
    #[test]
    fn no_header_is_left_out() {
        for byte in 0..=u8::MAX {
            for line in [
                [b"a", &[byte][..], b": b"].concat(),
                [b"a: b", &[byte][..], b"c"].concat(),
            ] {
                let text = [&line[..], b"\r\n\r\n"].concat();
                let mut headers = [httparse::EMPTY_HEADER; 2];
                let Ok(parsed) = httparse::parse_headers(&text, &mut headers) else {
                    continue;
                };
                let (_, headers) = parsed.unwrap();
                let found = super::headers_of(&text).map(|found| found.len());
                assert_eq!(found, Some(headers.len()), "{}", text.escape_ascii());
            }
        }
    }
}
