//! What a test changes of an application before it starts.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use specter_di::Provide;

use super::TestApp;
use crate::app::{AppBuilder, Error};
use crate::gateway::Guard;

/// How long what a test expects may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// An application under test, before it starts.
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
            timeout: PATIENCE,
        }
    }
}

impl TestAppBuilder {
    /// A value that every provider and controller may inject as `Arc<T>`, as
    /// [`AppBuilder::provide`].
    #[track_caller]
    pub fn provide<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.app = self.app.provide(value);
        self
    }

    /// Lets a value stand in for whatever provides `Arc<T>`: `.bind::<dyn
    /// Repository>(Arc::new(Fake))`. As [`AppBuilder::bind`].
    #[track_caller]
    pub fn bind<T: ?Sized + Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        self.app = self.app.bind(value);
        self
    }

    /// Lets a value stand in for a provider, in its module, under all its types. As
    /// [`AppBuilder::replace`].
    #[track_caller]
    pub fn replace<P: Provide<Value: Clone + Send + Sync>>(
        mut self,
        value: impl Into<P::Value>,
    ) -> Self {
        self.app = self.app.replace::<P>(value);
        self
    }

    /// Lets everybody pass where `G` guards, on modules, controllers, events and the App alike. It
    /// is never asked.
    pub fn allow<G: Guard>(mut self) -> Self {
        self.app = self.app.bypass_guard::<G>();
        self
    }

    /// Changes any setting of the application: `.configure(|app| app.ping_timeout(SECOND))`.
    pub fn configure(mut self, change: impl FnOnce(AppBuilder) -> AppBuilder) -> Self {
        self.app = change(self.app);
        self
    }

    /// Adds axum routes beside the gateways, as [`App::routes`](crate::app::App::routes).
    pub fn routes(mut self, routes: Router) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    /// How long what a test expects may take before the test fails. 5 s, of the paused clock where
    /// it is paused.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// When it does not start, with everything that is wrong.
    pub async fn start(self) -> TestApp {
        match self.try_start().await {
            Ok(app) => app,
            Err(error) => panic!("{error}"),
        }
    }

    /// The same, with a start that fails as an error.
    ///
    /// # Errors
    /// As [`AppBuilder::create`].
    pub async fn try_start(self) -> Result<TestApp, Error> {
        let app = self.app.create().await?.routes(self.routes);
        Ok(TestApp::new(app, self.timeout))
    }
}
