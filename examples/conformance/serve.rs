//! Listening on both loopback addresses, and stopping. It knows no profile.

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

/// Sessions are closed over this time.
const SPREAD: Duration = Duration::from_millis(100);
/// What still runs after this is left behind.
const LIMIT: Duration = Duration::from_secs(5);

/// A profile's router, and what ends its sessions.
pub(crate) struct Profile {
    router: Router,
    drain: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Profile {
    /// A profile that is an application.
    pub(crate) fn of_app(app: App) -> Self {
        let handle = app.handle();
        let drain = async move { handle.shutdown().await };
        Self {
            router: app.into_router(),
            drain: Box::pin(drain),
        }
    }

    /// A profile that is Engine.IO by itself.
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
            // Requests that never end would keep the servers.
            tokio::time::sleep(LIMIT).await;
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
        // An optimisation: without it, packets are delayed, not lost.
        let _ = stream.set_nodelay(true);
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let stopped = async move {
        // An error says that the sender is gone, which is the signal.
        let _ = stopped.changed().await;
    };
    axum::serve(listener, service)
        .with_graceful_shutdown(stopped)
        .await
}
