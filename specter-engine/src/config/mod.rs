//! The settings of an Engine.IO endpoint, their defaults, and the checks at start. They are plain
//! values; other modules apply them.

pub(crate) mod error;
mod file_limit;
pub(crate) mod ip_range;
pub(crate) mod origin;
pub(crate) mod origin_pattern;

use std::time::Duration;

use specter_proto::engine::{PayloadLimits, SessionConfig};
use specter_proto::websocket::Limits;

use crate::config::error::ConfigError;
use crate::config::ip_range::IpRange;
use crate::config::origin::OriginPolicy;
use crate::config::origin_pattern::OriginPattern;

/// What happens to a connection whose client reads too slowly.
///
/// A connection whose outgoing queue holds more than [`EngineConfig::max_queued_bytes`] is
/// *behind*. Its client reads too slowly when the connection stays behind for a whole
/// [`EngineConfig::slow_client_timeout`] in which fewer than `max_queued_bytes` left the queue, or
/// when an event would make the queue hold more than [`EngineConfig::max_burst_bytes`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum QueuePolicy {
    /// The connection is closed; the client may connect again.
    #[default]
    Disconnect,
    /// Events for the client are discarded until it is no longer behind, and their senders get an
    /// error. Acknowledgements, replies to CONNECT, DISCONNECT packets and pings are never
    /// discarded.
    Drop,
}

/// The family of headers in which trusted proxies name their clients. The other family is never
/// read, because proxies pass it on as the client wrote it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ProxyHeaders {
    /// `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`.
    #[default]
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// The settings of an Engine.IO endpoint. Where Socket.IO has the same setting, the default is the
/// same.
///
/// ```
/// use std::time::Duration;
/// use specter_engine::EngineConfig;
///
/// let config = EngineConfig::default()
///     .ping_interval(Duration::from_secs(10))
///     .max_payload(256 * 1024)
///     .origins(["https://app.example"]);
/// assert_eq!(config.validate(), Ok(()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, in any combination"
)]
pub struct EngineConfig {
    #[doc(hidden)]
    pub ping_interval: Duration,
    #[doc(hidden)]
    pub ping_timeout: Duration,
    #[doc(hidden)]
    pub upgrade_timeout: Duration,
    pub(crate) http_body_timeout: Duration,
    #[doc(hidden)]
    pub max_payload: usize,
    pub(crate) max_handshake_bytes: usize,
    pub(crate) max_packets_per_body: usize,
    pub(crate) max_packets_per_poll: usize,
    pub(crate) max_fragments: usize,
    pub(crate) polling: bool,
    pub(crate) websocket: bool,
    pub(crate) allow_upgrades: bool,
    #[doc(hidden)]
    pub max_queued_bytes: usize,
    pub(crate) max_burst_bytes: usize,
    pub(crate) slow_client_timeout: Duration,
    #[doc(hidden)]
    pub max_buffered_total: usize,
    pub(crate) queue_policy: QueuePolicy,
    pub(crate) origins: OriginPolicy,
    pub(crate) credentials: bool,
    pub(crate) trusted_proxies: Vec<String>,
    pub(crate) proxy_headers: ProxyHeaders,
    /// `None`: the default of [`EngineConfig::connection_limit`].
    pub(crate) max_connections: Option<usize>,
    pub(crate) max_connections_per_address: Option<usize>,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            http_body_timeout: Duration::from_secs(30),
            max_payload: 1_000_000,
            max_handshake_bytes: 16 * 1024,
            max_packets_per_body: PayloadLimits::default().max_packets,
            max_packets_per_poll: 16,
            max_fragments: Limits::new(0).max_fragments,
            polling: true,
            websocket: true,
            allow_upgrades: true,
            max_queued_bytes: 1024 * 1024,
            max_burst_bytes: 16 * 1024 * 1024,
            slow_client_timeout: Duration::from_secs(10),
            max_buffered_total: 1024 * 1024 * 1024,
            queue_policy: QueuePolicy::Disconnect,
            origins: OriginPolicy::Same,
            credentials: false,
            trusted_proxies: Vec::new(),
            proxy_headers: ProxyHeaders::XForwarded,
            max_connections: None,
            max_connections_per_address: None,
        }
    }
}

impl EngineConfig {
    /// The time from a pong to the next ping of the server. Default: 25 s. Clients learn it in the
    /// handshake.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.ping_interval = interval;
        self
    }

    /// How long a client may take to answer a ping, counted from the time at which the ping was
    /// due. If the server sends the ping late, the client's time is shorter by that, but by a
    /// quarter at most. Default: 20 s. At the limit the connection is closed with
    /// [`CloseReason::PingTimeout`](crate::CloseReason::PingTimeout), unless a packet of the client
    /// has been received meanwhile; a poll request is not a packet.
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.ping_timeout = timeout;
        self
    }

    /// How long the upgrade of a polling session to a WebSocket may take. Default: 10 s. At the
    /// limit the WebSocket is closed, and the session continues on polling.
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.upgrade_timeout = timeout;
        self
    }

    /// How long the body of a polling request may take to arrive, from the end of the request's
    /// head to the last byte of the body. Default: 30 s. At the limit the request is answered with
    /// 408, and the session ends with
    /// [`CloseReason::TransportError`](crate::CloseReason::TransportError).
    pub fn http_body_timeout(mut self, timeout: Duration) -> Self {
        self.http_body_timeout = timeout;
        self
    }

    /// The largest message and the largest polling body that a client may send, in bytes. Default:
    /// 1,000,000. Clients learn it in the handshake. A larger message closes a WebSocket with the
    /// code 1009; a larger body is answered with 413. Both end the session with
    /// [`CloseReason::TransportError`](crate::CloseReason::TransportError).
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.max_payload = bytes;
        self
    }

    /// The largest size in bytes of the target and the headers of a request that opens a session.
    /// They are kept as long as the session is open. Default: 16 KiB. A larger request is answered
    /// with 431.
    pub fn max_handshake_bytes(mut self, bytes: usize) -> Self {
        self.max_handshake_bytes = bytes;
        self
    }

    /// The most packets in a polling body. Default: 65,536, because a client that emits events in a
    /// loop sends them in one body. A body with more ends the session with
    /// [`CloseReason::ParseError`](crate::CloseReason::ParseError), and none of its packets is
    /// processed.
    pub fn max_packets_per_body(mut self, packets: usize) -> Self {
        self.max_packets_per_body = packets;
        self
    }

    /// The most packets in the response to a poll; each attachment counts as one. Default: 16,
    /// because the official Python client disconnects when it receives more. Further packets are in
    /// the response to the next poll.
    pub fn max_packets_per_poll(mut self, packets: usize) -> Self {
        self.max_packets_per_poll = packets;
        self
    }

    /// The most fragments of a WebSocket message. Default: 4,096. A message with more closes the
    /// WebSocket with the code 1009, and the session ends with
    /// [`CloseReason::TransportError`](crate::CloseReason::TransportError).
    pub fn max_fragments(mut self, fragments: usize) -> Self {
        self.max_fragments = fragments;
        self
    }

    /// Whether sessions may use HTTP long-polling. Default: `true`. If `false`, polling requests
    /// are answered with 400. At least one transport must be enabled.
    pub fn polling(mut self, enabled: bool) -> Self {
        self.polling = enabled;
        self
    }

    /// Whether sessions may use a WebSocket. Default: `true`. If `false`, requests for a WebSocket
    /// are answered with 400. At least one transport must be enabled.
    pub fn websocket(mut self, enabled: bool) -> Self {
        self.websocket = enabled;
        self
    }

    /// Whether a polling session may upgrade to a WebSocket. Default: `true`. If `false`, the
    /// upgrade request is answered with 400, and the session continues on polling.
    pub fn allow_upgrades(mut self, allowed: bool) -> Self {
        self.allow_upgrades = allowed;
        self
    }

    /// How many bytes may be queued for one connection before it is *behind*. Each packet counts 64
    /// bytes in addition to its own. Default: 1 MiB. While a connection is behind, no further event
    /// of its client starts. Packets are lost only if the client reads too slowly: see
    /// [`slow_client_timeout`](Self::slow_client_timeout).
    pub fn max_queued_bytes(mut self, bytes: usize) -> Self {
        self.max_queued_bytes = bytes;
        self
    }

    /// The most bytes that may be queued for one connection. Default: 16 MiB. If an event would
    /// exceed it, the client counts as too slow, and the [`queue_policy`](Self::queue_policy)
    /// applies. An event that is larger than this by itself is an error of the sender and changes
    /// nothing else. Acknowledgements, replies to CONNECT, DISCONNECT packets and pings count, but
    /// are never rejected. A value below [`max_queued_bytes`](Self::max_queued_bytes) is taken as
    /// that value.
    pub fn max_burst_bytes(mut self, bytes: usize) -> Self {
        self.max_burst_bytes = bytes;
        self
    }

    /// How long a connection may be behind while fewer than
    /// [`max_queued_bytes`](Self::max_queued_bytes) leave its queue. Default: 10 s. After that its
    /// client counts as too slow, and the [`queue_policy`](Self::queue_policy) applies. A polling
    /// client is not too slow if it has fetched two full responses in this time.
    pub fn slow_client_timeout(mut self, timeout: Duration) -> Self {
        self.slow_client_timeout = timeout;
        self
    }

    /// The most bytes that the process may hold for all connections of the endpoint together:
    /// outgoing queues, pending events, unfinished messages. A packet that is in several queues
    /// counts once. The endpoints of one App share the limit. Default: 1 GiB. Above it, the
    /// connections that hold the most are closed: first those that are behind, then those with
    /// unfinished messages or pending events.
    pub fn max_buffered_total(mut self, bytes: usize) -> Self {
        self.max_buffered_total = bytes;
        self
    }

    /// What happens to a connection whose client reads too slowly. Default:
    /// [`QueuePolicy::Disconnect`].
    pub fn queue_policy(mut self, policy: QueuePolicy) -> Self {
        self.queue_policy = policy;
        self
    }

    /// The origins whose pages may open sessions: an [`OriginPolicy`], or a list of origins such as
    /// `https://app.example` or `https://*.app.example`. `*` in a list allows every origin.
    /// Default: [`OriginPolicy::Same`]. Requests of other pages are rejected with 403, on polling
    /// and on WebSocket.
    pub fn origins(mut self, origins: impl Into<OriginPolicy>) -> Self {
        self.origins = origins.into();
        self
    }

    /// Allows credentialed cross-origin requests (cookies, HTTP authentication) from the listed
    /// origins by sending `Access-Control-Allow-Credentials: true`. Default: `false`. Fails at
    /// start together with [`OriginPolicy::Any`].
    pub fn credentials(mut self, allowed: bool) -> Self {
        self.credentials = allowed;
        self
    }

    /// The addresses (`127.0.0.1`) or ranges (`10.0.0.0/8`) of proxies whose
    /// [`proxy_headers`](Self::proxy_headers) are believed. Default: none. The HTTP server must
    /// provide the addresses of its peers (`ConnectInfo<SocketAddr>`).
    ///
    /// A header is read from right to left, one element for each trusted proxy. The client is the
    /// last address that is no trusted proxy. If that element cannot be parsed, the client has no
    /// address; elements to its left are not used. A trusted proxy must append to the header or
    /// replace it; it must not pass it on unchanged.
    pub fn trusted_proxies<S: Into<String>>(mut self, ranges: impl IntoIterator<Item = S>) -> Self {
        self.trusted_proxies = ranges.into_iter().map(Into::into).collect();
        self
    }

    /// The family of headers that the trusted proxies write. The other family is never read.
    /// Default: [`ProxyHeaders::XForwarded`].
    pub fn proxy_headers(mut self, headers: ProxyHeaders) -> Self {
        self.proxy_headers = headers;
        self
    }

    /// The most open sessions. Default: 100,000, or the process's limit of open files (`ulimit -n`)
    /// less 128 if that is smaller. Further handshakes are answered with 503. A value above the
    /// limit of open files is a warning at start, because the connections above that limit cannot
    /// be accepted.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = Some(connections);
        self
    }

    /// The effective limit of open sessions.
    pub(crate) fn connection_limit(&self) -> usize {
        let default = || {
            file_limit::connections().map_or(MOST_CONNECTIONS, |files| files.min(MOST_CONNECTIONS))
        };
        self.max_connections.unwrap_or_else(default)
    }

    /// Logs a warning for each setting that cannot take full effect.
    pub(crate) fn warn(&self) {
        if let (Some(max_connections), Some(file_limit)) =
            (self.max_connections, file_limit::connections())
            && max_connections > file_limit
        {
            tracing::warn!(
                target: "specter::engine",
                max_connections,
                file_limit,
                "`max_connections` is larger than the process's limit of open files allows: raise \
                 that limit (`ulimit -n`, `LimitNOFILE=` in systemd), or connections beyond it \
                 cannot be accepted"
            );
        }
    }

    /// The most open sessions of one IP address. IPv6 addresses with the same first 64 bits count
    /// as one. Default: no limit, because clients behind a proxy that is not
    /// [trusted](Self::trusted_proxies), or in one company's or mobile network, share an address.
    /// Further handshakes are answered with 429. Set it if the server sees its clients' own
    /// addresses: without it, one client can take all of
    /// [`max_connections`](Self::max_connections).
    pub fn max_connections_per_address(mut self, connections: impl Into<Option<usize>>) -> Self {
        self.max_connections_per_address = connections.into();
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// The first fault. [`faults`](Self::faults) returns all.
    pub fn validate(&self) -> Result<(), ConfigError> {
        match self.faults().into_iter().next() {
            Some(fault) => Err(fault),
            None => Ok(()),
        }
    }

    /// All faults of the settings.
    pub fn faults(&self) -> Vec<ConfigError> {
        let mut faults = Vec::new();
        let durations = [
            ("ping_interval", self.ping_interval),
            ("ping_timeout", self.ping_timeout),
            ("upgrade_timeout", self.upgrade_timeout),
            ("slow_client_timeout", self.slow_client_timeout),
            ("http_body_timeout", self.http_body_timeout),
        ];
        for (setting, duration) in durations {
            if duration.is_zero() || duration > LONGEST {
                faults.push(ConfigError::Duration { setting });
            }
        }
        let limits = [
            ("max_payload", self.max_payload),
            ("max_handshake_bytes", self.max_handshake_bytes),
            ("max_packets_per_body", self.max_packets_per_body),
            ("max_packets_per_poll", self.max_packets_per_poll),
            ("max_fragments", self.max_fragments),
            ("max_queued_bytes", self.max_queued_bytes),
            ("max_burst_bytes", self.max_burst_bytes),
            ("max_buffered_total", self.max_buffered_total),
            ("max_connections", self.max_connections.unwrap_or(1)),
            (
                "max_connections_per_address",
                self.max_connections_per_address.unwrap_or(1),
            ),
        ];
        for (setting, limit) in limits {
            if limit == 0 {
                faults.push(ConfigError::ZeroLimit { setting });
            }
        }
        if !self.polling && !self.websocket {
            faults.push(ConfigError::NoTransport);
        }
        if self.credentials && self.origins == OriginPolicy::Any {
            faults.push(ConfigError::AnyOriginWithCredentials);
        }
        faults.extend(self.invalid_origins());
        faults.extend(self.invalid_proxies());
        faults
    }

    /// The settings of the protocol's state machine.
    pub(crate) fn session(&self) -> SessionConfig {
        SessionConfig {
            ping_interval: self.ping_interval,
            ping_timeout: self.ping_timeout,
            upgrade_timeout: self.upgrade_timeout,
            max_payload: self.max_payload,
        }
    }

    fn invalid_origins(&self) -> impl Iterator<Item = ConfigError> {
        let listed = match &self.origins {
            OriginPolicy::Listed(listed) => listed.as_slice(),
            OriginPolicy::Same | OriginPolicy::Any => &[],
        };
        listed.iter().filter_map(|origin| {
            let fault = OriginPattern::parse(origin).err()?;
            Some(ConfigError::Origin {
                origin: origin.clone(),
                fault,
            })
        })
    }

    fn invalid_proxies(&self) -> impl Iterator<Item = ConfigError> {
        self.trusted_proxies
            .iter()
            .filter(|range| IpRange::parse(range).is_none())
            .map(|range| ConfigError::TrustedProxy {
                range: range.clone(),
            })
    }
}

/// The default of `max_connections`, if the limit of open files allows that many.
const MOST_CONNECTIONS: usize = 100_000;

/// The longest duration that a setting may have. Sums of such durations do not overflow an
/// `Instant`.
pub const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

#[cfg(test)]
mod tests {
    use super::{ConfigError, EngineConfig};
    use crate::config::origin::OriginPolicy;
    use std::time::Duration;

    #[test]
    fn defaults_are_valid() {
        assert_eq!(EngineConfig::default().validate(), Ok(()));
    }

    #[test]
    fn any_origin_with_credentials_is_rejected() {
        let config = EngineConfig::default()
            .origins(OriginPolicy::Any)
            .credentials(true);
        assert_eq!(
            config.validate(),
            Err(ConfigError::AnyOriginWithCredentials)
        );
    }

    #[test]
    fn connections_fit_the_limit_of_open_files() {
        let default = EngineConfig::default().connection_limit();
        assert!((1..=100_000).contains(&default));
        if let Some(files) = super::file_limit::connections() {
            assert!(default <= files);
        }
        let chosen = EngineConfig::default().max_connections(1_000_000);
        assert_eq!(chosen.connection_limit(), 1_000_000);
    }

    #[test]
    fn an_origin_that_cannot_match_is_named_with_its_fault() {
        let config = EngineConfig::default().origins(["https://app.example", "https://api.*"]);
        let faults = config.faults();
        let texts: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "`origins` lists \"https://api.*\", which no page's origin can match: `*` may only \
                 be the first label of a domain, as in `https://*.app.example`, which allows all \
                 subdomains; to allow every origin use `OriginPolicy::Any`"
            ]
        );
    }

    #[test]
    fn all_faults_are_reported_at_once() {
        let config = EngineConfig::default()
            .ping_timeout(Duration::ZERO)
            .max_payload(0)
            .polling(false)
            .websocket(false)
            .origins(["example.com"])
            .trusted_proxies(["proxy.example"]);
        let codes: Vec<_> = config.faults().iter().map(ConfigError::code).collect();
        assert_eq!(
            codes,
            [
                "engine_config_duration",
                "engine_config_zero_limit",
                "engine_config_no_transport",
                "engine_config_origin",
                "engine_config_trusted_proxy",
            ]
        );
    }
}
