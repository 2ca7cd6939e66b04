//! [`TestAppBuilder`]: changes an application for a test, and starts it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use specter_di::{Module, Provide};

use super::{Expectation, TestApp};
use crate::app::{App, AppBuilder, Error};
use crate::gateway::{Controller, Guard};

/// The default of [`TestAppBuilder::timeout`].
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// Builds an application under test.
#[must_use = "the application does not start until `start` is called"]
pub struct TestAppBuilder {
    app: AppBuilder,
    routes: Router,
    timeout: Duration,
}

impl From<AppBuilder> for TestAppBuilder {
    fn from(app: AppBuilder) -> Self {
        Self {
            app,
            routes: Router::new(),
            timeout: DEFAULT_TIMEOUT,
        }
    }
}

impl TestApp {
    /// Builds the application of a module.
    pub fn builder<M: Module>() -> TestAppBuilder {
        App::builder::<M>().into()
    }

    /// Builds an application of a single controller. The test must
    /// [provide](TestAppBuilder::provide) the values that the controller injects.
    pub fn builder_of<C: Controller>() -> TestAppBuilder {
        App::builder_of::<C>().into()
    }

    /// Starts the application of a module without changes.
    ///
    /// # Panics
    /// If the application does not start.
    #[track_caller]
    pub fn start<M: Module>() -> Expectation<'static, Self> {
        Self::builder::<M>().start()
    }

    /// Starts an application of a single controller without changes.
    ///
    /// # Panics
    /// If the application does not start.
    #[track_caller]
    pub fn of<C: Controller>() -> Expectation<'static, Self> {
        Self::builder_of::<C>().start()
    }
}

impl TestAppBuilder {
    /// Adds a value that every provider and controller may inject as `Arc<T>`, as with
    /// [`AppBuilder::provide`].
    #[track_caller]
    pub fn provide<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.app = self.app.provide(value);
        self
    }

    /// Injects a value in place of whatever provides `Arc<T>`, as [`AppBuilder::bind`] does:
    /// `.bind::<dyn Repository>(Arc::new(Fake))`. If nothing injects or provides `Arc<T>`, the App
    /// does not start.
    #[track_caller]
    pub fn bind<T: ?Sized + Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        self.app = self.app.bind(value);
        self
    }

    /// Replaces a provider by a value, in the provider's module and for all its types, as
    /// [`AppBuilder::replace`] does.
    #[track_caller]
    pub fn replace<P: Provide<Value: Clone + Send + Sync>>(
        mut self,
        value: impl Into<P::Value>,
    ) -> Self {
        self.app = self.app.replace::<P>(value);
        self
    }

    /// Switches the guard `G` off wherever it is declared: on the App, on modules, on controllers
    /// and on events. Its `check` is never called.
    pub fn bypass_guard<G: Guard>(mut self) -> Self {
        self.app = self.app.bypass_guard::<G>();
        self
    }

    /// Changes any setting of the application: `.configure(|app| app.ping_timeout(SECOND))`.
    pub fn configure(mut self, change: impl FnOnce(AppBuilder) -> AppBuilder) -> Self {
        self.app = change(self.app);
        self
    }

    /// Adds axum routes, as [`App::routes`] does.
    pub fn routes(mut self, routes: Router) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    /// Sets how long a client waits for anything that its test expects: an answer to CONNECT, an
    /// event, an acknowledgement, a disconnect. After that the test fails. Default: 5 s. If Tokio's
    /// clock is paused, the time is measured on the paused clock.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Starts the application.
    ///
    /// # Panics
    /// If the application does not start. The message lists everything that is wrong.
    #[track_caller]
    pub fn start(self) -> Expectation<'static, TestApp> {
        let starting = self.try_start();
        Expectation::new(async { starting.await.map_err(|error| error.to_string()) })
    }

    /// Starts the application, or returns the error of its start.
    ///
    /// # Errors
    /// Those of [`AppBuilder::create`].
    pub async fn try_start(self) -> Result<TestApp, Error> {
        let app = self.app.create().await?.routes(self.routes);
        Ok(TestApp::new(app, self.timeout))
    }
}
