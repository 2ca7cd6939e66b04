//! `CreateApp`: the future that `App::create` and `App::of` return.
//!
//! The future is a type of its own for the sake of compile errors. The compiler checks the bounds
//! of a generic `async fn` wherever its future is used, so that a controller in the place of a
//! module would be reported three times: at the call, at `.await` and at `?`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::app::{App, AppBuilder, Error};

/// Starts an application when it is awaited. If it is dropped before it completes, the singletons
/// that were built so far are dropped too.
#[must_use = "the application does not start until this future is awaited"]
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
