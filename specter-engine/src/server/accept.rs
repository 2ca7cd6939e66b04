//! The accept loop of the framework's own HTTP server, and the service of each connection.
//!
//! It limits how long a client may take to send the head of a request, and stops gracefully.
//! Requests are passed to a [`RequestRouter`].

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::application::Acceptor;
use crate::logging::log_limited;
use crate::server::head_timer::HeadTimer;
use crate::server::request_router::{Fallback, RequestRouter};
use crate::server::shutdown_signal::{ShutdownPoller, ShutdownReceiver, ShutdownSender};
use crate::server::timed_stream::TimedStream;

/// How long a client may take to send the head of a request.
const HEAD_LIMIT: Duration = Duration::from_secs(30);
/// How long the server accepts no connection after the system had no resources for one.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves until `stopping` completes. Open requests may then complete until the deadline that it
/// returns.
pub async fn accept_until<A: Acceptor, F: Fallback>(
    listener: TcpListener,
    router: RequestRouter<A, F>,
    stopping: impl Future<Output = Instant>,
) {
    let connections = ShutdownSender::new();
    tokio::pin!(stopping);
    let deadline = loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            deadline = &mut stopping => break deadline,
        };
        let Err(error) = accepted.map(|(stream, peer)| {
            let stream = TimedStream::accepted(stream);
            tokio::spawn(serve(stream, router.clone(), peer, connections.watch()));
        }) else {
            continue;
        };
        if is_connection_error(&error) {
            continue;
        }
        // The operating system has run out of a resource, such as open files, and needs time.
        log_limited!(ERROR, target: "specter::engine", %error, "a connection could not be \
            accepted; the server pauses for one second and tries again");
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            deadline = &mut stopping => break deadline,
        }
    };
    drop(listener);
    // Requests that take longer are aborted.
    let _ = tokio::time::timeout_at(deadline, connections.stop()).await;
}

/// Serves a connection until it closes or is upgraded.
async fn serve<A: Acceptor, F: Fallback>(
    stream: TimedStream,
    router: RequestRouter<A, F>,
    peer: SocketAddr,
    watch: ShutdownReceiver,
) {
    let notified = pin!(watch.clone().notified());
    let mut poller = ShutdownPoller::new(&watch, notified);
    let service = service_fn(move |request: Request<Incoming>| router.call(request, peer));
    let mut http = http1::Builder::new();
    http.timer(HeadTimer::default())
        .header_read_timeout(HEAD_LIMIT);
    let connection = http.serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection.with_upgrades());
    let mut is_notified = false;
    let end = poll_fn(|cx| {
        if !is_notified && poller.poll(cx) {
            is_notified = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(cx)
    });
    if let Err(error) = end.await {
        note_early_end(&error);
    }
}

fn note_early_end(error: &dyn std::error::Error) {
    tracing::trace!(target: "specter::engine", %error, "an HTTP connection ended early");
}

/// Whether a single connection failed while it was accepted.
fn is_connection_error(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

#[cfg(test)]
mod tests {
    use super::serve;
    use crate::detached::NoSessions;
    use crate::server::request_router::{Fallback, RequestRouter};
    use crate::server::shutdown_signal::ShutdownSender;
    use crate::server::timed_stream::TimedStream;
    use bytes::Bytes;
    use http::{Request, Response};
    use http_body_util::Empty;
    use hyper::body::Incoming;
    use std::net::SocketAddr;
    use std::pin::Pin;
    use tokio::net::{TcpListener, TcpStream};

    #[derive(Clone)]
    struct NotFound;

    impl Fallback for NotFound {
        type Body = Empty<Bytes>;

        fn call(
            &self,
            _: Request<Incoming>,
            _: SocketAddr,
        ) -> Pin<Box<dyn Future<Output = Response<Empty<Bytes>>> + Send>> {
            Box::pin(async { Response::default() })
        }
    }

    /// The future exists as long as its connection.
    #[tokio::test]
    async fn the_future_of_a_connection_is_small() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let router = RequestRouter::<NoSessions, _>::new([], NotFound);
        let serving = serve(
            TimedStream::accepted(stream),
            router,
            address,
            ShutdownSender::new().watch(),
        );
        let size = size_of_val(&serving);
        assert!(size <= 1300, "{size}");
    }
}
