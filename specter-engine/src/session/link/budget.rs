//! How much one connection may do before others get their turn.

use std::future::Future;
use std::task::Context;

use crate::outgoing::fan_out;

/// How many packets are read in one turn.
const PACKETS: u32 = 128;
/// How many bytes are read in one turn.
const BYTES: usize = 64 * 1024;
/// How many recipients the broadcasts of one turn have. The broadcast that exceeds it is the last.
const RECIPIENTS: u32 = 1024;

/// What is left of a turn. A connection that sends much is read in bounded parts, and so is one
/// whose events are broadcast to many: neither starves the other connections of its thread.
#[derive(Debug)]
pub(crate) struct Budget {
    packets: u32,
    bytes: usize,
    /// The thread's count of recipients when the turn began.
    recipients_before: u32,
}

impl Budget {
    /// The budget of a new turn.
    pub(crate) fn new() -> Self {
        Self {
            packets: PACKETS,
            bytes: BYTES,
            recipients_before: fan_out::recipients(),
        }
    }

    /// One more packet was read.
    pub(crate) fn spend_packet(&mut self) {
        self.packets = self.packets.saturating_sub(1);
    }

    /// `bytes` more were read.
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
        let recipients = fan_out::recipients().wrapping_sub(self.recipients_before);
        self.packets == 0 || self.bytes == 0 || recipients >= RECIPIENTS
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, RECIPIENTS};
    use crate::config::EngineConfig;
    use crate::detached::detached;
    use crate::outgoing::fan_out::FanOut;
    use crate::outgoing::queue::Wake;

    #[test]
    fn a_broadcast_to_many_ends_the_turn_and_counts_for_one_turn() {
        let connection = detached(&EngineConfig::default());
        let broadcast = |recipients| {
            let mut fan_out = FanOut::default();
            (0..recipients).for_each(|_| fan_out.add(&connection, Wake::No));
        };
        let budget = Budget::new();
        broadcast(RECIPIENTS - 1);
        assert!(!budget.is_spent());
        broadcast(1);
        assert!(budget.is_spent());
        assert!(!Budget::new().is_spent());
    }
}
