//! The future that `App::create` and `AppBuilder::create` return.
//!
//! It is a type of its own because the compiler checks the bounds of a generic `async fn` wherever
//! its future is named: a controller in the place of a module would be reported at the call, at
//! `.await` and at `?`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::app::{App, AppBuilder, Error};

/// An application that starts while it is awaited. Dropped, it drops what was built so far.
#[must_use = "nothing starts before it is awaited"]
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
