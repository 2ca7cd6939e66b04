//! The settings of the Socket.IO layer.

use std::time::Duration;

use specter_proto::socketio::encode::{CLIENT_MAX_ATTACHMENTS, MAX_ATTACHMENTS};

use specter_engine::ConfigError;
use specter_engine::internals::LONGEST;

/// Times and bounds of the Socket.IO layer, changed through `AppBuilder::socket`.
///
/// ```
/// use specter_core::socket::SocketConfig;
///
/// let config = SocketConfig::default().max_namespaces(4).max_auth_bytes(1024);
/// # let _ = config;
/// ```
#[derive(Clone, Debug)]
pub struct SocketConfig {
    pub(crate) connect_timeout: Duration,
    pub(crate) connect_handler_timeout: Duration,
    pub(crate) ack_timeout: Duration,
    pub(crate) handler_grace_period: Duration,
    pub(crate) max_namespaces: usize,
    pub(crate) max_pending_events: usize,
    pub(crate) max_pending_bytes: usize,
    pub(crate) max_attachments: usize,
    pub(crate) attachment_timeout: Duration,
    pub(crate) max_outgoing_attachments: usize,
    pub(crate) max_auth_bytes: usize,
    pub(crate) max_namespace_len: usize,
    pub(crate) max_event_name_len: usize,
    pub(crate) max_concurrent: usize,
}

impl Default for SocketConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(45),
            connect_handler_timeout: Duration::from_secs(20),
            ack_timeout: Duration::from_secs(30),
            handler_grace_period: Duration::from_secs(30),
            max_namespaces: 32,
            max_pending_events: 256,
            max_pending_bytes: 1 << 20,
            max_attachments: 10,
            attachment_timeout: Duration::from_secs(30),
            max_outgoing_attachments: CLIENT_MAX_ATTACHMENTS,
            max_auth_bytes: 16 * 1024,
            max_namespace_len: 256,
            max_event_name_len: 256,
            max_concurrent: 64,
        }
    }
}

impl SocketConfig {
    /// How long a connection may stay without a namespace before it is closed. Default: 45 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long guards, building and `connect` handlers may take together; over it the client is
    /// refused with `CONNECT_ERROR`. Default: 20 s.
    pub fn connect_handler_timeout(mut self, limit: Duration) -> Self {
        self.connect_handler_timeout = limit;
        self
    }

    /// How long an acknowledgement is waited for unless said otherwise. Default: 30 s.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.ack_timeout = timeout;
        self
    }

    /// How long handlers may run on after their client left. Default: 30 s.
    ///
    /// The events' handlers that run when the client leaves share one such time; each `disconnect`
    /// handler has one of its own. A handler that takes longer is dropped. Its controller stays, so
    /// that the controller's `disconnect` and all that follows still run. Only a `blocking` handler
    /// with `&mut self` keeps its controller: the `disconnect` of that controller cannot run, and
    /// the log says so with the controller's name. `connect` has
    /// [`connect_handler_timeout`](Self::connect_handler_timeout) instead.
    pub fn handler_grace_period(mut self, grace: Duration) -> Self {
        self.handler_grace_period = grace;
        self
    }

    /// How many namespaces one connection may be in. Default: 32.
    pub fn max_namespaces(mut self, namespaces: usize) -> Self {
        self.max_namespaces = namespaces;
        self
    }

    /// How many events of one connection may wait to be handled. Default: 256.
    pub fn max_pending_events(mut self, events: usize) -> Self {
        self.max_pending_events = events;
        self
    }

    /// How many bytes of events of one connection may wait to be handled. Default: 1 MiB.
    pub fn max_pending_bytes(mut self, bytes: usize) -> Self {
        self.max_pending_bytes = bytes;
        self
    }

    /// How long the attachments of a packet may take, all together, after the packet itself. A
    /// connection on which they take longer is closed with `parse error`. The time stands still
    /// while the server does not read. Default: 30 s.
    pub fn attachment_timeout(mut self, timeout: Duration) -> Self {
        self.attachment_timeout = timeout;
        self
    }

    /// How many attachments one packet may have; zero is none. Default: 10.
    pub fn max_attachments(mut self, attachments: usize) -> Self {
        self.max_attachments = attachments;
        self
    }

    /// Sets how many attachments ([`Binary`] values) one packet to a client may have, in events,
    /// broadcasts and acknowledgements alike; zero is none. Default: 10.
    ///
    /// Current JavaScript clients take 10. They close the connection over a packet with more, and
    /// do so again after they have reconnected, if it is sent again. Raise this only if all clients
    /// take more, as those do whose parser has a larger `maxAttachments`.
    ///
    /// Over it `emit` and others return `EncodeError::TooManyAttachments`, and a handler's
    /// answer becomes an error acknowledgement. More than 255 fails at start.
    ///
    /// [`Binary`]: specter_proto::socketio::Binary
    pub fn max_outgoing_attachments(mut self, attachments: usize) -> Self {
        self.max_outgoing_attachments = attachments;
        self
    }

    /// How many bytes the payload of a CONNECT may have, which is kept for the socket's life.
    /// Default: 16 KiB.
    pub fn max_auth_bytes(mut self, bytes: usize) -> Self {
        self.max_auth_bytes = bytes;
        self
    }

    /// How many bytes a namespace's name may have. Default: 256.
    pub fn max_namespace_len(mut self, bytes: usize) -> Self {
        self.max_namespace_len = bytes;
        self
    }

    /// How many bytes an event's name may have. Default: 256.
    pub fn max_event_name_len(mut self, bytes: usize) -> Self {
        self.max_event_name_len = bytes;
        self
    }

    /// How many `concurrent` handlers of one socket run at once. Default: 64.
    pub fn max_concurrent(mut self, handlers: usize) -> Self {
        self.max_concurrent = handlers;
        self
    }

    /// What is wrong with the settings: what is zero, or longer than any sensible time, would
    /// disable what it bounds.
    pub(crate) fn faults(&self) -> Vec<ConfigError> {
        let times = [
            ("connect_timeout", self.connect_timeout),
            ("connect_handler_timeout", self.connect_handler_timeout),
            ("ack_timeout", self.ack_timeout),
            ("handler_grace_period", self.handler_grace_period),
            ("attachment_timeout", self.attachment_timeout),
        ];
        let limits = [
            ("max_namespaces", self.max_namespaces),
            ("max_pending_events", self.max_pending_events),
            ("max_pending_bytes", self.max_pending_bytes),
            ("max_auth_bytes", self.max_auth_bytes),
            ("max_namespace_len", self.max_namespace_len),
            ("max_event_name_len", self.max_event_name_len),
            ("max_concurrent", self.max_concurrent),
        ];
        let attachments = (self.max_outgoing_attachments > MAX_ATTACHMENTS).then_some(
            ConfigError::LimitTooHigh {
                setting: "max_outgoing_attachments",
                max: MAX_ATTACHMENTS,
            },
        );
        let times = times
            .into_iter()
            .filter(|(_, time)| time.is_zero() || *time > LONGEST);
        let limits = limits.into_iter().filter(|(_, limit)| *limit == 0);
        times
            .map(|(setting, _)| ConfigError::Duration { setting })
            .chain(limits.map(|(setting, _)| ConfigError::ZeroLimit { setting }))
            .chain(attachments)
            .collect()
    }
}
