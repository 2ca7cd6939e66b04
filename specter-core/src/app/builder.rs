//! The builder of an application: its settings, and its start.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use specter_di::{ConfiguredModule, Graph, Key, Location, Module, Provide};

use super::endpoint_settings::EndpointConfig;
use super::error::Error;
use super::{App, wiring};
use crate::gateway::{EndpointOption, EndpointSetting, ErrorFilter, Guard, Interceptor, Policies};
use crate::rooms::GroupLimits;
use crate::rooms::RoomLimits;
use crate::socket::SocketConfig;
use crate::socketio::Admission;
use specter_engine::internals::LONGEST;
use specter_engine::{
    ConfigError, EngineConfig, Handshake, HandshakeRejection, OriginPolicy, ProxyHeaders,
    QueuePolicy,
};

/// An application's settings. Every limit has a default that holds on the open internet.
///
/// The settings apply to every path that the App's controllers are on. A controller's attribute may
/// say some of them for its own path (`#[socketio_controller("/live/", ping_interval = "5s")]`);
/// where both speak, they must say the same.
#[must_use = "nothing starts before `create`"]
pub struct AppBuilder {
    pub(super) graph: Graph,
    pub(super) path: String,
    /// Of paths whose controllers say nothing else.
    pub(super) endpoint: EndpointConfig,
    /// What of it was set, and where: what a controller's attribute may not contradict.
    pub(super) chosen: Vec<EndpointSetting>,
    pub(super) rooms: RoomLimits,
    pub(super) groups: GroupLimits,
    pub(super) policies: Policies,
    pub(super) admission: Option<Arc<Admission>>,
    pub(super) shutdown: ShutdownConfig,
    pub(super) accept_backlog: u32,
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

impl ShutdownConfig {
    pub(super) fn faults(&self) -> Vec<ConfigError> {
        let times = [
            ("shutdown_spread", self.spread),
            ("shutdown_timeout", self.limit),
        ];
        let impossible = times.into_iter().filter(|(_, time)| *time > LONGEST);
        impossible
            .map(|(setting, _)| ConfigError::Duration { setting })
            .collect()
    }
}

impl AppBuilder {
    pub(super) fn new(graph: Graph) -> Self {
        Self {
            graph,
            path: "/socket.io/".into(),
            endpoint: EndpointConfig::default(),
            chosen: Vec::new(),
            rooms: RoomLimits::default(),
            groups: GroupLimits::default(),
            policies: Policies::default(),
            admission: None,
            shutdown: ShutdownConfig {
                spread: Duration::from_millis(500),
                limit: Duration::from_secs(30),
            },
            accept_backlog: 4096,
            open: Vec::new(),
        }
    }

    /// The path of controllers that name none. `/socket.io/`, which is the clients' default.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// The origins whose pages may connect, for example
    /// `["https://app.example", "https://*.app.example"]`; see [`OriginPolicy`]. Default: the
    /// server's own origin, and pages on loopback to a server on loopback.
    pub fn origins(mut self, origins: impl Into<OriginPolicy>) -> Self {
        self.endpoint.engine = self.endpoint.engine.origins(origins);
        self
    }

    /// Whether pages of other (listed) origins may send cookies. No.
    pub fn credentials(mut self, allowed: bool) -> Self {
        self.endpoint.engine = self.endpoint.engine.credentials(allowed);
        self
    }

    /// Bytes of any packet, reassembled binary too. 1,000,000.
    #[track_caller]
    pub fn max_payload(self, bytes: usize) -> Self {
        self.choose(EndpointOption::MaxPayload(bytes))
    }

    /// Time between two pings. 25 s.
    #[track_caller]
    pub fn ping_interval(self, interval: Duration) -> Self {
        self.choose(EndpointOption::PingInterval(interval))
    }

    /// Time for the answer to a ping. 20 s.
    #[track_caller]
    pub fn ping_timeout(self, timeout: Duration) -> Self {
        self.choose(EndpointOption::PingTimeout(timeout))
    }

    /// How many bytes may wait to be written to one client before it is *behind* and none of its
    /// further events begins: see [`EngineConfig::max_queued_bytes`]. Default: 1 MiB.
    #[track_caller]
    pub fn max_queued_bytes(self, bytes: usize) -> Self {
        self.choose(EndpointOption::MaxQueuedBytes(bytes))
    }

    /// How many bytes may wait to be written to one client at all. An event that would make them
    /// more finds a client that reads too slowly: see [`EngineConfig::max_burst_bytes`]. Default:
    /// 16 MiB.
    pub fn max_burst_bytes(mut self, bytes: usize) -> Self {
        self.endpoint.engine = self.endpoint.engine.max_burst_bytes(bytes);
        self
    }

    /// How long a client may be behind while fewer than `max_queued_bytes` reach it, before it
    /// counts as too slow: see [`EngineConfig::slow_client_timeout`]. Default: 10 s.
    pub fn slow_client_timeout(mut self, timeout: Duration) -> Self {
        self.endpoint.engine = self.endpoint.engine.slow_client_timeout(timeout);
        self
    }

    /// How many bytes all clients together may make the process hold: see
    /// [`EngineConfig::max_buffered_total`]. Default: 1 GiB.
    pub fn max_buffered_total(mut self, bytes: usize) -> Self {
        self.endpoint.engine = self.endpoint.engine.max_buffered_total(bytes);
        self
    }

    /// What happens to a client that reads too slowly. Default: [`QueuePolicy::Disconnect`].
    pub fn queue_policy(mut self, policy: QueuePolicy) -> Self {
        self.endpoint.engine = self.endpoint.engine.queue_policy(policy);
        self
    }

    /// Proxies (addresses or networks) whose `X-Forwarded-*` headers count (`Forwarded` instead:
    /// [`proxy_headers`](Self::proxy_headers)). None.
    pub fn trusted_proxies<S: Into<String>>(
        mut self,
        proxies: impl IntoIterator<Item = S>,
    ) -> Self {
        self.endpoint.engine = self.endpoint.engine.trusted_proxies(proxies);
        self
    }

    /// Which headers the trusted proxies write. The other family is a client's own word, and is
    /// never read. `X-Forwarded-*`.
    pub fn proxy_headers(mut self, headers: ProxyHeaders) -> Self {
        self.endpoint.engine = self.endpoint.engine.proxy_headers(headers);
        self
    }

    /// Any other setting of the Engine.IO layer: `.engine(|engine| engine.allow_upgrades(false))`.
    #[track_caller]
    pub fn engine(self, change: impl FnOnce(EngineConfig) -> EngineConfig) -> Self {
        let mut changed = self.endpoint.clone();
        changed.engine = change(changed.engine);
        self.change(changed)
    }

    /// How long a connection may stay without a namespace. 45 s.
    #[track_caller]
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        self.choose(EndpointOption::ConnectTimeout(timeout))
    }

    /// How long a client's acknowledgement is waited for, unless said otherwise. 30 s.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.endpoint.socket = self.endpoint.socket.ack_timeout(timeout);
        self
    }

    /// How long handlers may run on after their client left, see
    /// [`SocketConfig::handler_grace_period`]. Default: 30 s.
    pub fn handler_grace_period(mut self, grace: Duration) -> Self {
        self.endpoint.socket = self.endpoint.socket.handler_grace_period(grace);
        self
    }

    /// Any other setting of the Socket.IO layer: `.socket(|socket| socket.max_namespaces(4))`.
    #[track_caller]
    pub fn socket(self, change: impl FnOnce(SocketConfig) -> SocketConfig) -> Self {
        let mut changed = self.endpoint.clone();
        changed.socket = change(changed.socket);
        self.change(changed)
    }

    /// Sets what a controller could contradict, and keeps where.
    #[track_caller]
    fn choose(mut self, option: EndpointOption) -> Self {
        self.endpoint.set(option);
        self.chosen
            .retain(|setting| setting.option.name() != option.name());
        self.chosen.push(EndpointSetting {
            option,
            location: Location::caller(),
        });
        self
    }

    #[track_caller]
    fn change(mut self, changed: EndpointConfig) -> Self {
        let before = self.endpoint.options();
        self.endpoint = changed;
        for option in self.endpoint.options() {
            if !before.contains(&option) {
                self = self.choose(option);
            }
        }
        self
    }

    /// Bounds on rooms: `.rooms(|limits| limits.rooms_per_socket(16))`.
    pub fn rooms(mut self, change: impl FnOnce(RoomLimits) -> RoomLimits) -> Self {
        self.rooms = change(self.rooms);
        self
    }

    /// Bounds on groups: `.groups(|limits| limits.groups_per_socket(16))`.
    pub fn groups(mut self, change: impl FnOnce(GroupLimits) -> GroupLimits) -> Self {
        self.groups = change(self.groups);
        self
    }

    /// A guard for every controller, before the modules' and their own. Some module provides it.
    #[track_caller]
    pub fn guard<G: Guard>(mut self) -> Self {
        self.policies
            .guard::<G>(std::any::type_name::<G>(), Location::caller());
        self
    }

    /// An interceptor around every handler, outside of the modules' and the controllers' own. Some
    /// module provides it.
    #[track_caller]
    pub fn interceptor<I: Interceptor>(mut self) -> Self {
        self.policies
            .interceptor::<I>(std::any::type_name::<I>(), Location::caller());
        self
    }

    /// An error filter for every handler, after the controllers' and the modules' own. Some module
    /// provides it.
    #[track_caller]
    pub fn filter<F: ErrorFilter>(mut self) -> Self {
        self.policies
            .filter::<F>(std::any::type_name::<F>(), Location::caller());
        self
    }

    /// Takes a guard out wherever it stands.
    #[cfg(feature = "testing")]
    pub(crate) fn allow<G: Guard>(mut self) -> Self {
        self.open.push(<Arc<G> as specter_di::Dependency>::key());
        self
    }

    /// Decides on handshakes before a session exists. A refusal is answered with 403 (400 on
    /// WebSocket).
    pub fn admit<F, R>(mut self, admit: F) -> Self
    where
        F: Fn(&Handshake) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), HandshakeRejection>> + Send + 'static,
    {
        self.admission = Some(Arc::new(move |handshake| Box::pin(admit(handshake))));
        self
    }

    /// How long shutting down may take in all. Handlers that still run when three quarters of it
    /// are over (or all but 5 s) are dropped; the rest is for `disconnect` handlers and the
    /// providers' `on_shutdown`. Default: 30 s.
    pub fn shutdown_timeout(mut self, limit: Duration) -> Self {
        self.shutdown.limit = limit;
        self
    }

    /// Over how long the connections are closed at shutdown, so that not all clients come back at
    /// once. 500 ms.
    pub fn shutdown_spread(mut self, spread: Duration) -> Self {
        self.shutdown.spread = spread;
        self
    }

    /// How many connections the system may hold that [`App::listen`](super::App::listen) has not
    /// accepted yet. Clients that come when it is full wait for a second or longer before they try
    /// again. Linux cuts it to `net.core.somaxconn` (4,096 by default); raise that setting too for
    /// more. Default: 4,096. It has no effect on [`App::serve`](super::App::serve), whose listener
    /// is bound already, and on [`App::into_router`](super::App::into_router).
    pub fn accept_backlog(mut self, connections: u32) -> Self {
        self.accept_backlog = connections;
        self
    }

    /// A value that every provider and controller may inject as `Arc<T>`.
    #[track_caller]
    pub fn provide<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.graph.provide(value);
        self
    }

    /// Lets the App's module import another one, as if it stood in its list: for options that are
    /// known at run time only, `.import(ConfigModule::with(options))`.
    pub fn import<M: Module>(mut self, module: ConfiguredModule<M>) -> Self {
        self.graph.import(module);
        self
    }

    /// Lets a value stand in for a provider, in tests: in its module, under all its types, as
    /// visible as it. The provider is not built, nor is what only it needed.
    #[track_caller]
    pub fn replace<P: Provide<Value: Clone + Send + Sync>>(
        mut self,
        value: impl Into<P::Value>,
    ) -> Self {
        self.graph.replace::<P>(value);
        self
    }

    /// Lets a value stand in for whatever provides `Arc<T>`, in tests: `.bind::<dyn
    /// Repository>(Arc::new(Fake))`. What is needed only as `Arc<T>` is not built, nor is what only
    /// that needed.
    #[track_caller]
    pub fn bind<T: ?Sized + Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        self.graph.bind(value);
        self
    }

    /// Validates everything and starts nothing. [`graph_test!`](macro@crate::graph_test) makes it a
    /// test.
    ///
    /// # Errors
    /// Everything that is wrong with settings, modules, providers and controllers.
    pub fn check(self) -> Result<(), Error> {
        wiring::check(self)
    }

    /// Validates everything and starts it.
    ///
    /// # Errors
    /// Everything that is wrong with modules, providers and controllers at once; or the provider
    /// that failed to start.
    ///
    /// # Cancellation
    /// Dropped, it drops what was built so far.
    pub async fn create(self) -> Result<App, Error> {
        wiring::start(self).await
    }
}
