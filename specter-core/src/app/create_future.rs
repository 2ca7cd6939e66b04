//! The future that `App::create` and `AppBuilder::create` return.
//!
//! The future has a named type, because the compiler checks the bounds of a generic `async fn`
//! wherever its future is used. If a controller were passed where a module is needed, the compiler
//! would report the same error at the call, at `.await` and at `?`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::app::{App, AppBuilder, Error};

/// A future that starts an application. If it is dropped, the providers that were built so far are
/// dropped.
#[must_use = "the application does not start until this is awaited"]
pub struct CreateApp(Pin<Box<dyn Future<Output = Result<App, Error>> + Send>>);

impl CreateApp {
    pub(super) fn of(builder: AppBuilder) -> Self {
        Self(Box::pin(builder.create()))
    }
}

impl Future for CreateApp {
    type Output = Result<App, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for CreateApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CreateApp").finish_non_exhaustive()
    }
}
