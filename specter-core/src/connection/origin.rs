//! Origins as browsers write them, and which of them may open sessions.
//!
//! Only the values and their comparison; the request they are compared with is the HTTP layer's.

use std::fmt;

/// Which pages may open sessions, by the `Origin` of their requests.
///
/// Requests without an `Origin` do not come from pages and always may: native clients send none. A
/// page's own origin always may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OriginPolicy {
    /// Only pages of the same origin: scheme, host and port as in the request itself. A page from a
    /// loopback address may also use a server on a loopback address, whatever the ports.
    #[default]
    Same,
    /// Those of [`Same`](Self::Same), and these: `https://app.example`, `http://host:port`, `null`.
    Listed(Vec<String>),
    /// Every page. Can not be combined with credentials.
    Any,
}

impl<S: Into<String>> FromIterator<S> for OriginPolicy {
    /// The listed origins; `*` among them means any.
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

/// An origin taken apart: scheme, host in lower case, and the port even where it is the default.
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
    /// Reads an `Origin` header or a configured origin. `None` where it is neither `null` nor
    /// `scheme://host[:port]`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == "null" {
            return Some(Self::Opaque);
        }
        let (scheme, authority) = text.split_once("://")?;
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        if scheme.is_empty() || !scheme.bytes().all(valid) {
            return None;
        }
        Self::from_parts(scheme, authority)
    }

    /// The origin of a page that was loaded with this scheme from this `Host`.
    pub(crate) fn from_parts(scheme: &str, authority: &str) -> Option<Self> {
        let scheme = scheme.to_ascii_lowercase();
        let (host, port) = split_port(authority)?;
        let port = match port {
            Some(port) => port.parse().ok()?,
            None => default_port(&scheme),
        };
        Some(Self::Tuple {
            scheme,
            host: host.to_ascii_lowercase(),
            port,
        })
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
                .parse::<std::net::IpAddr>()
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

/// Splits `host:port`, where the host may be an IPv6 address in brackets. Refuses what can not be an
/// authority without user information.
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    let valid = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'?' | b'#' | b'@');
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
        Some(port) => Some((host, Some(port))),
        None if rest.is_empty() => Some((host, None)),
        None => None,
    }
}

/// The port that a scheme implies; 0 for schemes that have none (`capacitor://localhost`).
fn default_port(scheme: &str) -> u16 {
    match scheme {
        "http" | "ws" => 80,
        "https" | "wss" => 443,
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
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "",
            "app.example",
            "https://",
            "https://a/b",
            "https://user@a",
            "https://a:70000",
            "https://a:x",
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
    fn a_star_in_the_list_means_any() {
        assert_eq!(OriginPolicy::from(["*"]), OriginPolicy::Any);
        assert_eq!(
            OriginPolicy::from(vec!["https://a"]),
            OriginPolicy::Listed(vec!["https://a".into()])
        );
    }
}
