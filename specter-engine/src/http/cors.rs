//! Decides which pages may use the endpoint, and adds the CORS headers (Fetch standard).
//!
//! Polling requests and upgrades get the same decision, because browsers send cookies with both.
//! Requests without an `Origin` header are always allowed: [`OriginPolicy`] says why.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, request};

use crate::config::EngineConfig;
use crate::config::origin::{Origin, OriginPolicy};
use crate::config::origin_pattern::OriginPattern;
use crate::http::client_address::Client;

/// The configured policy, parsed once.
#[derive(Debug)]
pub(crate) struct Origins {
    any: bool,
    listed: Vec<OriginPattern>,
    credentials: bool,
}

/// The decision about a request's origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The request has no `Origin`, or the server's own: no headers are needed.
    Same,
    /// A page of another origin is allowed. The value names the origin, or is `*`.
    Cross(HeaderValue),
    /// The page is not allowed.
    Rejected,
    /// The header is not an origin.
    Malformed,
}

impl Origins {
    pub(crate) fn new(config: &EngineConfig) -> Self {
        let listed = match &config.origins {
            OriginPolicy::Listed(listed) => listed.as_slice(),
            OriginPolicy::Same | OriginPolicy::Any => &[],
        };
        Self {
            any: config.origins == OriginPolicy::Any,
            listed: listed
                .iter()
                .filter_map(|text| OriginPattern::parse(text).ok())
                .collect(),
            credentials: config.credentials,
        }
    }

    /// Decides about a request.
    pub(crate) fn judge(&self, headers: &HeaderMap, client: &Client) -> Verdict {
        let mut values = headers.get_all(ORIGIN).iter();
        let value = match (values.next(), values.next()) {
            (None, _) => return Verdict::Same,
            (Some(value), None) => value,
            (Some(_), Some(_)) => return Verdict::Malformed,
        };
        let Ok(text) = value.to_str() else {
            return Verdict::Malformed;
        };
        if self.any {
            return Verdict::Cross(HeaderValue::from_static("*"));
        }
        let Some(origin) = Origin::parse(text) else {
            return Verdict::Rejected;
        };
        if self.listed.iter().any(|listed| listed.matches(&origin)) {
            return Verdict::Cross(value.clone());
        }
        let own = client
            .host
            .as_deref()
            .and_then(|host| Origin::from_parts(client.scheme(), host));
        match own {
            Some(own) if own == origin => Verdict::Same,
            Some(own) if own.is_loopback() && origin.is_loopback() => Verdict::Cross(value.clone()),
            _ => Verdict::Rejected,
        }
    }

    /// Adds the headers that make the browser let the page read the response.
    pub(crate) fn add_cors_headers(&self, verdict: &Verdict, headers: &mut HeaderMap) {
        let Verdict::Cross(origin) = verdict else {
            return;
        };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        if origin != "*" {
            headers.append(VARY, HeaderValue::from_static("origin"));
        }
        if self.credentials {
            headers.insert(
                ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
        }
    }
}

/// Whether the request is a preflight request.
pub(crate) fn is_preflight(request: &request::Parts) -> bool {
    request.method == Method::OPTIONS
        && request.headers.contains_key(ORIGIN)
        && request.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Adds the headers of the response to a preflight request, in addition to those of
/// [`Origins::add_cors_headers`].
pub(crate) fn answer_preflight(request: &HeaderMap, response: &mut HeaderMap) {
    response.insert(
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET,POST"),
    );
    // Allows all requested headers: clients may add their own to polling requests, and they have no
    // effect here.
    if let Some(wanted) = request.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        response.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        response.append(
            VARY,
            HeaderValue::from_static("access-control-request-headers"),
        );
    }
    response.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
}

#[cfg(test)]
mod tests {
    use super::{Origins, Verdict};
    use crate::config::EngineConfig;
    use crate::config::origin::OriginPolicy;
    use crate::http::client_address::Client;
    use http::{HeaderMap, HeaderValue, header};

    fn judge(policy: impl Into<OriginPolicy>, own: &str, origin: &str) -> Verdict {
        let (scheme, host) = own.split_once("://").unwrap();
        let client = Client {
            address: None,
            peer: None,
            secure: scheme == "https",
            host: Some(host.to_owned()),
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
        Origins::new(&EngineConfig::default().origins(policy)).judge(&headers, &client)
    }

    fn cross(origin: &str) -> Verdict {
        Verdict::Cross(HeaderValue::from_str(origin).unwrap())
    }

    #[test]
    fn by_default_only_the_own_origin_is_allowed() {
        let own = "https://app.example";
        let same = OriginPolicy::Same;
        assert_eq!(judge(same.clone(), own, own), Verdict::Same);
        assert_eq!(
            judge(same.clone(), own, "https://app.example:443"),
            Verdict::Same
        );
        for other in [
            "http://app.example",
            "https://app.example:8443",
            "https://evil.example",
            "https://app.example.evil.example",
            "https://sub.app.example",
            "null",
            "garbage",
        ] {
            assert_eq!(
                judge(same.clone(), own, other),
                Verdict::Rejected,
                "{other}"
            );
        }
    }

    #[test]
    fn the_websocket_scheme_of_the_own_host_is_the_own_origin() {
        let same = OriginPolicy::Same;
        for (own, origin) in [
            ("http://api.example:4100", "ws://api.example:4100"),
            ("https://api.example", "wss://api.example:443"),
            ("http://api.example:80", "ws://api.example"),
            ("http://localhost:4100", "ws://localhost:4100"),
        ] {
            assert_eq!(judge(same.clone(), own, origin), Verdict::Same, "{origin}");
        }
        for (own, origin) in [
            ("http://api.example", "wss://api.example"),
            ("https://api.example", "ws://api.example"),
            ("http://api.example:4100", "ws://api.example"),
            ("http://api.example", "file://"),
        ] {
            let verdict = judge(same.clone(), own, origin);
            assert_eq!(verdict, Verdict::Rejected, "{origin}");
        }
    }

    #[test]
    fn loopback_pages_may_use_a_loopback_server() {
        let own = "http://127.0.0.1:3000";
        let page = "http://localhost:5173";
        assert_eq!(judge(OriginPolicy::Same, own, page), cross(page));
        assert_eq!(
            judge(OriginPolicy::Same, "http://app.example", page),
            Verdict::Rejected
        );
        assert_eq!(
            judge(OriginPolicy::Same, own, "http://evil.example"),
            Verdict::Rejected
        );
        assert_eq!(judge(OriginPolicy::Same, own, "null"), Verdict::Rejected);
    }

    #[test]
    fn listed_origins_are_allowed_and_null_must_be_listed() {
        let own = "https://api.example";
        let listed = ["https://app.example", "null"];
        assert_eq!(
            judge(listed, own, "https://app.example"),
            cross("https://app.example")
        );
        assert_eq!(judge(listed, own, "null"), cross("null"));
        assert_eq!(judge(listed, own, own), Verdict::Same);
        assert_eq!(
            judge(listed, own, "https://evil.example"),
            Verdict::Rejected
        );
    }

    #[test]
    fn any_origin_is_answered_with_a_star() {
        assert_eq!(judge(["*"], "http://a", "https://b"), cross("*"));
        assert_eq!(judge(["*"], "http://a", "null"), cross("*"));
    }

    #[test]
    fn repeated_or_unreadable_headers_are_malformed() {
        let client = Client {
            address: None,
            peer: None,
            secure: false,
            host: Some("a".to_owned()),
        };
        let origins = Origins::new(&EngineConfig::default());
        let mut headers = HeaderMap::new();
        assert_eq!(origins.judge(&headers, &client), Verdict::Same);
        headers.append(header::ORIGIN, HeaderValue::from_bytes(b"\xFF").unwrap());
        assert_eq!(origins.judge(&headers, &client), Verdict::Malformed);
        headers.insert(header::ORIGIN, HeaderValue::from_static("http://a"));
        headers.append(header::ORIGIN, HeaderValue::from_static("http://a"));
        assert_eq!(origins.judge(&headers, &client), Verdict::Malformed);
    }
}
