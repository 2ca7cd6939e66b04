//! Graceful shutdown: the drain, and the handle that starts it.
//!
//! The shutdown timeout has two parts. Running handlers may use the first, larger part, and are
//! dropped at its end. The rest is reserved for `disconnect` handlers and for the providers' hooks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use specter_di::Container;
use tokio::sync::{Notify, OnceCell};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::mount::Mount;
use super::settings::ShutdownConfig;
use crate::gateway::SocketIngress;
use crate::gateway::lifecycle::HOOK_TIMEOUT;
use crate::socketio::SocketIoAcceptor;
use specter_engine::Endpoint;

/// The longest time that is reserved for `disconnect` handlers and hooks. If a quarter of the
/// shutdown timeout is shorter, that quarter is reserved.
const LONGEST_RESERVE: Duration = Duration::from_secs(5);

/// Shuts an application down, from any task. Clones refer to the same application.
#[derive(Clone)]
pub struct AppHandle(Arc<Shared>);

struct Shared {
    endpoints: Vec<Endpoint<SocketIoAcceptor>>,
    /// The flags of the mounts; see [`Mount::draining`].
    draining: Vec<Arc<AtomicBool>>,
    container: Container,
    ingress: SocketIngress,
    config: ShutdownConfig,
    /// Makes the first call of `shutdown` do the work, and the others wait for it.
    once: OnceCell<()>,
    /// When the shutdown must have ended. Set when the drain begins.
    deadline: OnceLock<Instant>,
    /// Whether the shutdown is complete.
    done: AtomicBool,
    /// Notified when `done` is set.
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

    /// Shuts the application down gracefully:
    ///
    /// 1. New handshakes are answered with 503, and no further event starts. Running handlers
    ///    continue; acknowledgements, pongs and DISCONNECT packets are still read.
    /// 2. Each connection is closed once its handlers have completed and its queue is flushed. No
    ///    DISCONNECT packet is sent, so that clients reconnect.
    /// 3. `disconnect` handlers run with the reason `server shutting down`.
    /// 4. Event handlers are torn down, the last registered first.
    /// 5. The providers' `on_shutdown` hooks run.
    ///
    /// Returns when all of this is done, at the latest after the App's `shutdown_timeout`. Handlers
    /// that are still running shortly before that are dropped. Further calls wait for the same
    /// shutdown.
    pub async fn shutdown(&self) {
        self.0.once.get_or_init(|| self.drain()).await;
    }

    async fn drain(&self) {
        let shared = &self.0;
        let deadline = Instant::now() + shared.config.timeout;
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
        let hook_limit = || sleep_until(deadline.min(Instant::now() + HOOK_TIMEOUT));
        for failure in shared.container.shutdown(hook_limit).await {
            tracing::error!(
                target: "specter::di", %failure, "a provider's `on_shutdown` hook failed"
            );
        }
        shared.done.store(true, Ordering::Release);
        shared.finished.notify_waiters();
    }

    /// Closes the connections as their handlers complete, and waits for that. Shortly before the
    /// deadline it closes the remaining connections.
    async fn close_connections(&self, deadline: Instant) {
        let shared = &self.0;
        let reserve = (shared.config.timeout / 4).min(LONGEST_RESERVE);
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
                shutdown_timeout = ?shared.config.timeout,
                "handlers are still running and the shutdown timeout is nearly over; they are \
                 dropped"
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

    /// When the shutdown must have ended. `None` before the drain has begun.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.0.deadline.get().copied()
    }

    /// The number of open connections.
    pub fn connections(&self) -> usize {
        self.0.endpoints.iter().map(Endpoint::connections).sum()
    }

    /// Waits until the shutdown is complete. Another task must start it.
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
