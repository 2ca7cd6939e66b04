//! `App::listen` and `App::serve`: serve an App with the HTTP server of `specter-engine`.
//!
//! Programs that need TLS or HTTP/2 serve the App's router with a server of their own.

use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use futures_util::FutureExt;
use hyper::body::Incoming;
use specter_engine::internals::{
    Fallback, RequestRouter, StopSignals, accept_until, bind, follow_signals,
};
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tower_service::Service;

use super::App;
use super::error::Error;
use crate::socketio::SocketIoAcceptor;

/// How long running HTTP requests may still take after a shutdown begins.
const REQUEST_GRACE: Duration = Duration::from_secs(5);

impl App {
    /// Listens on an address and serves the App until the process receives SIGINT or SIGTERM, or
    /// [`AppHandle::shutdown`](super::AppHandle::shutdown) is called. Then it shuts down
    /// gracefully, as `AppHandle::shutdown` does, and returns. A second signal during the shutdown
    /// ends the process at once, with the status 130 or 143.
    ///
    /// A connection is closed if a request's head takes longer than 30 s to arrive, or if the
    /// client reads nothing of a response for 60 s.
    ///
    /// # Errors
    /// If the server cannot listen on the address.
    pub async fn listen(self, address: impl ToSocketAddrs + std::fmt::Debug) -> Result<(), Error> {
        let shown = format!("{address:?}");
        let listener = bind(address, self.accept_backlog)
            .await
            .map_err(|cause| Error::Listen {
                address: shown,
                cause,
            })?;
        self.serve(listener).await
    }

    /// Serves the App, as [`listen`](Self::listen) does, on a listener that is already bound, for
    /// example to port 0.
    ///
    /// # Errors
    /// None at present.
    pub async fn serve(self, listener: TcpListener) -> Result<(), Error> {
        self.serve_all([listener]).await
    }

    /// Serves the App, as [`listen`](Self::listen) does, on several listeners that are already
    /// bound, for example to an IPv4 and to an IPv6 address.
    ///
    /// # Errors
    /// None at present.
    pub async fn serve_all(
        self,
        listeners: impl IntoIterator<Item = TcpListener>,
    ) -> Result<(), Error> {
        // Installed first, so that a signal before the first connection shuts down gracefully too.
        let signals = StopSignals::catch();
        let handle = self.handle();
        let (stop, stopped) = oneshot::channel();
        let stopping = async move {
            tokio::select! {
                Ok(()) = stopped => handle.shutdown().await,
                () = handle.wait_done() => {}
            }
            let deadline = handle.deadline().unwrap_or_else(Instant::now);
            deadline.min(Instant::now() + REQUEST_GRACE)
        };
        let stopping = stopping.boxed().shared();
        let router = self.into_request_router();
        // Each accept loop is a task. `main`'s thread is no worker of the runtime, so that each
        // connection that it accepts would have to move to another thread. The set aborts the tasks
        // when this future is dropped.
        let mut serving = JoinSet::new();
        for listener in listeners {
            let address = listener
                .local_addr()
                .map(|address| address.to_string())
                .unwrap_or_default();
            tracing::info!(target: "specter::engine", %address, "listening");
            serving.spawn(accept_until(listener, router.clone(), stopping.clone()));
        }
        drop((router, stopping));
        let served = async { while serving.join_next().await.is_some() {} };
        tokio::select! {
            () = served => {}
            () = follow_signals(signals, stop) => {}
        }
        Ok(())
    }

    fn into_request_router(self) -> RequestRouter<SocketIoAcceptor, AppRouter> {
        let mounts = self.mounts.iter();
        let endpoints: Vec<_> = mounts
            .map(|mount| (mount.path.clone(), mount.endpoint.clone()))
            .collect();
        RequestRouter::new(endpoints, AppRouter(self.into_router()))
    }
}

/// The axum router of an App. It answers the requests whose path is no gateway's.
#[derive(Clone)]
struct AppRouter(Router);

impl Fallback for AppRouter {
    type Body = Body;

    fn call(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = self.0.clone().call(request);
        Box::pin(async { response.await.unwrap_or_else(|never| match never {}) })
    }
}
