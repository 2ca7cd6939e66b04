//! Runs the body of a handler, catches its panic, and drops the body at its timeout. The controller
//! is kept in both cases.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Sleep;

/// How a handler's body ended.
pub enum BodyEnd<T> {
    /// The body returned.
    Returned(T),
    /// The body panicked, with this payload.
    Panicked(Box<dyn Any + Send>),
    /// The body exceeded its timeout, and was dropped.
    TimedOut,
    /// The body was dropped because nothing awaited it any more.
    Cancelled,
}

/// The conditions under which a body is dropped before it ends.
pub(in crate::gateway) trait BodyLimits {
    /// How long the body may take. `None`: no limit.
    fn timeout(&self) -> Option<Duration>;

    /// Whether the body must not be polled again.
    fn is_cancelled(&self) -> bool;

    /// Whether the body must be dropped if it has not ended after one more poll.
    fn is_abandoned(&self) -> bool;
}

/// The text of a panic, from its payload.
pub(in crate::gateway) fn panic_text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no text)")
}

/// Runs a handler's body within its limits, and catches its panic.
pub(in crate::gateway) async fn run_body<F: Future>(
    limits: &impl BodyLimits,
    body: F,
) -> BodyEnd<F::Output> {
    LimitedBody {
        body: Some(CatchUnwind { body }),
        limits,
        deadline: None,
    }
    .await
}

pin_project_lite::pin_project! {
    struct LimitedBody<'a, F, L> {
        #[pin]
        body: Option<CatchUnwind<F>>,
        limits: &'a L,
        // Created when the body is first pending, because most bodies complete in their first poll.
        deadline: Option<Pin<Box<Sleep>>>,
    }
}

impl<F: Future, L: BodyLimits> Future for LimitedBody<'_, F, L> {
    type Output = BodyEnd<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.limits.is_cancelled() {
            return Poll::Ready(drop_body(this.body, BodyEnd::Cancelled));
        }
        match this.body.as_mut().as_pin_mut().map(|body| body.poll(cx)) {
            Some(Poll::Ready(Ok(returned))) => return Poll::Ready(BodyEnd::Returned(returned)),
            Some(Poll::Ready(Err(payload))) => return Poll::Ready(BodyEnd::Panicked(payload)),
            Some(Poll::Pending) | None => {}
        }
        if this.limits.is_abandoned() {
            return Poll::Ready(drop_body(this.body, BodyEnd::Cancelled));
        }
        let Some(timeout) = this.limits.timeout() else {
            return Poll::Pending;
        };
        let deadline = this
            .deadline
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout)));
        ready!(deadline.as_mut().poll(cx));
        Poll::Ready(drop_body(this.body, BodyEnd::TimedOut))
    }
}

/// Drops a body that did not end, and returns `end`, or the panic of the drop.
fn drop_body<F, T>(mut body: Pin<&mut Option<F>>, end: BodyEnd<T>) -> BodyEnd<T> {
    catch_unwind(AssertUnwindSafe(|| body.set(None))).map_or_else(BodyEnd::Panicked, |()| end)
}

/// Runs a body that does not suspend, and catches its panic.
pub(in crate::gateway) fn run_sync<T>(body: impl FnOnce() -> T) -> BodyEnd<T> {
    catch_unwind(AssertUnwindSafe(body)).map_or_else(BodyEnd::Panicked, BodyEnd::Returned)
}

/// Runs a future until it ends, or until `stop` returns true after a poll that did not end it. In
/// the second case the future is dropped, a panic of the drop is ignored, and the result is `None`.
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
        drop_ignoring_panic(|| body.set(None));
    }
    ended
}

/// Runs a future until it ends, or until `limit` has passed. `None` if it did not end.
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

/// Drops a part of a handler that nothing awaits any more, and ignores a panic of the drop.
pub(in crate::gateway) fn drop_ignoring_panic(drop: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(drop));
}

/// Runs a future, and catches its panic.
pub(in crate::gateway) async fn catch_panic<F: Future>(
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
        // Unwind safety: a panic may leave the controller's state partly changed. This is
        // documented, and `on_panic = "disconnect"` disconnects the socket then.
        match catch_unwind(AssertUnwindSafe(|| body.poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => Poll::Ready(Err(payload)),
        }
    }
}
