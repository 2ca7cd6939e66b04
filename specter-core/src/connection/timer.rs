//! The one timer of a connection.
//!
//! Deadlines move back with every pong; the timer is not set anew for that. It fires early, finds
//! nothing due, and is set for what is due next.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is set once and then only when it has fired, or must fire earlier.
pub(super) struct Timer {
    sleep: Pin<Box<Sleep>>,
}

impl Timer {
    /// A timer for this deadline.
    pub(super) fn new(deadline: Instant) -> Self {
        Self {
            sleep: Box::pin(sleep_until(deadline)),
        }
    }

    /// Ready when the deadline has passed; else the task is woken by then, perhaps earlier.
    pub(super) fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        if deadline < self.sleep.deadline() {
            self.sleep.as_mut().reset(deadline);
        }
        while self.sleep.as_mut().poll(cx).is_ready() {
            if self.sleep.deadline() >= deadline {
                return Poll::Ready(());
            }
            self.sleep.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::Timer;
    use std::future::poll_fn;
    use std::time::Duration;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn a_later_deadline_is_kept_though_the_timer_was_set_for_an_earlier_one() {
        let start = Instant::now();
        let mut timer = Timer::new(start + Duration::from_secs(1));
        let later = start + Duration::from_secs(3);
        poll_fn(|cx| timer.poll_until(cx, later)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(3));
    }

    #[tokio::test(start_paused = true)]
    async fn an_earlier_deadline_moves_the_timer() {
        let start = Instant::now();
        let mut timer = Timer::new(start + Duration::from_secs(100));
        let earlier = start + Duration::from_secs(2);
        poll_fn(|cx| timer.poll_until(cx, earlier)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    }
}
