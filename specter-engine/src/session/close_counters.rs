//! Counts closed sessions by their reason.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::close_reason::CloseReason;

/// The number of closed sessions by reason.
#[derive(Debug, Default)]
pub(crate) struct CloseCounters([AtomicU64; CloseReason::ALL.len()]);

impl CloseCounters {
    /// Counts one session.
    pub(crate) fn count(&self, reason: CloseReason) {
        if let Some(count) = self.of(reason) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The number of sessions so far.
    pub(crate) fn get(&self, reason: CloseReason) -> u64 {
        self.of(reason)
            .map_or(0, |count| count.load(Ordering::Relaxed))
    }

    fn of(&self, reason: CloseReason) -> Option<&AtomicU64> {
        let index = CloseReason::ALL.iter().position(|other| *other == reason)?;
        self.0.get(index)
    }
}

#[cfg(test)]
mod tests {
    use super::CloseCounters;
    use crate::close_reason::CloseReason;

    #[test]
    fn each_reason_has_a_count_of_its_own() {
        let counters = CloseCounters::default();
        for (times, reason) in CloseReason::ALL.into_iter().enumerate() {
            for _ in 0..times {
                counters.count(reason);
            }
        }
        for (times, reason) in (0..).zip(CloseReason::ALL) {
            assert_eq!(counters.get(reason), times);
        }
    }
}
