//! How a connection terminates: the reason for the handler, and the close notice for the peer.

use crate::close_reason::CloseReason;

/// Why and how a connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Termination {
    pub(crate) reason: CloseReason,
    pub(crate) notice: CloseNotice,
}

/// The packets and frames that are sent to the peer at the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CloseNotice {
    /// The queue, then the close packet or frame.
    Flush,
    /// The close packet or, on a WebSocket, a close frame with this code.
    Send(Option<u16>),
    /// The answer to the peer's close; on a WebSocket with this code.
    Answer(Option<u16>),
    /// Nothing: the peer is gone.
    Nothing,
}

impl Termination {
    /// The server closes the connection for this reason.
    pub(crate) fn decided(reason: CloseReason) -> Self {
        let notice = if reason.discards_queue() {
            CloseNotice::Send(None)
        } else {
            CloseNotice::Flush
        };
        Self { reason, notice }
    }

    /// The peer has closed the connection in order.
    pub(crate) fn peer_left(close_code: Option<u16>) -> Self {
        Self {
            reason: CloseReason::TransportClose,
            notice: CloseNotice::Answer(close_code),
        }
    }

    /// The peer has violated the transport's protocol.
    pub(crate) fn violation(close_code: Option<u16>) -> Self {
        Self {
            reason: CloseReason::TransportError,
            notice: CloseNotice::Send(close_code),
        }
    }

    /// The transport has failed.
    pub(crate) fn gone(reason: CloseReason) -> Self {
        Self {
            reason,
            notice: CloseNotice::Nothing,
        }
    }
}
