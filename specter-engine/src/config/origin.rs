//! Origins as browsers send them, and the policy that decides which of them may open sessions.
//! `http/cors.rs` applies the policy to requests.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Which pages may open sessions, by the `Origin` of their requests.
///
/// Requests without an `Origin` are always allowed: native clients send none, but browsers send one
/// with every WebSocket, and with every request whose response a page of another origin could
/// read. Pages of the server's own origin are always allowed. The schemes `ws` and `http` are
/// equal, and so are `wss` and `https`, because WebSocket libraries outside of browsers send the
/// address that they connect to. The default port of a scheme (80, 443) may be omitted.
///
/// ```
/// use specter_engine::{EngineConfig, OriginPolicy};
///
/// let listed = ["https://app.example", "https://*.example.org", "file://", "null"];
/// let config = EngineConfig::default().origins(OriginPolicy::from(listed));
/// assert_eq!(config.validate(), Ok(()));
///
/// let error = EngineConfig::default().origins(["https://app.example/"]).validate();
/// let text = error.unwrap_err().to_string();
/// assert!(text.contains("it ends with a slash; write `https://app.example`"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OriginPolicy {
    /// Only pages of the same origin: with the scheme, host and port of the request itself. A page
    /// on a loopback address may also use a server on a loopback address, with any ports.
    #[default]
    Same,
    /// The origins of [`Same`](Self::Same) and the listed ones. An entry is one of these:
    ///
    /// - `scheme://host` or `scheme://host:port`, such as `https://app.example`: this origin.
    /// - `https://*.app.example`, with a port if one is needed: every subdomain of `app.example`,
    ///   at any depth, but not `app.example` itself.
    /// - `file://`: pages and devices that send this origin (Cordova, WebSocket libraries for
    ///   Arduino and ESP boards).
    /// - `null`: sandboxed pages, and files in browsers.
    ///
    /// Any other entry fails at start with
    /// [`ConfigError::Origin`](crate::ConfigError::Origin).
    Listed(Vec<String>),
    /// Every page. Cannot be combined with credentials.
    Any,
}

impl<S: Into<String>> FromIterator<S> for OriginPolicy {
    /// A policy of the listed origins, or of any origin if `*` is listed.
    fn from_iter<I: IntoIterator<Item = S>>(origins: I) -> Self {
        let listed: Vec<String> = origins.into_iter().map(Into::into).collect();
        if listed.iter().any(|origin| origin == "*") {
            Self::Any
        } else {
            Self::Listed(listed)
        }
    }
}

impl<S: Into<String>, const N: usize> From<[S; N]> for OriginPolicy {
    fn from(origins: [S; N]) -> Self {
        origins.into_iter().collect()
    }
}

impl<S: Into<String>> From<Vec<S>> for OriginPolicy {
    fn from(origins: Vec<S>) -> Self {
        origins.into_iter().collect()
    }
}

/// A parsed origin: scheme and host in lower case, with the port. `ws` and `wss` are stored as
/// `http` and `https`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// `null`: a sandboxed page, a file, a redirect across origins.
    Opaque,
    /// Everything else.
    Tuple {
        scheme: String,
        host: String,
        port: u16,
    },
}

impl Origin {
    /// Parses an `Origin` header or a configured origin. `None` if it is neither `null` nor
    /// `scheme://host[:port]`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == "null" {
            return Some(Self::Opaque);
        }
        let (scheme, authority) = text.split_once("://")?;
        if authority.is_empty() && scheme.eq_ignore_ascii_case("file") {
            return Some(Self::file());
        }
        if !is_scheme(scheme) {
            return None;
        }
        Self::from_parts(scheme, authority)
    }

    /// `file://`, the only origin without a host.
    pub(crate) fn file() -> Self {
        Self::Tuple {
            scheme: "file".to_owned(),
            host: String::new(),
            port: 0,
        }
    }

    /// The origin of a page that was loaded with this scheme from this host.
    pub(crate) fn from_parts(scheme: &str, authority: &str) -> Option<Self> {
        let scheme = http_scheme(scheme.to_ascii_lowercase());
        let (host, port) = split_port(authority)?;
        let port = match port {
            // `str::parse` would also accept a plus sign.
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => port.parse().ok()?,
            Some(_) => return None,
            None => default_port(&scheme),
        };
        Some(Self::Tuple {
            scheme,
            host: canonical_host(host),
            port,
        })
    }

    /// Whether the host is a subdomain of the other's, at any depth, and scheme and port are equal.
    pub(crate) fn is_subdomain_of(&self, parent: &Self) -> bool {
        let (
            Self::Tuple { scheme, host, port },
            Self::Tuple {
                scheme: parent_scheme,
                host: parent_host,
                port: parent_port,
            },
        ) = (self, parent)
        else {
            return false;
        };
        let label = host
            .strip_suffix(parent_host.as_str())
            .and_then(|rest| rest.strip_suffix('.'));
        let has_label = label.is_some_and(|label| !label.is_empty());
        has_label && scheme == parent_scheme && port == parent_port
    }

    /// Whether the host is this machine itself.
    pub(crate) fn is_loopback(&self) -> bool {
        let Self::Tuple { host, .. } = self else {
            return false;
        };
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        bare == "localhost"
            || bare.ends_with(".localhost")
            || bare
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opaque => f.write_str("null"),
            Self::Tuple { scheme, host, port } => write!(f, "{scheme}://{host}:{port}"),
        }
    }
}

/// Splits `host:port`; the host may be an IPv6 address in brackets. `None` if the text is no
/// authority or contains user information. An empty port counts as none (RFC 3986, section 3.2.3).
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    let valid = |byte: u8| {
        byte.is_ascii_graphic() && !matches!(byte, b'/' | b'\\' | b'?' | b'#' | b'@' | b'*')
    };
    if authority.is_empty() || !authority.bytes().all(valid) {
        return None;
    }
    let host_end = match authority.strip_prefix('[') {
        Some(rest) => rest.find(']')? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, rest) = authority.split_at_checked(host_end)?;
    match rest.strip_prefix(':') {
        _ if host.is_empty() => None,
        Some("") => Some((host, None)),
        Some(port) => Some((host, Some(port))),
        None if rest.is_empty() => Some((host, None)),
        None => None,
    }
}

/// Whether a text may be a scheme.
pub(crate) fn is_scheme(text: &str) -> bool {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    !text.is_empty() && text.bytes().all(valid)
}

/// Replaces `ws` by `http` and `wss` by `https`: in an origin they are equal.
fn http_scheme(scheme: String) -> String {
    match scheme.as_str() {
        "ws" => "http".to_owned(),
        "wss" => "https".to_owned(),
        _ => scheme,
    }
}

/// The host in lower case, an IPv6 address in its one canonical form.
fn canonical_host(host: &str) -> String {
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .and_then(|host| host.parse::<Ipv6Addr>().ok());
    match address {
        Some(address) => format!("[{address}]"),
        None => host.to_ascii_lowercase(),
    }
}

/// The default port of a scheme; 0 for schemes without one (`capacitor://localhost`).
fn default_port(scheme: &str) -> u16 {
    match scheme {
        "http" => 80,
        "https" => 443,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{Origin, OriginPolicy};

    #[test]
    fn default_ports_and_case_do_not_matter() {
        let parsed = Origin::parse("https://App.Example");
        assert_eq!(parsed, Origin::parse("HTTPS://app.example:443"));
        assert_eq!(parsed, Origin::from_parts("https", "app.example:443"));
        assert_ne!(parsed, Origin::parse("http://app.example"));
        assert_ne!(parsed, Origin::parse("https://app.example:8443"));
        assert_eq!(parsed, Origin::from_parts("https", "app.example:"));
    }

    #[test]
    fn websocket_schemes_are_those_of_http() {
        let parsed = Origin::parse("wss://app.example");
        assert_eq!(parsed, Origin::from_parts("https", "app.example"));
        assert_ne!(parsed, Origin::from_parts("http", "app.example"));
        let parsed = Origin::parse("ws://app.example:4100");
        assert_eq!(parsed, Origin::from_parts("http", "app.example:4100"));
        assert_ne!(parsed, Origin::from_parts("https", "app.example:4100"));
    }

    #[test]
    fn invalid_origins_are_rejected() {
        for text in [
            "",
            "app.example",
            "https://",
            "https://a/b",
            "https://user@a",
            "https://a:70000",
            "https://a:x",
            "https://a:+1",
            "https://*.example",
            "file:///",
            "https://[::1",
            "https://[::1]x",
            "https://a b",
            "://a",
            "NULL",
        ] {
            assert_eq!(Origin::parse(text), None, "{text}");
        }
    }

    #[test]
    fn loopback_is_recognised_by_host_alone() {
        for text in [
            "http://localhost:5173",
            "http://app.localhost",
            "https://127.0.0.1:1",
            "http://127.8.9.1",
            "http://[::1]:3000",
        ] {
            assert!(Origin::parse(text).unwrap().is_loopback(), "{text}");
        }
        for text in [
            "http://localhost.example",
            "http://10.0.0.1",
            "http://127.0.0.1.example",
            "null",
        ] {
            assert!(!Origin::parse(text).unwrap().is_loopback(), "{text}");
        }
    }

    #[test]
    fn a_star_in_the_list_allows_any_origin() {
        assert_eq!(OriginPolicy::from(["*"]), OriginPolicy::Any);
        assert_eq!(
            OriginPolicy::from(vec!["https://a"]),
            OriginPolicy::Listed(vec!["https://a".into()])
        );
    }
}
