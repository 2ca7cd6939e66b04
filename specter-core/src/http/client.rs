//! Who sent a request: address, scheme and host, through trusted proxies if there are any.
//!
//! Headers of a proxy are believed only if the connection comes from an address that the
//! configuration trusts; whoever else sends them is ignored.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, Version, header, request};

use crate::connection::{EngineConfig, IpRange, ProxyHeaders};

/// What a request says of the way it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Client {
    pub(super) address: Option<IpAddr>,
    /// Who opened the connection: the client, or the last proxy.
    pub(super) peer: Option<SocketAddr>,
    pub(super) secure: bool,
    /// The host as the client wrote it, with its port if it wrote one. Only an origin is ever compared with it: without one it may be absent.
    pub(super) host: Option<String>,
}

impl Client {
    /// The scheme of the page's own origin, if the page came from this server.
    pub(super) fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }
}

/// The proxies that are believed.
#[derive(Clone, Debug, Default)]
pub(super) struct TrustedProxies {
    ranges: Vec<IpRange>,
    headers: ProxyHeaders,
}

impl TrustedProxies {
    pub(super) fn new(config: &EngineConfig) -> Self {
        let ranges = config.trusted_proxies.iter();
        Self {
            ranges: ranges.filter_map(|range| IpRange::parse(range)).collect(),
            headers: config.proxy_headers,
        }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.ranges.iter().any(|range| range.contains(address))
    }

    /// Who sent this request, which came from `peer`.
    pub(super) fn client(&self, request: &request::Parts, peer: Option<SocketAddr>) -> Client {
        let address = peer.map(|peer| peer.ip().to_canonical());
        let direct = Client {
            address,
            peer,
            // On HTTP/1 the client may write what it likes there.
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

    fn behind_proxy(&self, headers: &HeaderMap, proxy: Client) -> Client {
        match self.headers {
            ProxyHeaders::Forwarded => self.forwarded(headers, proxy),
            ProxyHeaders::XForwarded => self.x_forwarded(headers, proxy),
        }
    }

    /// RFC 7239. Each proxy adds an element; the client is the last address that no trusted proxy
    /// has, and the element that names it says what it asked for.
    fn forwarded(&self, headers: &HeaderMap, proxy: Client) -> Client {
        let mut client = proxy;
        let lines = headers.get_all(header::FORWARDED).iter().rev();
        let elements = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| split_unquoted(line, ',').into_iter().rev());
        for element in elements {
            let mut address = None;
            for pair in split_unquoted(element, ';') {
                let Some((name, value)) = pair.split_once('=') else {
                    continue;
                };
                let value = value.trim().trim_matches('"');
                match name.trim().to_ascii_lowercase().as_str() {
                    "for" => address = parse_node(value),
                    "proto" => client.secure = is_secure(value),
                    "host" => client.host = Some(value.to_owned()),
                    _ => {}
                }
            }
            client.address = address;
            if !address.is_some_and(|address| self.trusts(address)) {
                break;
            }
        }
        client
    }

    /// The headers from before RFC 7239. Of several values the last is what the nearest proxy said.
    fn x_forwarded(&self, headers: &HeaderMap, proxy: Client) -> Client {
        let last = |name: &str| {
            let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
            line.rsplit(',').next().map(str::trim)
        };
        let mut client = proxy;
        if let Some(scheme) = last("x-forwarded-proto") {
            client.secure = is_secure(scheme);
        }
        if let Some(host) = last("x-forwarded-host") {
            client.host = Some(host.to_owned());
        }
        let lines = headers.get_all("x-forwarded-for").iter().rev();
        let addresses = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.rsplit(','));
        for address in addresses {
            client.address = parse_node(address.trim());
            if !client.address.is_some_and(|address| self.trusts(address)) {
                break;
            }
        }
        client
    }
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

/// An address as proxies write it: `1.2.3.4`, `1.2.3.4:5`, `::1`, `[::1]`, `[::1]:5`. Names that hide
/// it are no addresses.
fn parse_node(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|node| node.ip()))
        .map(|address: IpAddr| address.to_canonical())
}

/// Splits at a separator that stands outside of quotes.
fn split_unquoted(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(|character| {
        quoted ^= character == '"';
        character == separator && !quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::{Client, TrustedProxies};
    use crate::connection::{EngineConfig, ProxyHeaders};
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
            "for=6.6.6.6;host=evil.example, For=\"[2001:db8::1]:47\";Proto=https;Host=\"app.example:8443\", for=10.0.0.2;by=10.0.0.1",
        )];
        let config = EngineConfig::default()
            .trusted_proxies(["10.0.0.0/8"])
            .proxy_headers(ProxyHeaders::Forwarded);
        let seen = client_of(&config, "10.0.0.1:1", &headers);
        assert_eq!(summary(&seen), "2001:db8::1 https://app.example:8443");
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
    fn the_target_of_http_1_tells_no_scheme() {
        for (version, secure) in [(Version::HTTP_11, false), (Version::HTTP_2, true)] {
            let target = "https://server.example/";
            let request = Request::builder().version(version).uri(target);
            let parts = request.body(()).unwrap().into_parts().0;
            let seen = TrustedProxies::default().client(&parts, None);
            assert_eq!(seen.secure, secure);
        }
    }

    #[test]
    fn what_is_no_address_is_none() {
        for value in ["unknown", "_hidden", "", "1.2.3", "999.1.1.1"] {
            let headers = [("x-forwarded-for", value)];
            let seen = client(&["10.0.0.1"], "10.0.0.1:1", &headers);
            assert_eq!(seen.address, None, "{value}");
        }
    }

    #[test]
    fn mapped_addresses_are_plain_ones() {
        let seen = client(&[], "[::ffff:1.2.3.4]:5", &[]);
        assert_eq!(summary(&seen), "1.2.3.4 http://inner:3000");
    }
}
