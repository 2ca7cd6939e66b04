//! The settings of an Engine.IO endpoint, their defaults, and what is refused at start.
//!
//! Plain values: nothing here acts on them.

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

/// The family of headers in which trusted proxies say who a client is. Only the one that they write
/// may be believed: the other one passes through them as the client wrote it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ProxyHeaders {
    /// `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`.
    #[default]
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// The settings of an Engine.IO endpoint. The defaults are those of Socket.IO where it has one.
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
    /// `None`: what [`EngineConfig::connection_limit`] says.
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
    /// How long the server waits after a pong before it pings again. Default: 25 s.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.ping_interval = interval;
        self
    }

    /// How long the client may take to answer a ping, counted from when the ping was due: a server
    /// that is late with it takes that from the client's time, but no more than a quarter. Any
    /// packet that is there when the time is over still counts; a poll is none. Default: 20 s.
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.ping_timeout = timeout;
        self
    }

    /// How long a WebSocket that wants to take over a polling session may take for it. Over it the
    /// WebSocket is closed; the session goes on polling. Default: 10 s.
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.upgrade_timeout = timeout;
        self
    }

    /// How long the body of a polling request may take to arrive, from the end of the request's
    /// head to the last byte of the body. A body that takes longer is answered with 408, and its
    /// session ends with
    /// [`CloseReason::TransportError`](crate::CloseReason::TransportError). Default: 30 s.
    pub fn http_body_timeout(mut self, timeout: Duration) -> Self {
        self.http_body_timeout = timeout;
        self
    }

    /// The largest message and the largest polling body that a client may send, in bytes.
    /// Advertised to clients. A longer message closes a WebSocket with the code 1009, a longer body
    /// is answered with 413; either ends the session with
    /// [`CloseReason::TransportError`](crate::CloseReason::TransportError). Default:
    /// 1,000,000.
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.max_payload = bytes;
        self
    }

    /// How many bytes the target and the headers of a request may have that opens a session,
    /// because they are kept as long as it is open. More are refused with 431. Default: 16 KiB.
    pub fn max_handshake_bytes(mut self, bytes: usize) -> Self {
        self.max_handshake_bytes = bytes;
        self
    }

    /// How many packets a polling body may hold. Default: 65,536, since a client sends all that it
    /// emitted in a loop in one body.
    pub fn max_packets_per_body(mut self, packets: usize) -> Self {
        self.max_packets_per_body = packets;
        self
    }

    /// How many packets the answer to a poll may hold; attachments count. The next poll is answered
    /// with the next ones at once. Default: 16, because the official Python client leaves when it
    /// is sent more.
    pub fn max_packets_per_poll(mut self, packets: usize) -> Self {
        self.max_packets_per_poll = packets;
        self
    }

    /// How many fragments a WebSocket message may come in. Default: 4,096.
    pub fn max_fragments(mut self, fragments: usize) -> Self {
        self.max_fragments = fragments;
        self
    }

    /// Whether sessions may poll over HTTP. Default: yes.
    pub fn polling(mut self, enabled: bool) -> Self {
        self.polling = enabled;
        self
    }

    /// Whether sessions may use a WebSocket. Default: yes.
    pub fn websocket(mut self, enabled: bool) -> Self {
        self.websocket = enabled;
        self
    }

    /// Whether a polling session may move to a WebSocket. Default: yes.
    pub fn allow_upgrades(mut self, allowed: bool) -> Self {
        self.allow_upgrades = allowed;
        self
    }

    /// How many bytes may wait to be written to one connection before it is *behind*; each packet
    /// counts 64 bytes more for its place. While a connection is behind, none of its client's
    /// further events begins. Nothing is lost by that alone: see
    /// [`slow_client_timeout`](Self::slow_client_timeout). Default: 1 MiB.
    pub fn max_queued_bytes(mut self, bytes: usize) -> Self {
        self.max_queued_bytes = bytes;
        self
    }

    /// How many bytes may wait to be written to one connection at all. An event that would make
    /// them more finds a client that reads too slowly, and the [`queue_policy`](Self::queue_policy)
    /// applies. An event that is larger than this by itself is refused with an error and changes
    /// nothing. Acknowledgements, replies to CONNECT, DISCONNECT packets and pings count, but are
    /// never refused. A value below [`max_queued_bytes`](Self::max_queued_bytes) counts as that
    /// one. Default: 16 MiB.
    pub fn max_burst_bytes(mut self, bytes: usize) -> Self {
        self.max_burst_bytes = bytes;
        self
    }

    /// How long a connection may be behind while fewer than
    /// [`max_queued_bytes`](Self::max_queued_bytes) leave its queue. After that its client counts
    /// as too slow, and the [`queue_policy`](Self::queue_policy) applies. Default: 10 s.
    pub fn slow_client_timeout(mut self, timeout: Duration) -> Self {
        self.slow_client_timeout = timeout;
        self
    }

    /// How many bytes all connections of the endpoint together may make the process hold: outgoing
    /// queues, events that wait, unfinished messages. A packet that waits in many queues counts
    /// once. Above it, the connections that hold the most are closed: first those that are behind,
    /// then those with unfinished messages or waiting events. The endpoints of one App share the
    /// limit. Default: 1 GiB.
    pub fn max_buffered_total(mut self, bytes: usize) -> Self {
        self.max_buffered_total = bytes;
        self
    }

    /// What happens when a client reads too slowly. Default: [`QueuePolicy::Disconnect`].
    pub fn queue_policy(mut self, policy: QueuePolicy) -> Self {
        self.queue_policy = policy;
        self
    }

    /// Which pages may open sessions. Takes an [`OriginPolicy`] or a list of origins, such as
    /// `https://app.example` or `https://*.app.example`; `*` in a list means any. A page of another
    /// origin is refused with 403, on polling and on WebSocket alike. Default:
    /// [`OriginPolicy::Same`].
    pub fn origins(mut self, origins: impl Into<OriginPolicy>) -> Self {
        self.origins = origins.into();
        self
    }

    /// Whether pages of other origins may send cookies and other credentials with their polling
    /// requests. Default: no.
    pub fn credentials(mut self, allowed: bool) -> Self {
        self.credentials = allowed;
        self
    }

    /// Addresses (`127.0.0.1`) or ranges (`10.0.0.0/8`) of proxies whose headers are believed,
    /// those of [`proxy_headers`](Self::proxy_headers). Needs a server that passes peer addresses
    /// on. Default: none.
    ///
    /// The headers are read from the right, one element for each trusted proxy: the client is the
    /// last address that is not a trusted proxy's. Where that element cannot be read, the client
    /// has no address; what stands to its left is not used. The proxy must append to the header, or
    /// replace it, but not pass on what the client sent.
    pub fn trusted_proxies<S: Into<String>>(mut self, ranges: impl IntoIterator<Item = S>) -> Self {
        self.trusted_proxies = ranges.into_iter().map(Into::into).collect();
        self
    }

    /// Which headers the trusted proxies write. The others are never read. Default:
    /// [`ProxyHeaders::XForwarded`].
    pub fn proxy_headers(mut self, headers: ProxyHeaders) -> Self {
        self.proxy_headers = headers;
        self
    }

    /// How many sessions may be open at once; over it handshakes are answered with 503. Default:
    /// the smaller of 100,000 and what the process's limit of open files (`ulimit -n`) leaves after
    /// 128 files for other uses. A number that is larger than the file limit allows is a warning at
    /// start: connections beyond it could not be accepted.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = Some(connections);
        self
    }

    /// The limit of sessions that holds.
    pub(crate) fn connection_limit(&self) -> usize {
        let default = || {
            file_limit::connections().map_or(MOST_CONNECTIONS, |files| files.min(MOST_CONNECTIONS))
        };
        self.max_connections.unwrap_or_else(default)
    }

    /// Says in the log what will not work as it is set.
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

    /// How many sessions one address may have open at once; over it handshakes are answered with
    /// 429. IPv6 addresses count together that share their first 64 bits. Default: no limit,
    /// because all clients behind a proxy that is no [trusted one](Self::trusted_proxies), or
    /// behind one address of a company or a mobile network, share that address. Set it where the
    /// server sees its clients' own addresses: without it one client may take all of
    /// [`max_connections`](Self::max_connections).
    pub fn max_connections_per_address(mut self, connections: impl Into<Option<usize>>) -> Self {
        self.max_connections_per_address = connections.into();
        self
    }

    /// Checks the settings. Reports the first fault; [`faults`](Self::faults) reports all.
    pub fn validate(&self) -> Result<(), ConfigError> {
        match self.faults().into_iter().next() {
            Some(fault) => Err(fault),
            None => Ok(()),
        }
    }

    /// All that is wrong with the settings.
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
        faults.extend(self.unreadable_origins());
        faults.extend(self.unreadable_proxies());
        faults
    }

    /// What the protocol's state machine keeps to.
    pub(crate) fn session(&self) -> SessionConfig {
        SessionConfig {
            ping_interval: self.ping_interval,
            ping_timeout: self.ping_timeout,
            upgrade_timeout: self.upgrade_timeout,
            max_payload: self.max_payload,
        }
    }

    fn unreadable_origins(&self) -> impl Iterator<Item = ConfigError> {
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

    fn unreadable_proxies(&self) -> impl Iterator<Item = ConfigError> {
        self.trusted_proxies
            .iter()
            .filter(|range| IpRange::parse(range).is_none())
            .map(|range| ConfigError::TrustedProxy {
                range: range.clone(),
            })
    }
}

/// The default of `max_connections`, where the limit of open files allows that many.
const MOST_CONNECTIONS: usize = 100_000;

/// Longer than any sensible time limit; sums of such durations still fit every clock.
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
    fn any_origin_with_credentials_is_refused() {
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
