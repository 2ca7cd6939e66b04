//! The reason for which a connection closed: one value for handlers, logs and counters.

use std::fmt;

/// Why a connection closed.
///
/// [`as_str`](Self::as_str) is the text that handlers and other implementations of Socket.IO use;
/// several reasons may share one. [`code`](Self::code) is unique and stable, for logs and counters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer has closed the connection: by a close packet, a close frame, or the end of its
    /// stream.
    TransportClose,
    /// The transport failed, or the peer violated its protocol: an oversized message, overlapping
    /// requests, an aborted poll, invalid WebSocket framing.
    TransportError,
    /// A packet could not be parsed.
    ParseError,
    /// The peer did not answer a ping in time.
    PingTimeout,
    /// The server closed the connection because of what the peer did.
    ForcedClose,
    /// The application closed the connection.
    ForcedServerClose,
    /// The server is shutting down. Clients reconnect.
    ServerShuttingDown,
    /// An event would have made the outgoing queue hold more than `max_burst_bytes`.
    QueueFull,
    /// The peer read too slowly: the outgoing queue held more than `max_queued_bytes` for a whole
    /// `slow_client_timeout`, and less than that left it meanwhile.
    SlowClient,
    /// All connections together held more than `max_buffered_total`, and this was one of the
    /// largest.
    BufferLimit,
    /// The connection was opened, but joined no namespace in time.
    ConnectTimeout,
}

impl CloseReason {
    /// All reasons.
    pub const ALL: [Self; 11] = [
        Self::TransportClose,
        Self::TransportError,
        Self::ParseError,
        Self::PingTimeout,
        Self::ForcedClose,
        Self::ForcedServerClose,
        Self::ServerShuttingDown,
        Self::QueueFull,
        Self::SlowClient,
        Self::BufferLimit,
        Self::ConnectTimeout,
    ];

    /// The text of other implementations of the protocol.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::ParseError => "parse error",
            Self::PingTimeout => "ping timeout",
            Self::ForcedClose
            | Self::QueueFull
            | Self::SlowClient
            | Self::BufferLimit
            | Self::ConnectTimeout => "forced close",
            Self::ForcedServerClose => "forced server close",
            Self::ServerShuttingDown => "server shutting down",
        }
    }

    /// A stable name, unique for each reason.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TransportClose => "transport_close",
            Self::TransportError => "transport_error",
            Self::ParseError => "parse_error",
            Self::PingTimeout => "ping_timeout",
            Self::ForcedClose => "forced_close",
            Self::ForcedServerClose => "forced_server_close",
            Self::ServerShuttingDown => "server_shutting_down",
            Self::QueueFull => "queue_full",
            Self::SlowClient => "slow_client",
            Self::BufferLimit => "buffer_limit",
            Self::ConnectTimeout => "connect_timeout",
        }
    }

    /// Whether queued packets are discarded instead of written first, because the peer is gone or
    /// has not read so far.
    pub(crate) const fn discards_queue(self) -> bool {
        matches!(
            self,
            Self::TransportClose
                | Self::TransportError
                | Self::PingTimeout
                | Self::QueueFull
                | Self::SlowClient
                | Self::BufferLimit
        )
    }

    /// Whether a polling session waits for its client's next request to send the close notice. If
    /// the client itself was at fault, its next request finds no session, which has the same
    /// effect.
    pub(crate) const fn awaits_poll(self) -> bool {
        !self.discards_queue() && !matches!(self, Self::ParseError)
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::CloseReason;
    use std::collections::HashSet;

    #[test]
    fn codes_are_unique() {
        let all = CloseReason::ALL;
        let codes: HashSet<_> = all.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), all.len());
    }
}
