//! Warnings that peers can cause, kept from flooding the log.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// How long after a warning the next of its kind is quiet.
const QUIET: Duration = Duration::from_secs(10);

/// Lets a warning pass at once, and the next of its kind only after a while.
#[derive(Debug, Default)]
pub(super) struct Throttle(Mutex<Option<Instant>>);

impl Throttle {
    /// Whether the warning is to be written.
    pub(super) fn passes(&self) -> bool {
        let now = Instant::now();
        let mut quiet_until = self.0.lock();
        let passes = quiet_until.is_none_or(|until| until <= now);
        if passes {
            *quiet_until = Some(now + QUIET);
        }
        passes
    }
}

#[cfg(test)]
mod tests {
    use super::{QUIET, Throttle};

    #[tokio::test(start_paused = true)]
    async fn one_passes_and_the_next_after_a_while() {
        let throttle = Throttle::default();
        assert!(throttle.passes());
        assert!(!throttle.passes());
        tokio::time::advance(QUIET).await;
        assert!(throttle.passes());
        assert!(!throttle.passes());
    }
}
