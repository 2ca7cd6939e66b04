//! How much one connection may do in a turn before other connections of its thread run.

use std::future::Future;
use std::task::Context;

use crate::outgoing::fan_out;

/// The most packets that are read in one turn.
const PACKETS: u32 = 128;
/// The most bytes that are read in one turn.
const BYTES: usize = 64 * 1024;
/// The most recipients of one turn's broadcasts. A turn ends after the broadcast that exceeds it.
const RECIPIENTS: u32 = 1024;

/// The rest of a turn's budget. It bounds how much is read from a connection that sends much, and
/// how many recipients are served for one whose events are broadcast, so that neither starves the
/// other connections of its thread.
#[derive(Debug)]
pub(crate) struct Budget {
    packets: u32,
    bytes: usize,
    /// The thread's count of recipients at the start of the turn.
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

    /// Counts one packet.
    pub(crate) fn spend_packet(&mut self) {
        self.packets = self.packets.saturating_sub(1);
    }

    /// Counts received bytes.
    pub(crate) fn spend_bytes(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Yields after a spent turn: other tasks run, and the runtime polls the operating system,
    /// before this task runs again. A plain wake-up would run the task before that.
    pub(crate) fn yield_turn(cx: &mut Context<'_>) {
        let yielding = std::pin::pin!(tokio::task::yield_now());
        // The first poll registers the waker with the runtime and returns pending.
        let _ = yielding.poll(cx);
    }

    /// Whether the budget is spent.
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
