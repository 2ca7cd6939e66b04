//! `Socket::ready`: waiting until a client has read most of its outgoing queue.

use super::Socket;
use super::gate::Phase;

/// Why [`Socket::ready`] cannot wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadyError {
    /// CONNECT is not answered yet: emitted packets are held, and the client receives nothing.
    #[error("the socket is not connected yet")]
    NotConnected,
    /// The socket has disconnected.
    #[error("the socket has disconnected")]
    Disconnected,
}

impl ReadyError {
    /// A stable name for logs and counters.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotConnected => "ready_not_connected",
            Self::Disconnected => "ready_disconnected",
        }
    }
}

impl Socket {
    /// Waits until the client has caught up, which means that the outgoing queue of its connection
    /// holds at most `max_queued_bytes`. Returns immediately if that is so already.
    ///
    /// A producer that awaits this before each event sends only as fast as its client reads. It
    /// does not fill the queue until the [`QueuePolicy`](crate::engine::QueuePolicy) applies:
    ///
    /// ```
    /// # use specter_core::socket::{ReadyError, Socket};
    /// async fn export(socket: Socket, rows: Vec<String>) -> Result<(), ReadyError> {
    ///     for row in rows {
    ///         socket.ready().await?;
    ///         let _ = socket.emit("row", row);
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// All namespaces of a connection share its queue. Several producers are woken at the same
    /// time, so the queue may grow by an event of each.
    ///
    /// # Errors
    /// [`ReadyError::NotConnected`] if CONNECT is not answered yet, as in a `connect` handler:
    /// waiting there would delay the answer. [`ReadyError::Disconnected`] if the socket has
    /// disconnected, or disconnects meanwhile.
    pub async fn ready(&self) -> Result<(), ReadyError> {
        self.check_open()?;
        let ready = self.connection().ready().await;
        ready.map_err(|_| ReadyError::Disconnected)?;
        self.check_open()
    }

    fn check_open(&self) -> Result<(), ReadyError> {
        match self.0.gate.phase() {
            Phase::Gated => Err(ReadyError::NotConnected),
            Phase::Open => Ok(()),
            Phase::Closed => Err(ReadyError::Disconnected),
        }
    }
}
