//! What carries a session: polling, polling with a WebSocket that probes, a WebSocket; and the ways
//! out of each.
//!
//! Owned by the connection's task, so that an upgrade is a change of state here and not a hand-over
//! between tasks. Nothing in it knows handlers or messages' meaning.

mod budget;
mod ending;
mod input;
mod output;
mod parting;
mod pen;
mod polling;
mod websocket;

use std::mem;
use std::task::{Context, Poll};

use tokio::time::Instant;

pub(super) use self::budget::Budget;
pub(super) use self::ending::{Ending, Farewell};
pub(super) use self::parting::Parting;
pub(super) use self::pen::Desk;
pub(super) use self::polling::{Polling, Post};
pub(super) use self::websocket::{Flow, Message, WebSocket};
use super::{Connection, Stop, burst};

/// What carries a session.
#[expect(
    clippy::large_enum_variant,
    reason = "a WebSocket is what nearly all sessions are carried by; for the others it is a few words too many"
)]
pub(super) enum Link {
    /// HTTP requests; perhaps a WebSocket that probes beside them.
    Polling {
        polling: Polling,
        probe: Option<Box<WebSocket>>,
    },
    /// A WebSocket.
    WebSocket(WebSocket),
    /// Over, and the client is told with its next poll.
    Farewell { deadline: Instant },
    /// Over, and the WebSocket is being closed.
    Parting(Box<Parting>),
    /// Nothing is left.
    Gone,
}

impl Link {
    /// Ends the turn's burst, and writes what is queued, as far as the transport takes it.
    pub(super) fn flush(
        &mut self,
        cx: &mut Context<'_>,
        connection: &Connection,
    ) -> Result<(), Ending> {
        if let Self::WebSocket(websocket) = self {
            return websocket.poll_write_queue(cx, connection);
        }
        burst::end(connection);
        if let Self::Polling { polling, .. } = self {
            polling.poll_aborted(cx)?;
            polling.flush(connection)?;
        }
        Ok(())
    }

    /// Whether it is a WebSocket, on which nothing is due but what the session says.
    pub(super) fn is_websocket(&self) -> bool {
        matches!(self, Self::WebSocket(_))
    }

    /// Whether the peer has made room in a full stream since this was asked last.
    #[inline]
    pub(super) fn take_peer_has_read(&mut self) -> bool {
        match self {
            Self::WebSocket(websocket) => websocket.take_peer_has_read(),
            _ => false,
        }
    }

    /// Whether the peer has ended its side of a stream that is not being read. Nothing is known of
    /// streams that are no TCP sockets.
    pub(super) fn is_peer_gone(&self) -> bool {
        match self {
            Self::WebSocket(websocket) => websocket.is_peer_gone(),
            _ => false,
        }
    }

    /// How many bytes of unfinished messages it holds.
    #[inline]
    pub(super) fn buffered_bytes(&self) -> usize {
        match self {
            Self::WebSocket(websocket) => websocket.buffered_bytes(),
            _ => 0,
        }
    }

    /// When [`poll_leaving`](Self::poll_leaving) must be called at the latest.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Farewell { deadline } => Some(*deadline),
            Self::Parting(parting) => Some(parting.deadline()),
            Self::Polling { .. } | Self::WebSocket(_) | Self::Gone => None,
        }
    }

    /// Gets on with the end, once it has begun. Ready when nothing is left, or the server does not
    /// wait any more.
    pub(super) fn poll_leaving(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        stop: Stop,
    ) -> Poll<()> {
        let over = match self {
            Self::Parting(_) if stop == Stop::AtOnce => true,
            Self::Polling { .. } | Self::WebSocket(_) => false,
            Self::Farewell { deadline } => now >= *deadline,
            Self::Parting(parting) => parting.poll(cx, now).is_ready(),
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
    pub(super) fn take_probe(&mut self) -> Option<Box<WebSocket>> {
        match self {
            Self::Polling { probe, .. } => probe.take(),
            _ => None,
        }
    }

    /// Makes the probing WebSocket the transport. Yields the polling that it takes the place of.
    pub(super) fn upgrade(&mut self) -> Option<Polling> {
        let mut websocket = self.take_probe()?;
        websocket.take_over();
        match mem::replace(self, Self::WebSocket(*websocket)) {
            Self::Polling { polling, .. } => Some(polling),
            _ => None,
        }
    }
}
