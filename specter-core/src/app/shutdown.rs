//! Graceful shutdown: the drain, and the handle that starts it.
//!
//! The time for shutting down is divided. Handlers have most of it; then those that still run are
//! dropped; the last part is kept for `disconnect` handlers and for the hooks of providers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use specter_di::Container;
use tokio::sync::{Notify, OnceCell};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::mount::Mount;
use super::settings::ShutdownConfig;
use crate::gateway::SocketIngress;
use crate::gateway::lifecycle::HOOK_LIMIT;
use crate::socketio::SocketIoAcceptor;
use specter_engine::Endpoint;

/// So much of the limit, or a quarter of it, is left for what follows the handlers.
const LONGEST_RESERVE: Duration = Duration::from_secs(5);

/// Stops an application, from any task. Clones are the same handle.
#[derive(Clone)]
pub struct AppHandle(Arc<Shared>);

struct Shared {
    endpoints: Vec<Endpoint<SocketIoAcceptor>>,
    draining: Vec<Arc<AtomicBool>>,
    container: Container,
    ingress: SocketIngress,
    config: ShutdownConfig,
    once: OnceCell<()>,
    /// When all must be over. Set when the drain begins.
    deadline: OnceLock<Instant>,
    done: AtomicBool,
    finished: Notify,
}

impl AppHandle {
    pub(super) fn new(
        mounts: &[Mount],
        container: Container,
        ingress: SocketIngress,
        config: ShutdownConfig,
    ) -> Self {
        Self(Arc::new(Shared {
            endpoints: mounts.iter().map(|mount| mount.endpoint.clone()).collect(),
            draining: mounts.iter().map(|mount| mount.draining.clone()).collect(),
            container,
            ingress,
            config,
            once: OnceCell::new(),
            deadline: OnceLock::new(),
            done: AtomicBool::new(false),
            finished: Notify::new(),
        }))
    }

    /// Drains. New handshakes get 503, and no further event begins; what runs is finished, and
    /// acknowledgements, pongs and DISCONNECT packets are still read meanwhile. A connection closes
    /// when nothing of it runs any more and what was sent to it is flushed, without a DISCONNECT
    /// packet, so that its client reconnects. `disconnect` handlers run with `server shutting
    /// down`, then the providers' `on_shutdown`.
    ///
    /// Returns when all is done, after the App's `shutdown_timeout` at the latest: handlers that
    /// run on until shortly before that are dropped. Idempotent: every call waits for the same end.
    pub async fn shutdown(&self) {
        self.0.once.get_or_init(|| self.drain()).await;
    }

    async fn drain(&self) {
        let shared = &self.0;
        let deadline = Instant::now() + shared.config.limit;
        let _ = shared.deadline.set(deadline);
        tracing::info!(target: "specter::engine", connections = self.connections(), "shutting down");
        shared
            .endpoints
            .iter()
            .for_each(Endpoint::refuse_handshakes);
        shared
            .draining
            .iter()
            .for_each(|draining| draining.store(true, Ordering::Relaxed));
        shared.endpoints.iter().for_each(Endpoint::wake_all);
        self.close_connections(deadline).await;
        let _ = timeout_at(deadline, shared.ingress.tear_down()).await;
        let hook_limit = || sleep_until(deadline.min(Instant::now() + HOOK_LIMIT));
        for failure in shared.container.shutdown(hook_limit).await {
            tracing::error!(target: "specter::di", %failure, "a provider's shutdown failed");
        }
        shared.done.store(true, Ordering::Release);
        shared.finished.notify_waiters();
    }

    /// Lets what runs end, then cuts off the rest.
    async fn close_connections(&self, deadline: Instant) {
        let shared = &self.0;
        let reserve = (shared.config.limit / 4).min(LONGEST_RESERVE);
        let finish = async {
            for endpoint in &shared.endpoints {
                endpoint.drain(shared.config.spread).await;
            }
            self.closed().await;
        };
        if timeout_at(deadline - reserve, finish).await.is_ok() {
            return;
        }
        let handlers: usize = shared
            .endpoints
            .iter()
            .map(Endpoint::running_handlers)
            .sum();
        if handlers > 0 {
            tracing::warn!(
                target: "specter::engine",
                connections = handlers,
                shutdown_timeout = ?shared.config.limit,
                "handlers ran on until the time for shutting down was nearly over, and are dropped"
            );
        }
        shared.endpoints.iter().for_each(Endpoint::stop_at_once);
        let _ = timeout_at(deadline - reserve / 2, self.closed()).await;
    }

    async fn closed(&self) {
        for endpoint in &self.0.endpoints {
            endpoint.wait_closed().await;
        }
    }

    /// When all must be over, once the drain has begun.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.0.deadline.get().copied()
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.0.endpoints.iter().map(Endpoint::connections).sum()
    }

    /// Waits for the end of a shutdown that somebody began.
    pub(super) async fn drained(&self) {
        loop {
            let finished = self.0.finished.notified();
            tokio::pin!(finished);
            finished.as_mut().enable();
            if self.0.done.load(Ordering::Acquire) {
                return;
            }
            finished.await;
        }
    }
}
