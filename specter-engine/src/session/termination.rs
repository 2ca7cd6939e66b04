//! How a connection ends: the reason for the handler, the last words for the peer.

use crate::close_reason::CloseReason;

/// The end of a connection, as the part that met it puts it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ending {
    pub(crate) reason: CloseReason,
    pub(crate) farewell: Farewell,
}

/// What the peer is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Farewell {
    /// All that is queued, then that it is over.
    Flush,
    /// That it is over; on a WebSocket with this close code.
    Tell(Option<u16>),
    /// The peer said so first, on a WebSocket with this close code. It gets its answer.
    Answer(Option<u16>),
    /// Nothing: nobody is there.
    Silence,
}

impl Ending {
    /// The server's decision, for this reason.
    pub(crate) fn decided(reason: CloseReason) -> Self {
        let farewell = if reason.discards_queue() {
            Farewell::Tell(None)
        } else {
            Farewell::Flush
        };
        Self { reason, farewell }
    }

    /// The peer left in good order.
    pub(crate) fn peer_left(close_code: Option<u16>) -> Self {
        Self {
            reason: CloseReason::TransportClose,
            farewell: Farewell::Answer(close_code),
        }
    }

    /// The peer broke the transport's rules.
    pub(crate) fn violation(close_code: Option<u16>) -> Self {
        Self {
            reason: CloseReason::TransportError,
            farewell: Farewell::Tell(close_code),
        }
    }

    /// The transport is gone.
    pub(crate) fn gone(reason: CloseReason) -> Self {
        Self {
            reason,
            farewell: Farewell::Silence,
        }
    }
}
