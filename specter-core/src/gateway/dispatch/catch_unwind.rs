//! Runs the body of a handler, catches its panic, and drops it when its time is over. The
//! controller survives both.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Sleep;

/// The end of a handler's body.
pub enum BodyEnd<T> {
    /// It returned.
    Returned(T),
    /// It panicked, with this payload.
    Panicked(Box<dyn Any + Send>),
    /// It took longer than it may, and was dropped.
    TimedOut,
    /// Nobody awaited it any more, and it was dropped.
    Cancelled,
}

/// When a body is dropped before it ends.
pub(in crate::gateway) trait Watch {
    /// How long the body may take.
    fn limit(&self) -> Option<Duration>;

    /// Whether the body is dropped before it is polled again.
    fn is_cancelled(&self) -> bool;

    /// Whether the body is dropped after a poll that did not end it.
    fn is_abandoned(&self) -> bool;
}

pub(in crate::gateway) fn panic_text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no text)")
}

/// Runs a handler's body, catching its panic. The body alone is dropped when its time is over: the
/// controller stays.
pub(in crate::gateway) async fn watch<F: Future>(
    watch: &impl Watch,
    body: F,
) -> BodyEnd<F::Output> {
    Watched {
        body: Some(CatchUnwind { body }),
        watch,
        deadline: None,
    }
    .await
}

pin_project_lite::pin_project! {
    struct Watched<'a, F, W> {
        #[pin]
        body: Option<CatchUnwind<F>>,
        watch: &'a W,
        deadline: Option<Pin<Box<Sleep>>>,
    }
}

impl<F: Future, W: Watch> Future for Watched<'_, F, W> {
    type Output = BodyEnd<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.watch.is_cancelled() {
            return Poll::Ready(dropped(this.body, BodyEnd::Cancelled));
        }
        match this.body.as_mut().as_pin_mut().map(|body| body.poll(cx)) {
            Some(Poll::Ready(Ok(returned))) => return Poll::Ready(BodyEnd::Returned(returned)),
            Some(Poll::Ready(Err(payload))) => return Poll::Ready(BodyEnd::Panicked(payload)),
            Some(Poll::Pending) | None => {}
        }
        if this.watch.is_abandoned() {
            return Poll::Ready(dropped(this.body, BodyEnd::Cancelled));
        }
        let Some(limit) = this.watch.limit() else {
            return Poll::Pending;
        };
        let deadline = this
            .deadline
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        ready!(deadline.as_mut().poll(cx));
        Poll::Ready(dropped(this.body, BodyEnd::TimedOut))
    }
}

/// Drops a body that did not end; what it holds may panic.
fn dropped<F, T>(mut body: Pin<&mut Option<F>>, end: BodyEnd<T>) -> BodyEnd<T> {
    catch_unwind(AssertUnwindSafe(|| body.set(None))).map_or_else(BodyEnd::Panicked, |()| end)
}

/// Runs a body that does not suspend, catching its panic.
pub(in crate::gateway) fn run_caught<T>(body: impl FnOnce() -> T) -> BodyEnd<T> {
    catch_unwind(AssertUnwindSafe(body)).map_or_else(BodyEnd::Panicked, BodyEnd::Returned)
}

/// Runs a future until it ends, or until `stop` returns true after a poll that did not end it. Then
/// the future is dropped, and a panic of the drop is caught.
pub(in crate::gateway) async fn run_until<F: Future>(
    body: F,
    mut stop: impl FnMut(&mut Context<'_>) -> bool,
) -> Option<F::Output> {
    let mut body = pin!(Some(body));
    let ended = poll_fn(|cx| match body.as_mut().as_pin_mut() {
        Some(running) => match running.poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if stop(cx) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        },
        None => Poll::Ready(None),
    })
    .await;
    if ended.is_none() {
        drop_caught(|| body.set(None));
    }
    ended
}

/// Runs a future no longer than `limit`.
pub(in crate::gateway) async fn run_within<F: Future>(
    limit: Duration,
    body: F,
) -> Option<F::Output> {
    let mut sleep: Option<Pin<Box<Sleep>>> = None;
    run_until(body, |cx| {
        let sleep = sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        sleep.as_mut().poll(cx).is_ready()
    })
    .await
}

/// Drops a part of a handler that nobody awaits any more, and ignores its panic.
pub(in crate::gateway) fn drop_caught(drop: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(drop));
}

/// Runs a future, catching its panic.
pub(in crate::gateway) async fn caught<F: Future>(
    body: F,
) -> Result<F::Output, Box<dyn Any + Send>> {
    CatchUnwind { body }.await
}

pin_project_lite::pin_project! {
    struct CatchUnwind<F> {
        #[pin]
        body: F,
    }
}

impl<F: Future> Future for CatchUnwind<F> {
    type Output = Result<F::Output, Box<dyn Any + Send>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let body = self.project().body;
        // The controller may be left half changed, as documented; `on_panic = "disconnect"` avoids
        // it.
        match catch_unwind(AssertUnwindSafe(|| body.poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => Poll::Ready(Err(payload)),
        }
    }
}
