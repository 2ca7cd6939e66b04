//! The one timer of a connection.
//!
//! Each pong postpones the deadline. The timer is not reset for that: it fires early, the task
//! finds nothing due, and sets it to the next deadline.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is reset only after it has fired, or if it must fire earlier.
pub(crate) struct Timer {
    sleep: Pin<Box<Sleep>>,
    /// The waker that is woken when the timer fires. `None`: not polled yet.
    wakes: Option<Waker>,
}

impl Timer {
    /// A timer with this deadline.
    pub(crate) fn new(deadline: Instant) -> Self {
        Self {
            sleep: Box::pin(sleep_until(deadline)),
            wakes: None,
        }
    }

    /// The deadline.
    pub(crate) fn deadline(&self) -> Instant {
        self.sleep.deadline()
    }

    /// Ready when the deadline has passed. Otherwise the task is woken by then, perhaps earlier.
    pub(crate) fn poll_until(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        deadline: Instant,
    ) -> Poll<()> {
        let set = self.sleep.deadline();
        let wakes = self.wakes.as_ref();
        if now < set && set <= deadline && wakes.is_some_and(|wakes| wakes.will_wake(cx.waker())) {
            // The common case: the timer is running, and nothing changes.
            return Poll::Pending;
        }
        self.wakes = None;
        if deadline < set {
            self.sleep.as_mut().reset(deadline);
        }
        while self.poll_sleep(cx).is_ready() {
            if self.sleep.deadline() >= deadline {
                return Poll::Ready(());
            }
            self.sleep.as_mut().reset(deadline);
        }
        self.wakes = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Polled outside of Tokio's budget: if that is spent, a timer returns pending without
    /// registering the waker.
    fn poll_sleep(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut unconstrained(self.sleep.as_mut())).poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::Timer;
    use std::future::{Future, poll_fn};
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake};
    use std::time::Duration;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn a_later_deadline_is_kept_though_the_timer_was_set_for_an_earlier_one() {
        let start = Instant::now();
        let mut timer = Timer::new(start + Duration::from_secs(1));
        let later = start + Duration::from_secs(3);
        poll_fn(|cx| timer.poll_until(cx, Instant::now(), later)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(3));
    }

    #[tokio::test(start_paused = true)]
    async fn an_earlier_deadline_moves_the_timer() {
        let start = Instant::now();
        let mut timer = Timer::new(start + Duration::from_secs(100));
        let earlier = start + Duration::from_secs(2);
        poll_fn(|cx| timer.poll_until(cx, Instant::now(), earlier)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    }

    /// Counts its wake-ups.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Wake for Counting {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The timer fires however much of Tokio's budget of 128 the task has left when it polls it.
    #[tokio::test(start_paused = true)]
    async fn a_task_that_has_spent_its_budget_is_woken() {
        for spent in 120..=128 {
            let start = Instant::now();
            let (first, deadline) = (Duration::from_secs(1), Duration::from_secs(2));
            let mut timer = Timer::new(start + first);
            let waiting = tokio::spawn(poll_fn(move |cx| {
                for _ in 0..spent {
                    let _ = pin!(tokio::task::consume_budget()).poll(cx);
                }
                timer.poll_until(cx, Instant::now(), start + deadline)
            }));
            let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
            waited.expect("it is woken").unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_task_that_polled_last_is_woken() {
        let deadline = Instant::now() + Duration::from_secs(1);
        let mut timer = Timer::new(deadline);
        let (first, second) = (Arc::new(Counting::default()), Arc::new(Counting::default()));
        for polls in [&first, &first, &second, &second] {
            let waker = Arc::clone(polls).into();
            let mut cx = Context::from_waker(&waker);
            assert!(
                timer
                    .poll_until(&mut cx, Instant::now(), deadline)
                    .is_pending()
            );
        }
        tokio::time::sleep_until(deadline).await;
        assert_eq!(first.0.load(Ordering::Relaxed), 0);
        assert_eq!(second.0.load(Ordering::Relaxed), 1);
    }
}
