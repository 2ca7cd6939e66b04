//! `App::listen` and the HTTP server under it: accepts connections, bounds the time of request heads and of answers that are not read,
//! and stops gracefully when the process is told to.
//!
//! It knows a front, sockets and the App's handle, nothing of gateways. Whoever needs TLS or HTTP/2 serves the router with a server of their own.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::task::JoinSet;

use super::App;
use super::error::Error;
use super::front::Front;
use super::head_timer::HeadTimer;
use crate::connection::Served;

/// How long a client may take for the head of a request.
const HEAD_LIMIT: Duration = Duration::from_secs(30);
/// How long requests may take once the server stops.
const REQUEST_GRACE: Duration = Duration::from_secs(5);
/// How long nothing is accepted after the system had no resources for it.
const PAUSE: Duration = Duration::from_secs(1);

impl App {
    /// Serves on an address until the process is told to stop (SIGINT, SIGTERM) or [`AppHandle::shutdown`](super::AppHandle::shutdown) is called, then drains.
    ///
    /// A client that does not send a request's head for 30 s, or does not read an answer for 60 s, loses its connection.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn listen(self, address: impl ToSocketAddrs + std::fmt::Debug) -> Result<(), Error> {
        let shown = format!("{address:?}");
        let listener = TcpListener::bind(address)
            .await
            .map_err(|cause| Error::Listen {
                address: shown,
                cause,
            })?;
        self.serve(listener).await
    }

    /// The same on a listener that is already bound: for port 0, or several addresses.
    pub async fn serve(self, listener: TcpListener) -> Result<(), Error> {
        let address = listener
            .local_addr()
            .map(|address| address.to_string())
            .unwrap_or_default();
        let handle = self.handle();
        tracing::info!(target: "specter::engine", %address, "listening");
        let stopping = async move {
            tokio::select! {
                () = told_to_stop() => handle.shutdown().await,
                () = handle.drained() => {}
            }
        };
        // A task of its own: `main`'s thread is none of the runtime's workers, and each connection would have to change threads.
        // The set ends it when this future is dropped.
        let mut serving = JoinSet::new();
        serving.spawn(accept_until(listener, self.into_front(), stopping));
        serving.join_next().await;
        Ok(())
    }
}

/// Waits for SIGINT or SIGTERM.
async fn told_to_stop() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}

/// Serves until `stopping` is over, then lets the requests under way finish.
async fn accept_until(listener: TcpListener, front: Front, stopping: impl Future<Output = ()>) {
    let connections = GracefulShutdown::new();
    tokio::pin!(stopping);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stopping => break,
        };
        let Err(error) =
            accepted.map(|(stream, address)| spawn(stream, address, front.clone(), &connections))
        else {
            continue;
        };
        if is_clients_loss(&error) {
            continue;
        }
        // The system's, which needs time.
        tracing::error!(target: "specter::engine", %error, "no connection can be accepted for now");
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = &mut stopping => break,
        }
    }
    drop(listener);
    // Those that take longer are cut off.
    let _ = tokio::time::timeout(REQUEST_GRACE, connections.shutdown()).await;
}

fn spawn(stream: TcpStream, address: SocketAddr, front: Front, connections: &GracefulShutdown) {
    let service = service_fn(move |request: Request<Incoming>| front.call(request, address));
    let mut server = auto::Builder::new(TokioExecutor::new()).http1_only();
    server
        .http1()
        .timer(HeadTimer::default())
        .header_read_timeout(HEAD_LIMIT);
    let connection = server
        .serve_connection_with_upgrades(TokioIo::new(Served::accepted(stream)), service)
        .into_owned();
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::trace!(target: "specter::engine", %error, "an HTTP connection ended early");
        }
    });
}

/// Whether a connection failed while it was accepted.
fn is_clients_loss(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}
