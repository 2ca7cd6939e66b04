//! Serves a profile's router on both loopback addresses, and shuts it down.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use specter::App;
use specter::engine::{Acceptor, CloseReason, Endpoint};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// The time over which sessions are closed.
const SPREAD: Duration = Duration::from_millis(100);
/// How long requests may still take after the sessions are closed.
const REQUEST_GRACE: Duration = Duration::from_secs(5);

/// A profile: its router, and a future that closes its sessions.
pub(crate) struct Profile {
    router: Router,
    drain: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Profile {
    /// A profile that serves an application.
    pub(crate) fn of_app(app: App) -> Self {
        let handle = app.handle();
        let drain = async move { handle.shutdown().await };
        Self {
            router: app.into_router(),
            drain: Box::pin(drain),
        }
    }

    /// A profile that serves Engine.IO without Socket.IO.
    pub(crate) fn of_engine<A: Acceptor>(endpoint: Endpoint<A>) -> Self {
        let router = Router::new()
            .route_service("/engine.io", endpoint.clone())
            .route_service("/engine.io/", endpoint.clone());
        let drain = async move {
            endpoint.refuse_handshakes();
            endpoint
                .close_all(CloseReason::ServerShuttingDown, SPREAD)
                .await;
            endpoint.wait_closed().await;
        };
        Self {
            router,
            drain: Box::pin(drain),
        }
    }

    /// Serves on both loopback addresses until SIGTERM or SIGINT, then drains.
    pub(crate) async fn serve(self, port: u16) -> io::Result<()> {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let port = first.local_addr()?.port();
        let second = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await?;
        let (mut terminate, mut interrupt) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        println!("listening on {port}");

        let (stop, stopped) = watch::channel(());
        let serving = futures_util::future::try_join(
            serve_on(first, self.router.clone(), stopped.clone()),
            serve_on(second, self.router, stopped),
        );
        let stopping = async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            self.drain.await;
            drop(stop);
            // A request that never ends would keep the servers running.
            tokio::time::sleep(REQUEST_GRACE).await;
        };
        tokio::select! {
            served = serving => served.map(|_| ()),
            () = stopping => Ok(()),
        }
    }
}

/// Serves until the sender of `stopped` is dropped.
async fn serve_on(
    listener: TcpListener,
    router: Router,
    mut stopped: watch::Receiver<()>,
) -> io::Result<()> {
    let listener = listener.tap_io(|stream| {
        // An error only means that packets may be delayed.
        let _ = stream.set_nodelay(true);
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let stopped = async move {
        // The error says that the sender was dropped, which is the signal to stop.
        let _ = stopped.changed().await;
    };
    axum::serve(listener, service)
        .with_graceful_shutdown(stopped)
        .await
}
