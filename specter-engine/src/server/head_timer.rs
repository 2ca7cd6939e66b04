//! The timeout for the heads of requests, by one timer for each connection.
//!
//! hyper requests a timer for each head. All heads of a connection share one timer here. A later
//! deadline does not reset it: the timer fires early now and then, and is set to the later deadline
//! when it does.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{self, Duration};

use hyper::rt;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::session::timer::Timer;

/// The timer of one connection. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct HeadTimer(Arc<Mutex<Option<Timer>>>);

/// A wait for a deadline. A connection polls only one wait at a time.
struct Wait {
    deadline: Instant,
    timer: HeadTimer,
}

impl rt::Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: time::Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Wait {
            deadline: deadline.into(),
            timer: self.clone(),
        })
    }

    fn now(&self) -> time::Instant {
        Instant::now().into()
    }
}

impl rt::Sleep for Wait {}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut timer = self.timer.0.lock();
        let timer = timer.get_or_insert_with(|| Timer::new(self.deadline));
        timer.poll_until(cx, Instant::now(), self.deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::HeadTimer;
    use hyper::rt::Timer as _;
    use std::future::poll_fn;
    use std::pin::Pin;
    use std::task::Poll;
    use std::time::Duration;
    use tokio::time::Instant;

    const LIMIT: Duration = Duration::from_secs(30);

    /// Polls once.
    async fn polled(wait: &mut Pin<Box<dyn hyper::rt::Sleep>>) -> Poll<()> {
        poll_fn(|cx| Poll::Ready(wait.as_mut().poll(cx))).await
    }

    #[tokio::test(start_paused = true)]
    async fn each_wait_ends_at_its_own_deadline() {
        let timer = HeadTimer::default();
        let start = Instant::now();
        let mut first = timer.sleep(LIMIT);
        assert!(polled(&mut first).await.is_pending());
        drop(first);
        tokio::time::advance(LIMIT / 2).await;
        timer.sleep(LIMIT).await;
        assert_eq!(start.elapsed(), LIMIT * 3 / 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_begins_long_after_the_last_one_is_as_long() {
        let timer = HeadTimer::default();
        let mut first = timer.sleep(LIMIT);
        assert!(polled(&mut first).await.is_pending());
        drop(first);
        tokio::time::advance(10 * LIMIT).await;
        let start = Instant::now();
        timer.sleep(LIMIT).await;
        assert_eq!(start.elapsed(), LIMIT);
    }
}
