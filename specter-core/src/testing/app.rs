//! `TestApp`: an application that is started as in production and reached without a port.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::Request;
use specter_di::{Container, Module};
use tower_service::Service as _;

use super::builder::TestAppBuilder;
use super::client::TestClient;
use super::client_builder::{ClientBuilder, RunningApp};
use crate::app::{App, AppHandle};
use crate::gateway::{Controller, SocketIngress};
use crate::rooms::Io;

/// An application under test. It is started as [`App`] starts it, with all checks, providers and
/// guards, and is served over streams in memory.
///
/// See the [module](super) for examples.
pub struct TestApp {
    app: RunningApp,
    handle: AppHandle,
    io: Io,
    ingress: SocketIngress,
    container: Container,
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

    /// Prepares to start the application of a module.
    pub fn builder<M: Module>() -> TestAppBuilder {
        App::builder::<M>().into()
    }

    /// Prepares to start an application with a single controller. The test
    /// [provides](TestAppBuilder::provide) what the controller injects.
    pub fn builder_of<C: Controller>() -> TestAppBuilder {
        App::builder_of::<C>().into()
    }

    /// Starts the application of a module without changes.
    ///
    /// # Panics
    /// If it does not start, with everything that is wrong.
    pub async fn start<M: Module>() -> Self {
        Self::builder::<M>().start().await
    }

    /// Starts an application with a single controller without changes.
    ///
    /// # Panics
    /// If it does not start, with everything that is wrong.
    pub async fn of<C: Controller>() -> Self {
        Self::builder_of::<C>().start().await
    }

    /// Connects a client to a namespace, without `auth`.
    ///
    /// # Panics
    /// If the server rejects the client.
    #[track_caller]
    pub fn connect(&self, namespace: &str) -> impl Future<Output = TestClient> + use<> {
        self.client().connect(namespace)
    }

    /// Prepares a client: its `auth`, headers, path and address can be set before it connects.
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

    /// A singleton of any module, as [`App::get`] returns it.
    ///
    /// # Panics
    /// If no module provides it.
    #[track_caller]
    pub fn get<T: ?Sized + Send + Sync + 'static>(&self) -> Arc<T> {
        self.container
            .get::<Arc<T>>()
            .unwrap_or_else(|| panic!("no singleton `{}`", std::any::type_name::<T>()))
    }

    /// The whole server: emits from the test, to all namespaces.
    pub fn io(&self) -> Io {
        self.io.clone()
    }

    /// Subscribes functions to events at run time, as [`App::ingress`] does.
    pub fn ingress(&self) -> SocketIngress {
        self.ingress.clone()
    }

    /// A handle that shuts the application down.
    pub fn handle(&self) -> AppHandle {
        self.handle.clone()
    }

    /// Shuts the application down. Waits until `disconnect` handlers, the tear-down of scopes and the
    /// providers' `on_shutdown` have run.
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
