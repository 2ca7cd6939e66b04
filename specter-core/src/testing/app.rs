//! An application under test: started as in production, reached without a port.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::Request;
use specter_di::{Container, Module};
use tower_service::Service as _;

use super::{ClientBuilder, TestAppBuilder, TestClient};
use crate::app::{App, AppHandle};
use crate::gateway::{Controller, SocketIngress};
use crate::rooms::Io;

/// An application under test: made as [`App`] makes it, checks, providers, guards and all, and
/// served over streams in memory.
///
/// See the [module](super) for examples.
pub struct TestApp {
    app: RunningApp,
    handle: AppHandle,
    io: Io,
    ingress: SocketIngress,
    container: Container,
}

/// What clients need of the application.
#[derive(Clone)]
pub(super) struct RunningApp {
    pub(super) router: Router,
    pub(super) timeout: Duration,
}

impl TestApp {
    pub(super) fn new(app: App, timeout: Duration) -> Self {
        Self {
            handle: app.handle(),
            io: app.io(),
            ingress: app.ingress(),
            container: app.container().clone(),
            app: RunningApp {
                router: app.into_router(),
                timeout,
            },
        }
    }

    /// The application of a module.
    pub fn builder<M: Module>() -> TestAppBuilder {
        App::builder::<M>().into()
    }

    /// The application of a single controller. What it injects is
    /// [provided](TestAppBuilder::provide) by the test.
    pub fn builder_of<C: Controller>() -> TestAppBuilder {
        App::builder_of::<C>().into()
    }

    /// Starts the application of a module as it is.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start<M: Module>() -> Self {
        Self::builder::<M>().start().await
    }

    /// Starts the application of a single controller as it is.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn of<C: Controller>() -> Self {
        Self::builder_of::<C>().start().await
    }

    /// A client that joins a namespace and brings nothing to authenticate by.
    ///
    /// # Panics
    /// When it is refused.
    #[track_caller]
    pub fn connect(&self, namespace: &str) -> impl Future<Output = TestClient> + use<> {
        self.client().connect(namespace)
    }

    /// A client that is about to connect: say what it authenticates by, its headers, its path.
    pub fn client(&self) -> ClientBuilder {
        ClientBuilder::new(self.app.clone())
    }

    /// Sends a request to the application's routes, [those of axum](App::routes) included.
    pub async fn request(&self, request: Request<Body>) -> Response {
        match self.app.router.clone().call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// A singleton, of any module, as [`App::get`].
    ///
    /// # Panics
    /// When no module provides it.
    #[track_caller]
    pub fn get<T: ?Sized + Send + Sync + 'static>(&self) -> Arc<T> {
        self.container
            .get::<Arc<T>>()
            .unwrap_or_else(|| panic!("no singleton `{}`", std::any::type_name::<T>()))
    }

    /// The whole server, to emit from the test.
    pub fn io(&self) -> Io {
        self.io.clone()
    }

    /// Subscribes functions to events, as [`App::ingress`].
    pub fn ingress(&self) -> SocketIngress {
        self.ingress.clone()
    }

    /// A handle to shut the application down.
    pub fn handle(&self) -> AppHandle {
        self.handle.clone()
    }

    /// Shuts the application down and waits until all is done: `disconnect` handlers, tear-down,
    /// `on_shutdown`.
    pub async fn shutdown(&self) {
        self.handle.shutdown().await;
    }
}

impl fmt::Debug for TestApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestApp")
            .field("connections", &self.handle.connections())
            .finish_non_exhaustive()
    }
}
