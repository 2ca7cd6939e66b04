//! The HTTP server under `App::listen`: accepts connections, bounds the time of their request heads, and stops gracefully.
//!
//! It knows a router and sockets, nothing of gateways. Whoever needs TLS or HTTP/2 serves the router with a server of their own.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tower_service::Service;

/// How long a client may take for the head of a request.
const HEAD_LIMIT: Duration = Duration::from_secs(30);
/// How long requests may take once the server stops.
const REQUEST_GRACE: Duration = Duration::from_secs(5);
/// How long nothing is accepted after the system had no resources for it.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves until `stopping` is over, then lets the requests under way finish.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    stopping: impl Future<Output = ()>,
) {
    let connections = GracefulShutdown::new();
    tokio::pin!(stopping);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => spawn(stream, address, router.clone(), &connections),
                Err(error) => pause_after(&error).await,
            },
            () = &mut stopping => break,
        }
    }
    drop(listener);
    // Those that take longer are cut off.
    let _ = tokio::time::timeout(REQUEST_GRACE, connections.shutdown()).await;
}

fn spawn(stream: TcpStream, address: SocketAddr, router: Router, connections: &GracefulShutdown) {
    // An optimisation: without it, packets are delayed, not lost.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(address));
        router.clone().call(request)
    });
    let mut server = auto::Builder::new(TokioExecutor::new()).http1_only();
    server
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT);
    let connection = server
        .serve_connection_with_upgrades(TokioIo::new(stream), service)
        .into_owned();
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::trace!(target: "specter::engine", %error, "an HTTP connection ended early");
        }
    });
}

/// A connection that failed while it was accepted is its client's loss; anything else is the system's, which needs time.
async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    ) {
        tracing::error!(target: "specter::engine", %error, "no connection can be accepted for now");
        tokio::time::sleep(PAUSE).await;
    }
}
