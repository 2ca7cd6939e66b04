//! `App::listen` and `App::serve`: the framework's own HTTP server in front of an App.
//!
//! The server itself is `specter-engine`'s. Programs that need TLS or HTTP/2 serve the App's router
//! with a server of their own.

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

/// How long running requests may take after the drain.
const REQUEST_GRACE: Duration = Duration::from_secs(5);

impl App {
    /// Serves on an address until the process receives SIGINT or SIGTERM, or
    /// [`AppHandle::shutdown`](super::AppHandle::shutdown) is called; then shuts down gracefully. A
    /// second signal during the shutdown ends the process immediately, with the status 130 or 143.
    ///
    /// A client that takes more than 30 s to send the head of a request, or does not read a
    /// response for 60 s, is disconnected.
    ///
    /// # Errors
    /// The server cannot listen on the address.
    pub async fn listen(self, address: impl ToSocketAddrs + std::fmt::Debug) -> Result<(), Error> {
        let address_text = format!("{address:?}");
        let listener = bind(address, self.accept_backlog)
            .await
            .map_err(|cause| Error::Listen {
                address: address_text,
                cause,
            })?;
        self.serve(listener).await
    }

    /// As [`listen`](Self::listen), on a listener that is already bound, for example to port 0.
    ///
    /// # Errors
    /// None at present.
    pub async fn serve(self, listener: TcpListener) -> Result<(), Error> {
        self.serve_all([listener]).await
    }

    /// As [`listen`](Self::listen), on several listeners that are already bound, for example to an
    /// IPv4 and an IPv6 address.
    ///
    /// # Errors
    /// None at present.
    pub async fn serve_all(
        self,
        listeners: impl IntoIterator<Item = TcpListener>,
    ) -> Result<(), Error> {
        // From here on a signal starts the drain, even before the first connection.
        let signals = StopSignals::catch();
        let handle = self.handle();
        let (stop, stopped) = oneshot::channel();
        let stopping = async move {
            tokio::select! {
                Ok(()) = stopped => handle.shutdown().await,
                () = handle.drained() => {}
            }
            let deadline = handle.deadline().unwrap_or_else(Instant::now);
            deadline.min(Instant::now() + REQUEST_GRACE)
        };
        let stopping = stopping.boxed().shared();
        let router = self.into_request_router();
        // The accept loops run in tasks because the thread of `main` is no worker of the runtime:
        // each connection that it accepts would move to another thread. Dropping this future drops
        // the set, which ends the tasks.
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
        let all_closed = async { while serving.join_next().await.is_some() {} };
        tokio::select! {
            () = all_closed => {}
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

/// The axum router of an App. It answers the requests that are for no gateway.
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
