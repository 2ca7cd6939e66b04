//! The settings of an application, and its start.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use specter_di::{Graph, Key};

use super::error::Error;
use super::{App, wiring};
use crate::connection::lanes::Admission;
use crate::connection::{EngineConfig, Handshake, OriginPolicy, QueuePolicy, Refusal};
use crate::gateway::{Guard, Guards};
use crate::rooms::RoomLimits;
use crate::socket::SocketConfig;

/// An application's settings. Every limit has a default that holds on the open internet.
///
/// The settings apply to every path that the App's controllers are on.
#[must_use = "nothing starts before `create`"]
pub struct AppBuilder {
    pub(super) graph: Graph,
    pub(super) path: String,
    pub(super) engine: EngineConfig,
    pub(super) socket: SocketConfig,
    pub(super) rooms: RoomLimits,
    pub(super) guards: Guards,
    pub(super) admission: Option<Arc<Admission>>,
    pub(super) shutdown: ShutdownConfig,
    /// Guards that a test takes out.
    pub(super) open: Vec<Key>,
}

/// How the application stops.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShutdownConfig {
    /// Transports close staggered over this time, so that clients do not all come back at once.
    pub(super) spread: Duration,
    /// Handlers that run on after this are left behind.
    pub(super) limit: Duration,
}

impl AppBuilder {
    pub(super) fn new(graph: Graph) -> Self {
        Self {
            graph,
            path: "/socket.io/".into(),
            engine: EngineConfig::default(),
            socket: SocketConfig::default(),
            rooms: RoomLimits::default(),
            guards: Guards::default(),
            admission: None,
            shutdown: ShutdownConfig {
                spread: Duration::from_millis(500),
                limit: Duration::from_secs(30),
            },
            open: Vec::new(),
        }
    }

    /// The path of controllers that name none. `/socket.io/`, which is the clients' default.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// The origins whose pages may connect, for example `["https://app.example"]`. By default the server's own, and pages on
    /// loopback to a server on loopback.
    pub fn origins(mut self, origins: impl Into<OriginPolicy>) -> Self {
        self.engine = self.engine.origins(origins);
        self
    }

    /// Whether pages of other (listed) origins may send cookies. No.
    pub fn credentials(mut self, allowed: bool) -> Self {
        self.engine = self.engine.credentials(allowed);
        self
    }

    /// Bytes of any packet, reassembled binary too. 1,000,000.
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.engine = self.engine.max_payload(bytes);
        self
    }

    /// Time between two pings. 25 s.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.engine = self.engine.ping_interval(interval);
        self
    }

    /// Time for the answer to a ping. 20 s.
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.engine = self.engine.ping_timeout(timeout);
        self
    }

    /// Bytes that may wait to be sent to one client. 1 MiB.
    pub fn max_queue(mut self, bytes: usize) -> Self {
        self.engine = self.engine.max_queue(bytes);
        self
    }

    /// What happens to a client that does not take what it is sent. It is disconnected.
    pub fn queue_policy(mut self, policy: QueuePolicy) -> Self {
        self.engine = self.engine.queue_policy(policy);
        self
    }

    /// Proxies (addresses or networks) whose `Forwarded` and `X-Forwarded-*` headers count. None.
    pub fn trusted_proxies<S: Into<String>>(
        mut self,
        proxies: impl IntoIterator<Item = S>,
    ) -> Self {
        self.engine = self.engine.trusted_proxies(proxies);
        self
    }

    /// Any other setting of the Engine.IO layer.
    pub fn engine(mut self, change: impl FnOnce(EngineConfig) -> EngineConfig) -> Self {
        self.engine = change(self.engine);
        self
    }

    /// How long a connection may stay without a namespace. 45 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.socket.connect_timeout = timeout;
        self
    }

    /// How long a client's acknowledgement is waited for, unless said otherwise. 30 s.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.socket.ack_timeout = timeout;
        self
    }

    /// How long handlers may run on after their client left. 30 s.
    pub fn handler_grace(mut self, grace: Duration) -> Self {
        self.socket.handler_grace = grace;
        self
    }

    /// Any other setting of the Socket.IO layer.
    pub fn socket(mut self, change: impl FnOnce(&mut SocketConfig)) -> Self {
        change(&mut self.socket);
        self
    }

    /// Bounds on rooms.
    pub fn rooms(mut self, limits: RoomLimits) -> Self {
        self.rooms = limits;
        self
    }

    /// A guard for every controller, before the modules' and their own. Some module provides it.
    #[track_caller]
    pub fn guard<G: Guard>(mut self) -> Self {
        self.guards
            .add::<G>(std::any::type_name::<G>(), specter_di::Location::caller());
        self
    }

    /// Takes a guard out wherever it stands.
    #[cfg(feature = "testing")]
    pub(crate) fn allow<G: Guard>(mut self) -> Self {
        self.open.push(<Arc<G> as specter_di::Dependency>::key());
        self
    }

    /// Decides on handshakes before a session exists. A refusal is answered with 403 (400 on WebSocket).
    pub fn admit<F, R>(mut self, admit: F) -> Self
    where
        F: Fn(&Handshake) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Refusal>> + Send + 'static,
    {
        self.admission = Some(Arc::new(move |handshake| Box::pin(admit(handshake))));
        self
    }

    /// How long shutting down may take in all. 30 s.
    pub fn shutdown_limit(mut self, limit: Duration) -> Self {
        self.shutdown.limit = limit;
        self
    }

    /// Over how long the connections are closed at shutdown, so that not all clients come back at once. 500 ms.
    pub fn shutdown_spread(mut self, spread: Duration) -> Self {
        self.shutdown.spread = spread;
        self
    }

    /// A value that every provider and controller may inject as `Arc<T>`.
    #[track_caller]
    pub fn provide<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.graph.provide(value);
        self
    }

    /// Validates everything and starts it.
    ///
    /// # Errors
    /// Everything that is wrong with modules, providers and controllers at once; or the provider that failed to start.
    ///
    /// # Cancellation
    /// Dropped, it drops what was built so far.
    pub async fn create(self) -> Result<App, Error> {
        wiring::start(self).await
    }
}
