//! [`Expectation`]: the future by which a test waits for what it expects.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What a test waits for, or the message with which the test fails.
pub(super) type Checked<T> = Result<T, String>;

/// Waits for what a test expects. If it does not come, the test fails at the line that awaits this.
#[must_use = "the test expects nothing until this is awaited"]
pub struct Expectation<'a, T> {
    checking: Pin<Box<dyn Future<Output = Checked<T>> + Send + 'a>>,
    /// The line that expected it.
    site: &'static Location<'static>,
}

impl<'a, T> Expectation<'a, T> {
    #[track_caller]
    pub(super) fn new(checking: impl Future<Output = Checked<T>> + Send + 'a) -> Self {
        Self {
            checking: Box::pin(checking),
            site: Location::caller(),
        }
    }
}

impl<T> Future for Expectation<'_, T> {
    type Output = T;

    // `.await` calls this from the test, so that the panic has the place of the `.await`. A
    // combinator, such as `tokio::join!`, calls it from another file: then the message names the
    // place of the expectation.
    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let checked = std::task::ready!(self.checking.as_mut().poll(cx));
        match checked {
            Ok(value) => Poll::Ready(value),
            Err(message) if Location::caller().file() == self.site.file() => panic!("{message}"),
            Err(message) => panic!("{}: {message}", self.site),
        }
    }
}

impl<T> fmt::Debug for Expectation<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expectation")
            .field("at", &self.site.to_string())
            .finish_non_exhaustive()
    }
}
