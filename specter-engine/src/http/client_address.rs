//! The address, scheme and host of a client, through trusted proxies if there are any.
//!
//! The headers of a proxy are believed only if the connection comes from a trusted address.
//! `specter_proto::forwarded` parses them.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderValue, Version, header, request};
use specter_proto::forwarded::{self, Forwarded, ForwardedFor, x_forwarded_value};

use crate::config::ip_range::IpRange;
use crate::config::{EngineConfig, ProxyHeaders};

/// The client of a request, according to the connection and to trusted proxies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) address: Option<IpAddr>,
    /// The peer of the TCP connection: the client, or the last proxy.
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) secure: bool,
    /// The host as the client sent it, with its port if it sent one. It is compared only with
    /// origins, and may be `None` for a request without an `Origin`.
    pub(crate) host: Option<String>,
}

impl Client {
    /// The scheme of a page of this server.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }
}

/// The trusted proxies.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrustedProxies {
    ranges: Vec<IpRange>,
    headers: ProxyHeaders,
}

impl TrustedProxies {
    pub(crate) fn new(config: &EngineConfig) -> Self {
        let ranges = config.trusted_proxies.iter();
        Self {
            ranges: ranges.filter_map(|range| IpRange::parse(range)).collect(),
            headers: config.proxy_headers,
        }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.ranges.iter().any(|range| range.contains(address))
    }

    /// The client of a request that was received from `peer`.
    pub(crate) fn client(&self, request: &request::Parts, peer: Option<SocketAddr>) -> Client {
        let address = peer.map(|peer| peer.ip().to_canonical());
        let direct = Client {
            address,
            peer,
            // On HTTP/1 the client chooses the scheme in the request's target, so it proves
            // nothing.
            secure: request.version >= Version::HTTP_2 && request.uri.scheme_str() == Some("https"),
            host: request
                .headers
                .contains_key(header::ORIGIN)
                .then(|| host(request))
                .flatten(),
        };
        match address {
            Some(peer) if self.trusts(peer) => self.behind_proxy(&request.headers, direct),
            _ => direct,
        }
    }

    /// The client according to the proxy's headers. A value that they lack is that of the proxy.
    fn behind_proxy(&self, headers: &HeaderMap, proxy: Client) -> Client {
        let trusts = |address| self.trusts(address);
        let found = match self.headers {
            ProxyHeaders::Forwarded => forwarded::forwarded(lines(headers, "forwarded"), trusts),
            ProxyHeaders::XForwarded => Forwarded {
                client: forwarded::x_forwarded_for(lines(headers, "x-forwarded-for"), trusts),
                proto: x_forwarded_value(lines(headers, "x-forwarded-proto")).map(Cow::Borrowed),
                host: x_forwarded_value(lines(headers, "x-forwarded-host")).map(Cow::Borrowed),
            },
        };
        Client {
            address: match found.client {
                ForwardedFor::Nobody => proxy.address,
                ForwardedFor::Hidden => None,
                ForwardedFor::Address(address) => Some(address),
            },
            peer: proxy.peer,
            secure: found.proto.map_or(proxy.secure, |proto| is_secure(&proto)),
            host: found.host.map(Cow::into_owned).or(proxy.host),
        }
    }
}

/// The lines of a header, in order.
fn lines<'a>(
    headers: &'a HeaderMap,
    name: &'static str,
) -> impl DoubleEndedIterator<Item = &'a [u8]> {
    headers.get_all(name).iter().map(HeaderValue::as_bytes)
}

/// The host that a request names.
fn host(request: &request::Parts) -> Option<String> {
    let host = request.headers.get(header::HOST);
    host.and_then(|host| host.to_str().ok())
        .map(str::to_owned)
        .or_else(|| request.uri.authority().map(ToString::to_string))
}

fn is_secure(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("wss")
}

#[cfg(test)]
mod tests {
    use super::{Client, TrustedProxies};
    use crate::config::{EngineConfig, ProxyHeaders};
    use http::{Request, Version};

    fn client(trusted: &[&str], peer: &str, headers: &[(&str, &str)]) -> Client {
        let config = EngineConfig::default().trusted_proxies(trusted.iter().copied());
        client_of(&config, peer, headers)
    }

    fn client_of(config: &EngineConfig, peer: &str, headers: &[(&str, &str)]) -> Client {
        let mut request = Request::builder()
            .uri("/")
            .header("host", "inner:3000")
            .header("origin", "http://inner:3000");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap().into_parts().0;
        TrustedProxies::new(config).client(&request, peer.parse().ok())
    }

    fn summary(client: &Client) -> String {
        let address = client.address.map_or("?".to_owned(), |ip| ip.to_string());
        let host = client.host.as_deref().unwrap_or("?");
        format!("{address} {}://{host}", client.scheme())
    }

    const FORGED: [(&str, &str); 4] = [
        ("x-forwarded-for", "6.6.6.6"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "for=6.6.6.6;proto=https;host=evil.example"),
    ];

    #[test]
    fn headers_of_untrusted_peers_are_ignored() {
        let seen = client(&["10.0.0.0/8"], "9.9.9.9:1", &FORGED);
        assert_eq!(summary(&seen), "9.9.9.9 http://inner:3000");
        let seen = client(&[], "127.0.0.1:1", &FORGED);
        assert_eq!(summary(&seen), "127.0.0.1 http://inner:3000");
    }

    #[test]
    fn the_last_untrusted_address_is_the_client() {
        let headers = [
            ("x-forwarded-for", "6.6.6.6, 1.2.3.4"),
            ("x-forwarded-for", "10.0.0.2"),
            ("x-forwarded-proto", "http, https"),
            ("x-forwarded-host", "app.example"),
        ];
        let seen = client(&["10.0.0.0/8"], "10.0.0.1:1", &headers);
        assert_eq!(summary(&seen), "1.2.3.4 https://app.example");
    }

    #[test]
    fn forwarded_elements_are_read_up_to_the_client() {
        let headers = [(
            "forwarded",
            "for=6.6.6.6;host=evil.example, \
             For=\"[2001:db8::1]:47\";Proto=https;Host=\"app.example:8443\", \
             for=10.0.0.2;by=10.0.0.1",
        )];
        let config = EngineConfig::default()
            .trusted_proxies(["10.0.0.0/8"])
            .proxy_headers(ProxyHeaders::Forwarded);
        let seen = client_of(&config, "10.0.0.1:1", &headers);
        assert_eq!(summary(&seen), "2001:db8::1 https://app.example:8443");
    }

    #[test]
    fn a_quote_that_the_client_left_open_hides_it() {
        let config = EngineConfig::default()
            .trusted_proxies(["10.0.0.1"])
            .proxy_headers(ProxyHeaders::Forwarded);
        let forged = "for=6.6.6.6;proto=https;host=evil.example;x=\", for=203.0.113.9";
        let seen = client_of(&config, "10.0.0.1:1", &[("forwarded", forged)]);
        assert_eq!(summary(&seen), "? http://inner:3000");
    }

    #[test]
    fn a_line_that_is_no_text_is_not_skipped() {
        for headers in [ProxyHeaders::Forwarded, ProxyHeaders::XForwarded] {
            let config = EngineConfig::default()
                .trusted_proxies(["10.0.0.1"])
                .proxy_headers(headers);
            let odd = "for=1.2.3.4\u{e4}";
            let headers = [
                ("forwarded", "for=6.6.6.6;proto=https"),
                ("forwarded", odd),
                ("x-forwarded-for", "6.6.6.6"),
                ("x-forwarded-for", odd),
                ("x-forwarded-proto", "https"),
                ("x-forwarded-proto", ""),
                ("x-forwarded-host", "evil.example,"),
            ];
            let seen = client_of(&config, "10.0.0.1:1", &headers);
            assert_eq!(summary(&seen), "? http://inner:3000");
        }
    }

    #[test]
    fn headers_that_the_proxies_do_not_write_are_ignored() {
        let config = EngineConfig::default().trusted_proxies(["10.0.0.1"]);
        let seen = client_of(&config, "10.0.0.1:1", &FORGED[3..]);
        assert_eq!(summary(&seen), "10.0.0.1 http://inner:3000");
        let config = config.proxy_headers(ProxyHeaders::Forwarded);
        let seen = client_of(&config, "10.0.0.1:1", &FORGED[..3]);
        assert_eq!(summary(&seen), "10.0.0.1 http://inner:3000");
    }

    #[test]
    fn the_scheme_in_an_http_1_target_is_ignored() {
        for (version, secure) in [(Version::HTTP_11, false), (Version::HTTP_2, true)] {
            let target = "https://server.example/";
            let request = Request::builder().version(version).uri(target);
            let parts = request.body(()).unwrap().into_parts().0;
            let seen = TrustedProxies::default().client(&parts, None);
            assert_eq!(seen.secure, secure);
        }
    }

    #[test]
    fn an_invalid_address_is_none() {
        for value in ["unknown", "_hidden", "", "1.2.3", "999.1.1.1"] {
            let headers = [("x-forwarded-for", value)];
            let seen = client(&["10.0.0.1"], "10.0.0.1:1", &headers);
            assert_eq!(seen.address, None, "{value}");
        }
    }

    #[test]
    fn ipv4_mapped_addresses_become_ipv4() {
        let seen = client(&[], "[::ffff:1.2.3.4]:5", &[]);
        assert_eq!(summary(&seen), "1.2.3.4 http://inner:3000");
    }
}
