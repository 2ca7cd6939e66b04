//! The transport of a session: polling, polling with a probing WebSocket, or a WebSocket; and the
//! end of each.
//!
//! The connection's task owns the transport. An upgrade is therefore a change of state here, not a
//! hand-over between tasks.

pub(crate) mod budget;
pub(crate) mod polling;
pub(crate) mod read_buffer;
pub(crate) mod scratch;
pub(crate) mod stream;
pub(crate) mod websocket;

use std::mem;
use std::task::{Context, Poll};

use tokio::time::Instant;

use self::polling::Polling;
use self::websocket::WebSocket;
use crate::connection::{Connection, DrainState};
use crate::outgoing::write_batch;
use crate::session::closing_websocket::ClosingWebSocket;
use crate::session::termination::Termination;

/// The transport of a session.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all sessions use a WebSocket, and the others waste little memory"
)]
pub(crate) enum Link {
    /// HTTP requests, and possibly a probing WebSocket.
    Polling {
        polling: Polling,
        probe: Option<Box<WebSocket>>,
    },
    /// A WebSocket.
    WebSocket(WebSocket),
    /// The session has ended. The client receives the close notice with its next poll.
    CloseNotice { deadline: Instant },
    /// The session has ended, and the WebSocket is being closed.
    ClosingWebSocket(Box<ClosingWebSocket>),
    /// Closed.
    Closed,
}

impl Link {
    /// Writes the turn's batch and the queue, as far as the transport takes them.
    pub(crate) fn flush(
        &mut self,
        cx: &mut Context<'_>,
        connection: &Connection,
    ) -> Result<(), Termination> {
        if let Self::WebSocket(websocket) = self {
            return websocket.end_turn(cx, connection);
        }
        write_batch::abandon_turn(connection);
        if let Self::Polling { polling, .. } = self {
            polling.poll_aborted(cx)?;
            polling.flush(connection)?;
        }
        Ok(())
    }

    /// Whether the transport is a WebSocket, which has no deadlines of its own.
    pub(crate) fn is_websocket(&self) -> bool {
        matches!(self, Self::WebSocket(_))
    }

    /// Whether the peer has made room in a full stream since the last call.
    #[inline]
    pub(crate) fn take_peer_has_read(&mut self) -> bool {
        match self {
            Self::WebSocket(websocket) => websocket.take_peer_has_read(),
            _ => false,
        }
    }

    /// Whether the peer has closed its side of a stream that is not being read. Always `false` for
    /// streams that are no TCP sockets.
    pub(crate) fn is_peer_gone(&self) -> bool {
        match self {
            Self::WebSocket(websocket) => websocket.is_peer_gone(),
            _ => false,
        }
    }

    /// The bytes of unfinished messages.
    #[inline]
    pub(crate) fn buffered_bytes(&self) -> usize {
        match self {
            Self::WebSocket(websocket) => websocket.buffered_bytes(),
            _ => 0,
        }
    }

    /// When [`poll_leaving`](Self::poll_leaving) must be called at the latest.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::CloseNotice { deadline } => Some(*deadline),
            Self::ClosingWebSocket(closing) => Some(closing.deadline()),
            Self::Polling { .. } | Self::WebSocket(_) | Self::Closed => None,
        }
    }

    /// Continues to close the transport. Ready when nothing is left to do, or the server does not
    /// wait any longer.
    pub(crate) fn poll_leaving(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        stop: DrainState,
    ) -> Poll<()> {
        let over = match self {
            Self::ClosingWebSocket(_) if stop == DrainState::AtOnce => true,
            Self::Polling { .. } | Self::WebSocket(_) => false,
            Self::CloseNotice { deadline } => now >= *deadline,
            Self::ClosingWebSocket(closing) => closing.poll(cx, now).is_ready(),
            Self::Closed => true,
        };
        if over {
            *self = Self::Closed;
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Takes the probing WebSocket out, if there is one.
    pub(crate) fn take_probe(&mut self) -> Option<Box<WebSocket>> {
        match self {
            Self::Polling { probe, .. } => probe.take(),
            _ => None,
        }
    }

    /// Makes the probing WebSocket the transport. Returns the polling transport that it replaces.
    pub(crate) fn upgrade(&mut self) -> Option<Polling> {
        let mut websocket = self.take_probe()?;
        websocket.take_over();
        match mem::replace(self, Self::WebSocket(*websocket)) {
            Self::Polling { polling, .. } => Some(polling),
            _ => None,
        }
    }
}
