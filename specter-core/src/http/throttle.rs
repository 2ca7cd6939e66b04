//! Warnings that peers can cause, kept from flooding the log.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// How long after a warning the next of its kind is quiet.
const QUIET: Duration = Duration::from_secs(10);

/// Lets a warning pass at once, and the next of its kind only after a while.
#[derive(Debug, Default)]
pub(super) struct Throttle(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    quiet_until: Option<Instant>,
    left_out: u64,
}

impl Throttle {
    /// Whether the warning is to be written, and then how many were not since the last one.
    pub(super) fn pass(&self) -> Option<u64> {
        let now = Instant::now();
        let mut state = self.0.lock();
        if state.quiet_until.is_some_and(|until| now < until) {
            state.left_out = state.left_out.saturating_add(1);
            return None;
        }
        state.quiet_until = Some(now + QUIET);
        Some(std::mem::take(&mut state.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::{QUIET, Throttle};

    #[tokio::test(start_paused = true)]
    async fn one_passes_and_the_next_after_a_while() {
        let throttle = Throttle::default();
        assert_eq!(throttle.pass(), Some(0));
        assert_eq!(throttle.pass(), None);
        assert_eq!(throttle.pass(), None);
        tokio::time::advance(QUIET).await;
        assert_eq!(throttle.pass(), Some(2));
        assert_eq!(throttle.pass(), None);
        tokio::time::advance(QUIET).await;
        assert_eq!(throttle.pass(), Some(1));
    }
}
