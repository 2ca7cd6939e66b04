//! How a connection terminates: the reason for the handler, and the close notice for the peer.

use crate::close_reason::CloseReason;

/// The end of a connection, as the part that met it puts it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Termination {
    pub(crate) reason: CloseReason,
    pub(crate) notice: CloseNotice,
}

/// What the peer is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CloseNotice {
    /// All that is queued, then that it is over.
    Flush,
    /// That it is over; on a WebSocket with this close code.
    Tell(Option<u16>),
    /// The peer said so first, on a WebSocket with this close code. It gets its answer.
    Answer(Option<u16>),
    /// Nothing: nobody is there.
    Silence,
}

impl Termination {
    /// The server's decision, for this reason.
    pub(crate) fn decided(reason: CloseReason) -> Self {
        let notice = if reason.discards_queue() {
            CloseNotice::Tell(None)
        } else {
            CloseNotice::Flush
        };
        Self { reason, notice }
    }

    /// The peer left in good order.
    pub(crate) fn peer_left(close_code: Option<u16>) -> Self {
        Self {
            reason: CloseReason::TransportClose,
            notice: CloseNotice::Answer(close_code),
        }
    }

    /// The peer broke the transport's rules.
    pub(crate) fn violation(close_code: Option<u16>) -> Self {
        Self {
            reason: CloseReason::TransportError,
            notice: CloseNotice::Tell(close_code),
        }
    }

    /// The transport is gone.
    pub(crate) fn gone(reason: CloseReason) -> Self {
        Self {
            reason,
            notice: CloseNotice::Silence,
        }
    }
}
