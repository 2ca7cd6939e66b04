//! How much one connection may read before others get their turn.

use std::future::Future;
use std::task::Context;

/// PacketDeque in one turn.
const PACKETS: u32 = 128;
/// Bytes in one turn.
const BYTES: usize = 64 * 1024;

/// What is left of a turn. A connection that floods is read in bounded bites, so that it can not
/// starve the others on its thread.
#[derive(Debug)]
pub(crate) struct Budget {
    packets: u32,
    bytes: usize,
}

impl Budget {
    /// The budget of a new turn.
    pub(crate) fn new() -> Self {
        Self {
            packets: PACKETS,
            bytes: BYTES,
        }
    }

    /// One more packet was handled, or looked at.
    pub(crate) fn spend_packet(&mut self) {
        self.packets = self.packets.saturating_sub(1);
    }

    /// So many bytes were read.
    pub(crate) fn spend_bytes(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Ends a turn that is spent: others run, and the system is asked for what is ready, before
    /// this task runs again. A plain wake would come back before anything is asked.
    pub(crate) fn yield_turn(cx: &mut Context<'_>) {
        let yielding = std::pin::pin!(tokio::task::yield_now());
        // Its first poll leaves the waker with the runtime, and is pending.
        let _ = yielding.poll(cx);
    }

    /// Whether the turn is over.
    pub(crate) fn is_spent(&self) -> bool {
        self.packets == 0 || self.bytes == 0
    }
}
