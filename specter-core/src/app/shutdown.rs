//! Stopping without loss: the drain, and the handle that starts it. Must not know who listens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use specter_di::Container;
use tokio::sync::{Notify, OnceCell};

use super::builder::ShutdownConfig;
use super::mount::Mount;
use crate::connection::CloseReason;
use crate::connection::lanes::SocketIo;
use crate::gateway::SocketIngress;
use crate::gateway::lifecycle::HOOK_LIMIT;
use crate::http::Endpoint;

/// Stops an application, from any task. Clones are the same handle.
#[derive(Clone)]
pub struct AppHandle(Arc<Shared>);

struct Shared {
    endpoints: Vec<Endpoint<SocketIo>>,
    draining: Vec<Arc<AtomicBool>>,
    container: Container,
    ingress: SocketIngress,
    config: ShutdownConfig,
    once: OnceCell<()>,
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
            done: AtomicBool::new(false),
            finished: Notify::new(),
        }))
    }

    /// Drains: new handshakes get 503, connections close without DISCONNECT packets (so that clients reconnect), running handlers
    /// finish, `disconnect` handlers run with `server shutting down`. Returns when all is done, or the App's `shutdown_limit` is over.
    /// Idempotent: every call waits for the same end.
    pub async fn shutdown(&self) {
        self.0.once.get_or_init(|| self.drain()).await;
    }

    async fn drain(&self) {
        let shared = &self.0;
        tracing::info!(target: "specter::engine", connections = self.connections(), "shutting down");
        shared
            .endpoints
            .iter()
            .for_each(Endpoint::refuse_handshakes);
        shared
            .draining
            .iter()
            .for_each(|draining| draining.store(true, Ordering::Relaxed));
        let close = async {
            for endpoint in &shared.endpoints {
                endpoint
                    .close_all(CloseReason::ServerShuttingDown, shared.config.spread)
                    .await;
            }
            for endpoint in &shared.endpoints {
                endpoint.wait_closed().await;
            }
        };
        if tokio::time::timeout(shared.config.limit, close)
            .await
            .is_err()
        {
            tracing::warn!(target: "specter::engine", connections = self.connections(), limit = ?shared.config.limit, "handlers ran on beyond the limit of shutting down");
        }
        shared.ingress.tear_down().await;
        for failure in shared
            .container
            .shutdown(|| tokio::time::sleep(HOOK_LIMIT))
            .await
        {
            tracing::error!(target: "specter::di", %failure, "a provider's shutdown failed");
        }
        shared.done.store(true, Ordering::Release);
        shared.finished.notify_waiters();
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
