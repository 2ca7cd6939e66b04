//! The trait of the write half that a writer slot can hold.

use std::io;

use tokio::io::AsyncWrite;

/// The write half of a socket, with a write that never waits.
pub(crate) trait WriteHalf: AsyncWrite + Unpin {
    /// Writes as many of these bytes as the socket takes now. No task is woken when it takes more.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;
}
