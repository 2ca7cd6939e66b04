//! `TestAppBuilder`: what a test changes in an application before it starts.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use specter_di::Provide;

use super::app::TestApp;
use crate::app::{AppBuilder, Error};
use crate::gateway::Guard;

/// How long a client waits for what a test expects.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// An application under test that is not started yet.
///
/// It starts with the settings of [`AppBuilder`] and their defaults; [`configure`](Self::configure)
/// changes them.
#[must_use = "nothing starts before `start`"]
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

impl TestAppBuilder {
    /// Provides a value that every provider and controller may inject as `Arc<T>`. See
    /// [`AppBuilder::provide`].
    #[track_caller]
    pub fn provide<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.app = self.app.provide(value);
        self
    }

    /// Replaces all providers of `Arc<T>` by a value:
    /// `.bind::<dyn Repository>(Arc::new(Fake))`. See [`AppBuilder::bind`].
    #[track_caller]
    pub fn bind<T: ?Sized + Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        self.app = self.app.bind(value);
        self
    }

    /// Replaces the provider `P` by a value, in its module and under all its types. See
    /// [`AppBuilder::replace`].
    #[track_caller]
    pub fn replace<P: Provide<Value: Clone + Send + Sync>>(
        mut self,
        value: impl Into<P::Value>,
    ) -> Self {
        self.app = self.app.replace::<P>(value);
        self
    }

    /// Removes the guard `G` wherever it is declared: on the App, modules, controllers and events. It
    /// is not built for them, and its `check` does not run.
    pub fn bypass_guard<G: Guard>(mut self) -> Self {
        self.app = self.app.bypass_guard::<G>();
        self
    }

    /// Changes settings of the application: `.configure(|app| app.ping_timeout(SECOND))`. Default:
    /// the defaults of [`AppBuilder`].
    pub fn configure(mut self, change: impl FnOnce(AppBuilder) -> AppBuilder) -> Self {
        self.app = change(self.app);
        self
    }

    /// Adds axum routes to the application, as [`App::routes`](crate::app::App::routes) does.
    /// Default: none.
    pub fn routes(mut self, routes: Router) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    /// How long a client waits for what a test expects: the handshake, the reply to CONNECT, an event,
    /// an acknowledgement. Default: 5 s; with a paused clock, of the paused clock's time. After that
    /// the test fails.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Starts the application.
    ///
    /// # Panics
    /// If it does not start, with everything that is wrong.
    pub async fn start(self) -> TestApp {
        match self.try_start().await {
            Ok(app) => app,
            Err(error) => panic!("{error}"),
        }
    }

    /// Starts the application, or returns why it does not start.
    ///
    /// # Errors
    /// Those of [`AppBuilder::create`].
    pub async fn try_start(self) -> Result<TestApp, Error> {
        let app = self.app.create().await?.routes(self.routes);
        Ok(TestApp::new(app, self.timeout))
    }
}
