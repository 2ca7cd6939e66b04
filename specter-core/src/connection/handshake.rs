//! What the request that opened a session said, kept for the life of the session.
//!
//! Owns its own compact copies: nothing here keeps the HTTP server's read buffer alive. Its `Debug`
//! shows no header and no query, because tokens travel in both.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use http::{Extensions, HeaderMap, HeaderValue, Uri, header};
use specter_proto::engine::pairs;

/// The request that opened a session.
#[derive(Clone)]
#[non_exhaustive]
pub struct Handshake {
    /// Path and query as the client asked for them, mount prefixes included.
    pub uri: Uri,
    /// All headers of the request.
    pub headers: HeaderMap,
    /// What layers in front of the endpoint left in the request, such as an authenticated user.
    pub extensions: Extensions,
    /// The client's address: the peer's, or what a trusted proxy says of it. `None` where the server
    /// does not pass addresses on (see axum's `into_make_service_with_connect_info`).
    pub address: Option<IpAddr>,
    /// Whether the client spoke TLS, as far as the server or a trusted proxy says.
    pub secure: bool,
    /// When the request arrived.
    pub issued: SystemTime,
}

impl Handshake {
    /// A handshake with this target and these headers, issued now; everything else is empty.
    ///
    /// Copies both, so that the handshake does not keep the buffer alive that they were parsed from.
    pub fn new(uri: &Uri, headers: &HeaderMap) -> Self {
        Self {
            uri: detached_uri(uri),
            headers: detached_headers(headers),
            extensions: Extensions::new(),
            address: None,
            secure: false,
            issued: SystemTime::now(),
        }
    }

    /// The query's pairs in their order, percent-decoded (`+` is a space), invalid UTF-8 replaced.
    pub fn query(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        pairs(self.uri.query().unwrap_or_default())
    }

    /// The first value of this query parameter, decoded.
    pub fn query_value(&self, name: &str) -> Option<Cow<'_, str>> {
        self.query()
            .find_map(|(key, value)| (key == name).then_some(value))
    }

    /// Whether the request came from a page (it named its origin), same origin or not.
    pub fn has_origin(&self) -> bool {
        self.headers.contains_key(header::ORIGIN)
    }
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake")
            .field("path", &self.uri.path())
            .field("address", &self.address)
            .field("secure", &self.secure)
            .finish_non_exhaustive()
    }
}

/// A copy that shares no buffer with the original.
fn detached_uri(uri: &Uri) -> Uri {
    // A `Uri` always displays as something that parses again; if it ever did not, the original serves.
    uri.to_string().parse().unwrap_or_else(|_| uri.clone())
}

/// A copy whose values share one exactly sized buffer of their own.
fn detached_headers(headers: &HeaderMap) -> HeaderMap {
    let total = headers.values().map(HeaderValue::len).sum();
    let mut text = BytesMut::with_capacity(total);
    for value in headers.values() {
        text.extend_from_slice(value.as_bytes());
    }
    let text: Bytes = text.freeze();
    let mut copy = HeaderMap::with_capacity(headers.keys_len());
    let mut at = 0;
    for (name, value) in headers {
        let end = at + value.len();
        if let Ok(mut detached) = HeaderValue::from_maybe_shared(text.slice(at..end)) {
            detached.set_sensitive(value.is_sensitive());
            copy.append(name.clone(), detached);
        }
        at = end;
    }
    copy
}

#[cfg(test)]
mod tests {
    use super::Handshake;
    use http::{HeaderMap, HeaderValue, Uri};

    fn handshake(uri: &str) -> Handshake {
        Handshake::new(&uri.parse::<Uri>().unwrap(), &HeaderMap::new())
    }

    #[test]
    fn query_is_decoded_in_order() {
        let handshake = handshake("/socket.io/?a=1&b=x%20y+z&%C3%A4=%&a=2&flag");
        let pairs: Vec<_> = handshake
            .query()
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        let expected = [
            ("a", "1"),
            ("b", "x y z"),
            ("ä", "%"),
            ("a", "2"),
            ("flag", ""),
        ];
        assert_eq!(
            pairs,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert_eq!(handshake.query_value("a").as_deref(), Some("1"));
        assert_eq!(handshake.query_value("c"), None);
    }

    #[test]
    fn headers_are_copied_in_order_with_repetitions() {
        let mut headers = HeaderMap::new();
        headers.append("x-one", HeaderValue::from_static("a"));
        headers.append("cookie", HeaderValue::from_static("k=v"));
        headers.append("x-one", HeaderValue::from_static("b"));
        let handshake = Handshake::new(&Uri::from_static("/"), &headers);
        assert_eq!(handshake.headers, headers);
        assert!(!handshake.has_origin());
    }

    #[test]
    fn debug_shows_no_secrets() {
        let mut headers = HeaderMap::new();
        headers.append("authorization", HeaderValue::from_static("hunter2"));
        let handshake = Handshake::new(&Uri::from_static("/s?token=hunter2"), &headers);
        assert!(!format!("{handshake:?}").contains("hunter2"));
    }
}
