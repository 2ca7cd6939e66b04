//! The request that opened a session, kept for the life of the session.
//!
//! It contains compact copies and keeps no buffer of the HTTP server alive. Its `Debug` shows
//! neither headers nor the query, because both may contain tokens.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::time::SystemTime;

use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Uri, header};
use specter_proto::engine::pairs;

/// The request that opened a session.
#[derive(Clone)]
#[non_exhaustive]
pub struct Handshake {
    /// The path and query as the client requested them, including the prefixes of routers.
    pub uri: Uri,
    headers: Headers,
    /// The values that layers have stored in the request's extensions, such as an authenticated
    /// user. (The peer's address is not among them: see [`peer`](Self::peer).)
    pub extensions: Extensions,
    /// The client's address: the peer's, or the one that a trusted proxy names. `None` if the
    /// server does not provide addresses (see axum's `into_make_service_with_connect_info`).
    pub address: Option<IpAddr>,
    /// The peer of the TCP connection: the client, or the last proxy before the server.
    pub peer: Option<SocketAddr>,
    /// Whether the client used TLS, according to the server or a trusted proxy.
    pub secure: bool,
    /// When the request was received.
    pub issued: SystemTime,
}

impl Handshake {
    /// A handshake with this target and these headers, received now; everything else is empty.
    ///
    /// Both are copied, so that the handshake does not keep the buffer alive from which they were
    /// parsed.
    pub fn new(uri: &Uri, headers: &HeaderMap) -> Self {
        Self {
            uri: detached_uri(uri),
            headers: Headers::new(headers),
            extensions: Extensions::new(),
            address: None,
            peer: None,
            secure: false,
            issued: SystemTime::now(),
        }
    }

    /// All headers of the request.
    ///
    /// They are stored as text. The first call converts them to a map, which is kept for the life
    /// of the session.
    pub fn headers(&self) -> &HeaderMap {
        self.headers.map()
    }

    /// The pairs of the query in order, percent-decoded (`+` is a space), with invalid UTF-8
    /// replaced.
    pub fn query(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        pairs(self.uri.query().unwrap_or_default())
    }

    /// The first value of this query parameter, decoded.
    pub fn query_value(&self, name: &str) -> Option<Cow<'_, str>> {
        self.query()
            .find_map(|(key, value)| (key == name).then_some(value))
    }

    /// Whether the request has an `Origin` header, which may be the server's own origin or another.
    /// Browsers send one for pages, and so do some WebSocket libraries.
    pub fn has_origin(&self) -> bool {
        self.headers.has(&header::ORIGIN)
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
    // A `Uri` always formats to something that can be parsed again; otherwise the original is used.
    uri.to_string().parse().unwrap_or_else(|_| uri.clone())
}

/// Headers as one text, which takes a tenth of the memory of a map. The map is created on demand.
#[derive(Clone, Default)]
struct Headers {
    /// `name:value` and a line feed for each header; `name;value` for a header that must not be
    /// shown.
    text: Box<[u8]>,
    map: OnceLock<Box<HeaderMap>>,
}

impl Headers {
    fn new(headers: &HeaderMap) -> Self {
        let line =
            |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 2;
        let mut text = Vec::with_capacity(headers.iter().map(line).sum());
        for (name, value) in headers {
            text.extend_from_slice(name.as_str().as_bytes());
            text.push(if value.is_sensitive() { b';' } else { b':' });
            text.extend_from_slice(value.as_bytes());
            text.push(b'\n');
        }
        Self {
            text: text.into(),
            map: OnceLock::new(),
        }
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.text.split(|byte| *byte == b'\n')
    }

    fn map(&self) -> &HeaderMap {
        let map = || Box::new(self.lines().filter_map(header_of).collect());
        self.map.get_or_init(map)
    }

    /// Whether there is a header with this name, without creating the map.
    fn has(&self, name: &HeaderName) -> bool {
        let separator = |line: &[u8]| line.get(name.as_str().len()).copied();
        self.lines().any(|line| {
            line.starts_with(name.as_str().as_bytes())
                && matches!(separator(line), Some(b':' | b';'))
        })
    }
}

/// Parses the header of a line. Values contain no line feed, and names contain neither `:` nor `;`.
fn header_of(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let at = line.iter().position(|byte| matches!(byte, b':' | b';'))?;
    let (name, rest) = line.split_at_checked(at)?;
    let (separator, value) = rest.split_first()?;
    let mut value = HeaderValue::from_bytes(value).ok()?;
    value.set_sensitive(*separator == b';');
    Some((HeaderName::from_bytes(name).ok()?, value))
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
        headers.append("x-one", HeaderValue::from_static("b: c;"));
        headers.append("x-empty", HeaderValue::from_static(""));
        let mut secret = HeaderValue::from_bytes(b"\xFF\t:").unwrap();
        secret.set_sensitive(true);
        headers.append("authorization", secret);
        let handshake = Handshake::new(&Uri::from_static("/"), &headers);
        assert_eq!(*handshake.headers(), headers);
        assert!(handshake.headers()["authorization"].is_sensitive());
        assert!(!handshake.headers()["cookie"].is_sensitive());
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
