//! `App::listen` and the HTTP server under it: accepts connections, bounds the time of request
//! heads and of answers that are not read, and stops gracefully when the process is told to.
//!
//! It knows a front, sockets and the App's handle, nothing of gateways. Whoever needs TLS or HTTP/2
//! serves the router with a server of their own.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, ToSocketAddrs, lookup_host};
#[cfg(unix)]
use tokio::signal::unix;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::App;
use super::error::Error;
use super::front::Front;
use super::head_timer::HeadTimer;
use super::stopping::{Stop, Watch, Watching};
use crate::connection::{Acceptor, Served};
use crate::logging::log_limited;

/// How long a client may take for the head of a request.
const HEAD_LIMIT: Duration = Duration::from_secs(30);
/// How long requests may take once the server stops.
const REQUEST_GRACE: Duration = Duration::from_secs(5);
/// How long nothing is accepted after the system had no resources for it.
const PAUSE: Duration = Duration::from_secs(1);

impl App {
    /// Serves on an address until the process is told to stop (SIGINT, SIGTERM) or
    /// [`AppHandle::shutdown`](super::AppHandle::shutdown) is called, then drains. A second signal
    /// while it drains ends the process at once, with the status 130 or 143.
    ///
    /// A client that does not send a request's head for 30 s, or does not read an answer for 60 s,
    /// loses its connection.
    ///
    /// # Errors
    /// The address cannot be listened on.
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

    /// The same on a listener that is already bound: for port 0, or several addresses.
    pub async fn serve(self, listener: TcpListener) -> Result<(), Error> {
        // From here on a signal drains, also one that comes before the first connection.
        let signals = StopSignals::new();
        let address = listener
            .local_addr()
            .map(|address| address.to_string())
            .unwrap_or_default();
        let handle = self.handle();
        tracing::info!(target: "specter::engine", %address, "listening");
        let (stop, stopped) = oneshot::channel();
        let stopping = async move {
            tokio::select! {
                Ok(()) = stopped => handle.shutdown().await,
                () = handle.drained() => {}
            }
            let deadline = handle.deadline().unwrap_or_else(Instant::now);
            deadline.min(Instant::now() + REQUEST_GRACE)
        };
        // A task of its own: `main`'s thread is none of the runtime's workers, and each connection
        // would have to change threads. The set ends it when this future is dropped.
        let mut serving = JoinSet::new();
        serving.spawn(accept_until(listener, self.into_front(), stopping));
        tokio::select! {
            _ = serving.join_next() => {}
            () = follow_signals(signals, stop) => {}
        }
        Ok(())
    }
}

/// Listens on the first of the addresses that can be listened on.
async fn bind(address: impl ToSocketAddrs, backlog: u32) -> io::Result<TcpListener> {
    let mut failed = None;
    for address in lookup_host(address).await? {
        match bind_one(address, backlog) {
            Ok(listener) => return Ok(listener),
            Err(error) => failed = Some(error),
        }
    }
    let none = || io::Error::new(io::ErrorKind::InvalidInput, "it names no address");
    Err(failed.unwrap_or_else(none))
}

fn bind_one(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // As Tokio and the standard library do: a server that starts again need not wait for
    // connections of the one before. Elsewhere it would let another process take the address over.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(backlog)
}

/// Begins the drain at the first stop signal, and ends the process at the second one. Never
/// returns.
async fn follow_signals(mut signals: StopSignals, stop: oneshot::Sender<()>) {
    signals.next().await;
    let _ = stop.send(());
    let status = signals.next().await;
    tracing::warn!(target: "specter::engine", "a second stop signal arrived: the process ends at once, without draining");
    std::process::exit(status);
}

/// SIGINT and SIGTERM.
#[cfg(unix)]
struct StopSignals {
    interrupt: Option<unix::Signal>,
    terminate: Option<unix::Signal>,
}

#[cfg(unix)]
impl StopSignals {
    fn new() -> Self {
        Self {
            interrupt: unix::signal(unix::SignalKind::interrupt()).ok(),
            terminate: unix::signal(unix::SignalKind::terminate()).ok(),
        }
    }

    /// Waits for the next signal. Yields the exit status of a process that it ends.
    async fn next(&mut self) -> i32 {
        async fn receive(signal: &mut Option<unix::Signal>) {
            match signal {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        }
        tokio::select! {
            () = receive(&mut self.interrupt) => 130,
            () = receive(&mut self.terminate) => 143,
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
struct StopSignals;

#[cfg(not(unix))]
impl StopSignals {
    fn new() -> Self {
        Self
    }

    /// Waits for the next signal. Yields the exit status of a process that it ends.
    async fn next(&mut self) -> i32 {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        130
    }
}

/// Serves until `stopping` is over, then lets the requests under way finish until the time that it
/// says.
async fn accept_until<A: Acceptor>(
    listener: TcpListener,
    front: Front<A>,
    stopping: impl Future<Output = Instant>,
) {
    let connections = Stop::new();
    tokio::pin!(stopping);
    let deadline = loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            deadline = &mut stopping => break deadline,
        };
        let Err(error) = accepted.map(|(stream, peer)| {
            let served = Served::accepted(stream);
            tokio::spawn(serve(served, front.clone(), peer, connections.watch()));
        }) else {
            continue;
        };
        if is_clients_loss(&error) {
            continue;
        }
        // The system's, which needs time.
        log_limited!(ERROR, target: "specter::engine", %error, "no connection can be accepted for now");
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            deadline = &mut stopping => break deadline,
        }
    };
    drop(listener);
    // Those that take longer are cut off.
    let _ = tokio::time::timeout_at(deadline, connections.stop()).await;
}

/// Serves a connection to its end, or to that of HTTP on it.
async fn serve<A: Acceptor>(served: Served, front: Front<A>, peer: SocketAddr, watch: Watch) {
    let told = pin!(watch.clone().told());
    let mut watching = Watching::new(&watch, told);
    let service = service_fn(move |request: Request<Incoming>| front.call(request, peer));
    let mut http = http1::Builder::new();
    http.timer(HeadTimer::default())
        .header_read_timeout(HEAD_LIMIT);
    let connection = http.serve_connection(TokioIo::new(served), service);
    let mut connection = pin!(connection.with_upgrades());
    let mut is_told = false;
    let end = poll_fn(|cx| {
        if !is_told && watching.poll(cx) {
            is_told = true;
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

/// Whether a connection failed while it was accepted.
fn is_clients_loss(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

#[cfg(test)]
mod tests {
    use super::{bind, serve};
    use crate::app::front::Front;
    use crate::app::stopping::Stop;
    use crate::connection::Served;
    use std::time::Duration;
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::timeout;

    /// It is there as long as a connection is kept.
    #[tokio::test]
    async fn what_serves_a_connection_is_small() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let front: Front = Front::of([]);
        let serving = serve(
            Served::accepted(stream),
            front,
            address,
            Stop::new().watch(),
        );
        let size = size_of_val(&serving);
        assert!(size <= 1300, "{size}");
    }

    /// Of connections that do not fit the system drops the first packet, and their clients wait for
    /// a second or longer.
    #[tokio::test]
    async fn the_system_holds_as_many_connections_as_the_backlog_says() {
        let listener = bind("127.0.0.1:0", 4096).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut connections = Vec::new();
        for _ in 0..400 {
            let connecting = TcpStream::connect(address);
            let connected = timeout(Duration::from_millis(900), connecting).await;
            connections.push(connected.expect("there is room").unwrap());
        }
    }

    #[tokio::test]
    async fn the_first_address_that_can_be_listened_on_is_taken() {
        let first = bind("127.0.0.1:0", 1).await.unwrap();
        let taken = first.local_addr().unwrap();
        let free: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
        let listener = bind(&[taken, free][..], 1).await.unwrap();
        assert_ne!(listener.local_addr().unwrap(), taken);
        let unresolved: &[std::net::SocketAddr] = &[];
        assert!(bind(unresolved, 1).await.is_err());
    }
}
