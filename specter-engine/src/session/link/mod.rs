//! The transport of a session: polling, polling with a probing WebSocket, or a WebSocket; and how
//! each ends.
//!
//! The connection's task owns it, so that an upgrade is a change of state here and not a hand-over
//! between tasks.

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

/// What carries a session.
#[expect(
    clippy::large_enum_variant,
    reason = "a WebSocket is what nearly all sessions are carried by; for the others it is a few \
        words too many"
)]
pub(crate) enum Link {
    /// HTTP requests; perhaps a WebSocket that probes beside them.
    Polling {
        polling: Polling,
        probe: Option<Box<WebSocket>>,
    },
    /// A WebSocket.
    WebSocket(WebSocket),
    /// Over, and the client is told with its next poll.
    CloseNotice { deadline: Instant },
    /// Over, and the WebSocket is being closed.
    ClosingWebSocket(Box<ClosingWebSocket>),
    /// Nothing is left.
    Gone,
}

impl Link {
    /// Ends the turn's burst, and writes what is queued, as far as the transport takes it.
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

    /// Whether it is a WebSocket, on which nothing is due but what the session says.
    pub(crate) fn is_websocket(&self) -> bool {
        matches!(self, Self::WebSocket(_))
    }

    /// Whether the peer has made room in a full stream since this was asked last.
    #[inline]
    pub(crate) fn take_peer_has_read(&mut self) -> bool {
        match self {
            Self::WebSocket(websocket) => websocket.take_peer_has_read(),
            _ => false,
        }
    }

    /// Whether the peer has ended its side of a stream that is not being read. Nothing is known of
    /// streams that are no TCP sockets.
    pub(crate) fn is_peer_gone(&self) -> bool {
        match self {
            Self::WebSocket(websocket) => websocket.is_peer_gone(),
            _ => false,
        }
    }

    /// How many bytes of unfinished messages it holds.
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
            Self::Polling { .. } | Self::WebSocket(_) | Self::Gone => None,
        }
    }

    /// Gets on with the end, once it has begun. Ready when nothing is left, or the server does not
    /// wait any more.
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
            Self::Gone => true,
        };
        if over {
            *self = Self::Gone;
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Takes the probing WebSocket away, if there is one.
    pub(crate) fn take_probe(&mut self) -> Option<Box<WebSocket>> {
        match self {
            Self::Polling { probe, .. } => probe.take(),
            _ => None,
        }
    }

    /// Makes the probing WebSocket the transport. Yields the polling that it takes the place of.
    pub(crate) fn upgrade(&mut self) -> Option<Polling> {
        let mut websocket = self.take_probe()?;
        websocket.take_over();
        match mem::replace(self, Self::WebSocket(*websocket)) {
            Self::Polling { polling, .. } => Some(polling),
            _ => None,
        }
    }
}
