//! [`TestApp`]: an application under test. It starts as in production, but needs no port.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::Request;
use specter_di::Container;
use tower_service::Service as _;

use super::running_app::RunningApp;
use super::{ClientBuilder, Expectation, TestClient};
use crate::app::{App, AppHandle};
use crate::gateway::SocketIngress;
use crate::rooms::Io;

/// An application under test. It is created as [`App`] creates it, with all checks, providers and
/// guards, and serves its clients over streams in memory.
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

    /// Connects a client to a namespace, without a CONNECT payload.
    ///
    /// # Panics
    /// If the client is refused.
    #[track_caller]
    pub fn connect(&self, namespace: &str) -> Expectation<'static, TestClient> {
        self.client().connect(namespace)
    }

    /// Builds a client: set its CONNECT payload, headers, path and address, then connect it.
    pub fn client(&self) -> ClientBuilder {
        ClientBuilder::new(self.app.clone())
    }

    /// Sends an HTTP request to the application: to its Socket.IO path or to its
    /// [axum routes](App::routes).
    pub async fn request(&self, request: Request<Body>) -> Response {
        match self.app.router.clone().call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// A singleton of any module, as [`App::get`] returns it.
    ///
    /// # Panics
    /// If [`App::get`] returns `None`.
    #[track_caller]
    pub fn get<T: ?Sized + Send + Sync + 'static>(&self) -> Arc<T> {
        self.container.get::<Arc<T>>().unwrap_or_else(|| {
            panic!(
                "no module provides the singleton `{}`, or several do and the App's own module \
                 does not see exactly one of them",
                std::any::type_name::<T>()
            )
        })
    }

    /// The whole server, by which the test can emit to all sockets.
    pub fn io(&self) -> Io {
        self.io.clone()
    }

    /// The ingress, which subscribes functions to events, as [`App::ingress`] returns it.
    pub fn ingress(&self) -> SocketIngress {
        self.ingress.clone()
    }

    /// A handle to shut the application down.
    pub fn handle(&self) -> AppHandle {
        self.handle.clone()
    }

    /// Shuts the application down, and waits until all `disconnect` handlers, teardown hooks and
    /// `on_shutdown` hooks have run.
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
