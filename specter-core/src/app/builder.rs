//! [`AppBuilder`]: sets the settings of an application, then checks or starts it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use specter_di::{ConfiguredModule, Graph, Location, Module, Provide};

use super::error::Error;
use super::settings::{AppSettings, EndpointConfig};
use super::{App, wiring};
use crate::gateway::{EndpointOption, EndpointSetting, ErrorFilter, Guard, Interceptor};
use crate::rooms::GroupLimits;
use crate::rooms::RoomLimits;
use crate::socket::SocketConfig;
use specter_engine::{
    EngineConfig, Handshake, HandshakeRejection, OriginPolicy, ProxyHeaders, QueuePolicy,
};

/// Builds an application. Every limit has a default that is safe on the open internet.
///
/// The settings apply to every path that the App's controllers use. A controller's attribute may
/// set some of them for its own path (`#[socketio_controller("/live/", ping_interval = "5s")]`). If
/// both the builder and an attribute set one, the values must be equal.
#[must_use = "the application does not start until `create` is called"]
pub struct AppBuilder {
    pub(super) settings: AppSettings,
}

impl AppBuilder {
    pub(super) fn new(graph: Graph) -> Self {
        Self {
            settings: AppSettings::new(graph),
        }
    }

    /// The path of controllers that set none. Default: `/socket.io/`, which is the clients'
    /// default. A path that axum cannot mount is reported at start.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.settings.path = path.into();
        self
    }

    /// The origins whose pages may connect, for example `["https://app.example",
    /// "https://*.app.example"]`; see [`OriginPolicy`]. Default: the server's own origin, and pages
    /// on loopback to a server on loopback. Requests from pages of other origins are rejected with
    /// 403, and a line in the log names the origin.
    pub fn origins(mut self, origins: impl Into<OriginPolicy>) -> Self {
        self.settings.endpoint.engine = self.settings.endpoint.engine.origins(origins);
        self
    }

    /// Allows credentialed cross-origin requests (cookies, HTTP authentication) from the listed
    /// origins by sending `Access-Control-Allow-Credentials: true`. Default: `false`. Fails at
    /// start together with the origin `*`.
    pub fn credentials(mut self, allowed: bool) -> Self {
        self.settings.endpoint.engine = self.settings.endpoint.engine.credentials(allowed);
        self
    }

    /// How many bytes a packet of a client may have, binary attachments included one by one.
    /// Default: 1,000,000. A larger packet closes the connection; a larger polling body is answered
    /// with 413 as well.
    #[track_caller]
    pub fn max_payload(self, bytes: usize) -> Self {
        self.choose(EndpointOption::MaxPayload(bytes))
    }

    /// The time between two pings of the server. Default: 25 s. The client learns it in the
    /// handshake.
    #[track_caller]
    pub fn ping_interval(self, interval: Duration) -> Self {
        self.choose(EndpointOption::PingInterval(interval))
    }

    /// How long a client may take to answer a ping. Default: 20 s. A client that does not answer in
    /// time is disconnected with `ping timeout`.
    #[track_caller]
    pub fn ping_timeout(self, timeout: Duration) -> Self {
        self.choose(EndpointOption::PingTimeout(timeout))
    }

    /// How many bytes may wait to be written to one client before it is *behind*: none of its
    /// further events begins until it has caught up. Default: 1 MiB. See
    /// [`EngineConfig::max_queued_bytes`].
    #[track_caller]
    pub fn max_queued_bytes(self, bytes: usize) -> Self {
        self.choose(EndpointOption::MaxQueuedBytes(bytes))
    }

    /// How many bytes may wait to be written to one client at all. Default: 16 MiB. An event that
    /// would exceed it makes the client count as too slow, and [`queue_policy`](Self::queue_policy)
    /// applies. See [`EngineConfig::max_burst_bytes`].
    pub fn max_burst_bytes(mut self, bytes: usize) -> Self {
        self.settings.endpoint.engine = self.settings.endpoint.engine.max_burst_bytes(bytes);
        self
    }

    /// How long a client may be behind while fewer than `max_queued_bytes` reach it. Default: 10 s.
    /// After that it counts as too slow, and [`queue_policy`](Self::queue_policy) applies. See
    /// [`EngineConfig::slow_client_timeout`].
    pub fn slow_client_timeout(mut self, timeout: Duration) -> Self {
        self.settings.endpoint.engine = self.settings.endpoint.engine.slow_client_timeout(timeout);
        self
    }

    /// How many bytes all clients together may make the process hold. Default: 1 GiB. Above that,
    /// the clients that hold most are disconnected. See [`EngineConfig::max_buffered_total`].
    pub fn max_buffered_total(mut self, bytes: usize) -> Self {
        self.settings.endpoint.engine = self.settings.endpoint.engine.max_buffered_total(bytes);
        self
    }

    /// What happens to a client that reads too slowly. Default: [`QueuePolicy::Disconnect`].
    pub fn queue_policy(mut self, policy: QueuePolicy) -> Self {
        self.settings.endpoint.engine = self.settings.endpoint.engine.queue_policy(policy);
        self
    }

    /// The proxies (addresses or networks such as `10.0.0.0/8`) whose `X-Forwarded-*` headers are
    /// believed; [`proxy_headers`](Self::proxy_headers) selects `Forwarded` instead. Default: none.
    /// An entry that is no address or network is reported at start.
    pub fn trusted_proxies<S: Into<String>>(
        mut self,
        proxies: impl IntoIterator<Item = S>,
    ) -> Self {
        self.settings.endpoint.engine = self.settings.endpoint.engine.trusted_proxies(proxies);
        self
    }

    /// Which family of headers the trusted proxies write. The other family passes through them as
    /// the client wrote it, and is never read. Default: `X-Forwarded-*`.
    pub fn proxy_headers(mut self, headers: ProxyHeaders) -> Self {
        self.settings.endpoint.engine = self.settings.endpoint.engine.proxy_headers(headers);
        self
    }

    /// Any other setting of the Engine.IO layer: `.engine(|engine| engine.allow_upgrades(false))`.
    #[track_caller]
    pub fn engine(self, change: impl FnOnce(EngineConfig) -> EngineConfig) -> Self {
        let mut changed = self.settings.endpoint.clone();
        changed.engine = change(changed.engine);
        self.change(changed)
    }

    /// How long a connection may stay without joining a namespace. Default: 45 s. After that it is
    /// closed.
    #[track_caller]
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        self.choose(EndpointOption::ConnectTimeout(timeout))
    }

    /// How long the server waits for a client's acknowledgement where the call sets no timeout of
    /// its own. Default: 30 s. After that, the call fails with `AckError::Timeout`.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.settings.endpoint.socket = self.settings.endpoint.socket.ack_timeout(timeout);
        self
    }

    /// How long handlers may go on running after their client has left. Default: 30 s. After that
    /// they are dropped. See [`SocketConfig::handler_grace_period`].
    pub fn handler_grace_period(mut self, grace: Duration) -> Self {
        self.settings.endpoint.socket = self.settings.endpoint.socket.handler_grace_period(grace);
        self
    }

    /// Any other setting of the Socket.IO layer: `.socket(|socket| socket.max_namespaces(4))`.
    #[track_caller]
    pub fn socket(self, change: impl FnOnce(SocketConfig) -> SocketConfig) -> Self {
        let mut changed = self.settings.endpoint.clone();
        changed.socket = change(changed.socket);
        self.change(changed)
    }

    /// Sets an option that a controller's attribute may set too, and records its place in the
    /// source.
    #[track_caller]
    fn choose(mut self, option: EndpointOption) -> Self {
        self.settings.endpoint.set(option);
        self.settings
            .chosen
            .retain(|setting| setting.option.name() != option.name());
        self.settings.chosen.push(EndpointSetting {
            option,
            location: Location::caller(),
        });
        self
    }

    #[track_caller]
    fn change(mut self, changed: EndpointConfig) -> Self {
        let before = self.settings.endpoint.options();
        self.settings.endpoint = changed;
        for option in self.settings.endpoint.options() {
            if !before.contains(&option) {
                self = self.choose(option);
            }
        }
        self
    }

    /// Changes the limits on rooms: `.rooms(|limits| limits.rooms_per_socket(16))`.
    pub fn rooms(mut self, change: impl FnOnce(RoomLimits) -> RoomLimits) -> Self {
        self.settings.rooms = change(self.settings.rooms);
        self
    }

    /// Changes the limits on groups: `.groups(|limits| limits.groups_per_socket(16))`.
    pub fn groups(mut self, change: impl FnOnce(GroupLimits) -> GroupLimits) -> Self {
        self.settings.groups = change(self.settings.groups);
        self
    }

    /// Adds a guard for every controller, which runs before the guards of modules and controllers.
    /// A module must provide it.
    #[track_caller]
    pub fn guard<G: Guard>(mut self) -> Self {
        self.settings
            .policies
            .guard::<G>(std::any::type_name::<G>(), Location::caller());
        self
    }

    /// Adds an interceptor around every handler, outside of the interceptors of modules and
    /// controllers. A module must provide it.
    #[track_caller]
    pub fn interceptor<I: Interceptor>(mut self) -> Self {
        self.settings
            .policies
            .interceptor::<I>(std::any::type_name::<I>(), Location::caller());
        self
    }

    /// Adds an error filter for every handler, which runs after the filters of controllers and
    /// modules. A module must provide it.
    #[track_caller]
    pub fn filter<F: ErrorFilter>(mut self) -> Self {
        self.settings
            .policies
            .filter::<F>(std::any::type_name::<F>(), Location::caller());
        self
    }

    /// Removes a guard wherever it is declared.
    #[cfg(feature = "testing")]
    pub(crate) fn bypass_guard<G: Guard>(mut self) -> Self {
        self.settings
            .bypassed_guards
            .push(<Arc<G> as specter_di::Dependency>::key());
        self
    }

    /// Decides on handshakes before a session exists. A rejection is answered with 403, and with
    /// 400 on a WebSocket.
    pub fn admit<F, R>(mut self, admit: F) -> Self
    where
        F: Fn(&Handshake) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), HandshakeRejection>> + Send + 'static,
    {
        self.settings.admission = Some(Arc::new(move |handshake| Box::pin(admit(handshake))));
        self
    }

    /// How long a graceful shutdown may take in all. Default: 30 s. Handlers that still run when
    /// three quarters of it are over (or all but 5 s) are dropped; the rest is for `disconnect`
    /// handlers and the providers' `on_shutdown`.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.settings.shutdown.timeout = timeout;
        self
    }

    /// The time over which connections are closed at shutdown, so that not all clients reconnect at
    /// once. Default: 500 ms.
    pub fn shutdown_spread(mut self, spread: Duration) -> Self {
        self.settings.shutdown.spread = spread;
        self
    }

    /// How many connections the system may hold that [`App::listen`](super::App::listen) has not
    /// accepted yet. Default: 4,096. Clients that connect while it is full wait for a second or
    /// longer before they try again. Linux limits it to `net.core.somaxconn` (4,096 by default);
    /// raise that setting too for more. It has no effect on [`App::serve`](super::App::serve),
    /// whose listener is already bound, and on [`App::into_router`](super::App::into_router).
    pub fn accept_backlog(mut self, connections: u32) -> Self {
        self.settings.accept_backlog = connections;
        self
    }

    /// Provides a value that every provider and controller may inject as `Arc<T>`.
    #[track_caller]
    pub fn provide<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.settings.graph.provide(value);
        self
    }

    /// Imports another module into the App's module, as if it were in its `imports` list. Use it
    /// for options that are known only at run time: `.import(ConfigModule::with(options))`.
    pub fn import<M: Module>(mut self, module: ConfiguredModule<M>) -> Self {
        self.settings.graph.import(module);
        self
    }

    /// Replaces a provider by a value, in tests: in its module, under all its types, with
    /// the provider's visibility. Neither the provider nor what only it needs is built.
    #[track_caller]
    pub fn replace<P: Provide<Value: Clone + Send + Sync>>(
        mut self,
        value: impl Into<P::Value>,
    ) -> Self {
        self.settings.graph.replace::<P>(value);
        self
    }

    /// Replaces whatever provides `Arc<T>` by a value, in tests: `.bind::<dyn
    /// Repository>(Arc::new(Fake))`. Neither the providers that are needed only as `Arc<T>` nor
    /// what only they need is built.
    #[track_caller]
    pub fn bind<T: ?Sized + Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        self.settings.graph.bind(value);
        self
    }

    /// Validates the application without starting it. [`graph_test!`](macro@crate::graph_test) does
    /// this in a test.
    ///
    /// # Errors
    /// All faults of settings, modules, providers and controllers in one report.
    pub fn check(self) -> Result<(), Error> {
        wiring::check(self.settings)
    }

    /// Validates the application and starts it.
    ///
    /// # Errors
    /// All faults of settings, modules, providers and controllers in one report; or the error of
    /// the provider or event handler that failed to start.
    ///
    /// # Cancellation
    /// If this future is dropped, the providers that were built so far are dropped; their
    /// `on_shutdown` hooks do not run.
    pub async fn create(self) -> Result<App, Error> {
        wiring::start(self.settings).await
    }
}
