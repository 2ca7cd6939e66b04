//! `SocketConfig`: the settings of the Socket.IO layer, their defaults and their validation.

use std::time::Duration;

use specter_proto::socketio::encode::{CLIENT_MAX_ATTACHMENTS, MAX_ATTACHMENTS};

use specter_engine::ConfigError;
use specter_engine::internals::LONGEST;

/// The timeouts and limits of the Socket.IO layer. `AppBuilder::socket` changes them. A timeout or
/// limit of zero is an error at start, unless the setting allows zero. A timeout of more than
/// thirty days is an error too.
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
    /// How long a connection may stay open before it joins a namespace. Default: 45 s. After that
    /// it is closed.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long the guards, the construction of the controllers and their `connect` handlers may
    /// take together. Default: 20 s. After that the client is rejected with `CONNECT_ERROR`, with
    /// the message `connect timeout`.
    pub fn connect_handler_timeout(mut self, timeout: Duration) -> Self {
        self.connect_handler_timeout = timeout;
        self
    }

    /// How long the server waits for a client's acknowledgement if the call sets no timeout.
    /// Default: 30 s. After that the call fails with
    /// [`AckError::Timeout`](crate::socket::AckError::Timeout).
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.ack_timeout = timeout;
        self
    }

    /// How long handlers may continue to run after their client has disconnected. Default: 30 s.
    /// After that they are dropped.
    ///
    /// The event handlers that run when the client disconnects share one such period; each
    /// `disconnect` handler has one of its own. When a handler is dropped, its controller is kept,
    /// so that the controller's `disconnect` handler and the tear-down still run. An exception is a
    /// `blocking` handler with `&mut self`, which cannot be interrupted: the `disconnect` handler
    /// of its controller does not run, and a log line names the controller. `connect` handlers have
    /// [`connect_handler_timeout`](Self::connect_handler_timeout) instead.
    pub fn handler_grace_period(mut self, grace: Duration) -> Self {
        self.handler_grace_period = grace;
        self
    }

    /// How many namespaces one connection may join. Default: 32. A further CONNECT is answered with
    /// `CONNECT_ERROR`, with the message `Too many namespaces`.
    pub fn max_namespaces(mut self, namespaces: usize) -> Self {
        self.max_namespaces = namespaces;
        self
    }

    /// How many events of one connection may be pending: received, but not handled yet. Default:
    /// 256. At the limit the server stops reading from the connection until some are handled; its
    /// ping timeout is paused meanwhile.
    pub fn max_pending_events(mut self, events: usize) -> Self {
        self.max_pending_events = events;
        self
    }

    /// How many bytes the pending events of one connection may have together. Default: 1 MiB. At
    /// the limit the server stops reading, as at [`max_pending_events`](Self::max_pending_events).
    pub fn max_pending_bytes(mut self, bytes: usize) -> Self {
        self.max_pending_bytes = bytes;
        self
    }

    /// How long all attachments of a packet together may take to arrive after the packet itself.
    /// Default: 30 s. After that the connection is closed with `parse error`. The time does not
    /// pass while the server does not read from the connection.
    pub fn attachment_timeout(mut self, timeout: Duration) -> Self {
        self.attachment_timeout = timeout;
        self
    }

    /// How many binary attachments a packet from a client may have. Default: 10. Zero allows none.
    /// A packet with more closes the connection with `parse error`.
    pub fn max_attachments(mut self, attachments: usize) -> Self {
        self.max_attachments = attachments;
        self
    }

    /// How many attachments ([`Binary`] values) a packet to a client may have, in events,
    /// broadcasts and acknowledgements. Default: 10. Zero allows none. With more, `emit` and its
    /// variants fail with `EncodeError::TooManyAttachments`, and the client receives an error
    /// instead of a handler's answer. A limit of more than 255 is an error at start.
    ///
    /// Current JavaScript clients accept 10. They close the connection when they receive a packet
    /// with more. If the packet is sent again after they have reconnected, they close the new
    /// connection too. Raise the limit only if the parsers of all clients have a larger
    /// `maxAttachments`.
    ///
    /// [`Binary`]: specter_proto::socketio::Binary
    pub fn max_outgoing_attachments(mut self, attachments: usize) -> Self {
        self.max_outgoing_attachments = attachments;
        self
    }

    /// How many bytes the `auth` payload of CONNECT may have. It is kept as long as the socket
    /// exists. Default: 16 KiB. A larger payload is answered with `CONNECT_ERROR`, with the message
    /// `invalid auth`.
    pub fn max_auth_bytes(mut self, bytes: usize) -> Self {
        self.max_auth_bytes = bytes;
        self
    }

    /// How many bytes the name of a namespace may have in a client's packet. Default: 256. A packet
    /// with a longer name closes the connection with `parse error`.
    pub fn max_namespace_len(mut self, bytes: usize) -> Self {
        self.max_namespace_len = bytes;
        self
    }

    /// How many bytes the name of an event from a client may have. Default: 256. A packet with a
    /// longer name closes the connection with `parse error`.
    pub fn max_event_name_len(mut self, bytes: usize) -> Self {
        self.max_event_name_len = bytes;
        self
    }

    /// How many `concurrent` handlers of one socket may run at once. Default: 64. Further events
    /// wait until one of them returns.
    pub fn max_concurrent(mut self, handlers: usize) -> Self {
        self.max_concurrent = handlers;
        self
    }

    /// An error for each setting that is zero or too high, and so would disable the limit that it
    /// sets.
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
