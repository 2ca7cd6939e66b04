//! The futures that `create` and `listen` return.
//!
//! They are named types because the compiler checks the bounds of a generic `async fn` everywhere
//! its future is used: if a controller is passed where a module is needed, it would report the same
//! error at the call, at `.await` and at `?`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::app::{App, Error, ListenAddress};
use crate::logging::install_default_subscriber;

/// A future that starts an application. If it is dropped, the providers that were built so far are
/// dropped.
///
/// It is awaited for the [`App`], or served directly: `App::create::<ChatModule>().listen(3000)`.
#[must_use = "the application does not start until this is awaited: `App::create::<M>().await?`"]
pub struct CreateApp {
    starting: Pin<Box<dyn Future<Output = Result<App, Error>> + Send>>,
    log_to_stderr: bool,
}

impl CreateApp {
    pub(super) fn new(
        starting: impl Future<Output = Result<App, Error>> + Send + 'static,
        log_to_stderr: bool,
    ) -> Self {
        Self {
            starting: Box::pin(starting),
            log_to_stderr,
        }
    }

    /// Waits until the application has started, and serves it: see [`App::listen`].
    ///
    /// # Errors
    /// The application did not start, or the server cannot listen on the address.
    pub fn listen(self, address: impl ListenAddress) -> ServeApp {
        let target = address.into_target();
        ServeApp::new(async move {
            if self.log_to_stderr {
                // Before the providers are built, which may log too.
                install_default_subscriber();
            }
            self.await?.listen_on(target).await
        })
    }
}

impl Future for CreateApp {
    type Output = Result<App, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.starting.as_mut().poll(cx)
    }
}

impl fmt::Debug for CreateApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateApp").finish_non_exhaustive()
    }
}

/// A future that serves an application until it is shut down; see [`App::listen`]. If it is
/// dropped, the server stops at once: running handlers are dropped, and no hooks run.
#[must_use = "the application serves nothing until this is awaited"]
pub struct ServeApp(Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>);

impl ServeApp {
    pub(super) fn new(serving: impl Future<Output = Result<(), Error>> + Send + 'static) -> Self {
        Self(Box::pin(serving))
    }
}

impl Future for ServeApp {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for ServeApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServeApp").finish_non_exhaustive()
    }
}
