//! `App::listen` and `App::serve`: the framework's own HTTP server in front of an App.
//!
//! The server itself is `specter-engine`'s. Programs that need TLS or HTTP/2 serve the App's router
//! with a server of their own.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response, StatusCode, Uri};
use futures_util::FutureExt;
use hyper::body::Incoming;
use specter_engine::internals::{
    Fallback, RequestRouter, StopSignals, accept_until, bind, follow_signals,
};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tower_service::Service;

use super::App;
use super::error::Error;
use super::futures::ServeApp;
use super::listen_address::{ListenAddress, ListenTarget};
use crate::logging::{Untrusted, install_default_subscriber, log_limited};
use crate::socketio::SocketIoAcceptor;

/// How long running requests may take after the drain.
const REQUEST_GRACE: Duration = Duration::from_secs(5);

impl App {
    /// Serves on an address until the process receives SIGINT or SIGTERM, or
    /// [`AppHandle::shutdown`](super::AppHandle::shutdown) is called; then shuts down gracefully. A
    /// second signal during the shutdown ends the process immediately, with the status 130 or 143.
    ///
    /// `listen(3000)` listens on loopback, `listen("0.0.0.0:3000")` for clients of other machines;
    /// see [`ListenAddress`].
    ///
    /// If the program has installed no `tracing` subscriber, this installs one that writes the
    /// address, warnings and errors to stderr; see
    /// [`AppBuilder::log_to_stderr`](super::AppBuilder::log_to_stderr).
    ///
    /// A client that takes more than 30 s to send the head of a request, or does not read a
    /// response for 60 s, is disconnected.
    ///
    /// # Errors
    /// The server cannot listen on the address.
    pub fn listen(self, address: impl ListenAddress) -> ServeApp {
        ServeApp::new(self.listen_on(address.into_target()))
    }

    pub(super) async fn listen_on(self, target: ListenTarget) -> Result<(), Error> {
        if self.log_to_stderr {
            install_default_subscriber();
        }
        let bound = async {
            let addresses = target.resolve().await?;
            bind(&addresses[..], self.accept_backlog).await
        };
        let listener = bound.await.map_err(|cause| Error::Listen {
            address: target.to_string(),
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
            log_address(&listener);
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
        let paths: Vec<_> = endpoints.iter().map(|(path, _)| path.as_str()).collect();
        let fallback = AppRouter {
            mounted: paths.join(" ").into(),
            router: self.into_router(),
        };
        RequestRouter::new(endpoints, fallback)
    }
}

fn log_address(listener: &TcpListener) {
    let Ok(address) = listener.local_addr() else {
        return;
    };
    if address.ip().is_loopback() {
        tracing::info!(
            target: "specter::engine", %address,
            "listening on loopback: only this machine can connect"
        );
    } else {
        tracing::info!(target: "specter::engine", %address, "listening");
    }
}

/// The axum router of an App. It answers the requests that are for no gateway.
#[derive(Clone)]
struct AppRouter {
    router: Router,
    /// The paths of the gateways, for the log.
    mounted: Arc<str>,
}

impl Fallback for AppRouter {
    type Body = Body;

    fn call(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let socketio_path = is_socketio(request.uri()).then(|| request.uri().path().to_owned());
        let response = self.router.clone().call(request);
        let mounted = self.mounted.clone();
        Box::pin(async move {
            let response = response.await.unwrap_or_else(|never| match never {});
            if let Some(path) = socketio_path
                && response.status() == StatusCode::NOT_FOUND
            {
                warn_of_path(&path, &mounted);
            }
            response
        })
    }
}

/// Whether a request has the query of a Socket.IO client.
fn is_socketio(uri: &Uri) -> bool {
    let mut parameters = uri.query().unwrap_or_default().split('&');
    parameters.any(|parameter| parameter.starts_with("EIO="))
}

fn warn_of_path(path: &str, mounted: &str) {
    log_limited!(
        WARN, target: "specter::engine", path = ?Untrusted(path), mounted,
        "a Socket.IO client requested a path on which no gateway is mounted: set the client's \
         option `path`, or the App's `path`. A namespace is no path: in the client it is the part \
         of the URL after the host"
    );
}
