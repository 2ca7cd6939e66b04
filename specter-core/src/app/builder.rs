//! [`AppBuilder`]: sets the settings of an application, then checks or starts it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use specter_di::{ConfiguredModule, Graph, Location, Module, Provide};

use super::error::Error;
use super::futures::{CreateApp, ServeApp};
use super::listen_address::ListenAddress;
use super::settings::{AppSettings, EndpointConfig};
use super::{App, validation, wiring};
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
#[must_use = "the application does not start until `create()` or `listen(…)` is awaited"]
pub struct AppBuilder {
    pub(super) settings: AppSettings,
}

impl AppBuilder {
    pub(super) fn new(graph: Graph) -> Self {
        Self {
            settings: AppSettings::new(graph),
        }
    }

    /// The path of controllers whose attribute names none. Default: `/socket.io/`, which is also
    /// the default of the clients. Requests are served with and without the final slash. A path
    /// that axum's router cannot serve is an error at start.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.settings.path = path.into();
        self
    }

    /// The origins whose pages may connect, for example
    /// `["https://app.example", "https://*.app.example"]`. Default: [`OriginPolicy::Same`], the
    /// server's own origin and, for a server on loopback, pages on loopback. Requests from pages of
    /// other origins are rejected with 403, and a log line names the origin. Requests without
    /// `Origin`, as native clients send them, are accepted. See [`EngineConfig::origins`].
    pub fn origins(mut self, origins: impl Into<OriginPolicy>) -> Self {
        self.settings.endpoint.engine = self.settings.endpoint.engine.origins(origins);
        self
    }

    /// Allows credentialed cross-origin requests (cookies, HTTP authentication) from the listed
    /// origins by sending `Access-Control-Allow-Credentials: true`. Default: `false`. Together with
    /// the origin `*` it is an error at start.
    pub fn credentials(mut self, allowed: bool) -> Self {
        self.settings.endpoint.engine = self.settings.endpoint.engine.credentials(allowed);
        self
    }

    /// The largest message that a client may send, in bytes. Each binary attachment is a message of
    /// its own. Default: 1,000,000. A larger message closes the connection. See
    /// [`EngineConfig::max_payload`].
    #[track_caller]
    pub fn max_payload(self, bytes: usize) -> Self {
        self.set_option(EndpointOption::MaxPayload(bytes))
    }

    /// How long the server waits after a pong before it sends the next ping. Default: 25 s. Clients
    /// learn the value in the handshake. See [`EngineConfig::ping_interval`].
    #[track_caller]
    pub fn ping_interval(self, interval: Duration) -> Self {
        self.set_option(EndpointOption::PingInterval(interval))
    }

    /// How long a client may take to answer a ping. Default: 20 s. After that its connection is
    /// closed with `ping timeout`. See [`EngineConfig::ping_timeout`].
    #[track_caller]
    pub fn ping_timeout(self, timeout: Duration) -> Self {
        self.set_option(EndpointOption::PingTimeout(timeout))
    }

    /// How many bytes may be queued for one client before it is *behind*. Default: 1 MiB. While a
    /// client is behind, its further events wait. See [`EngineConfig::max_queued_bytes`].
    #[track_caller]
    pub fn max_queued_bytes(self, bytes: usize) -> Self {
        self.set_option(EndpointOption::MaxQueuedBytes(bytes))
    }

    /// How many bytes may be queued for one client at most. Default: 16 MiB. If an event would
    /// exceed the limit, the client counts as too slow, and [`queue_policy`](Self::queue_policy)
    /// applies. See [`EngineConfig::max_burst_bytes`].
    pub fn max_burst_bytes(mut self, bytes: usize) -> Self {
        self.settings.endpoint.engine = self.settings.endpoint.engine.max_burst_bytes(bytes);
        self
    }

    /// How long a client may be behind while fewer than `max_queued_bytes` leave its queue.
    /// Default: 10 s. After that the client counts as too slow, and
    /// [`queue_policy`](Self::queue_policy) applies. See [`EngineConfig::slow_client_timeout`].
    pub fn slow_client_timeout(mut self, timeout: Duration) -> Self {
        self.settings.endpoint.engine = self.settings.endpoint.engine.slow_client_timeout(timeout);
        self
    }

    /// How many bytes the process may buffer for all clients together. Default: 1 GiB. Above that,
    /// the connections that hold the most are closed. See [`EngineConfig::max_buffered_total`].
    pub fn max_buffered_total(mut self, bytes: usize) -> Self {
        self.settings.endpoint.engine = self.settings.endpoint.engine.max_buffered_total(bytes);
        self
    }

    /// What happens to a client that reads too slowly. Default: [`QueuePolicy::Disconnect`], which
    /// closes its connection. See [`EngineConfig::queue_policy`].
    pub fn queue_policy(mut self, policy: QueuePolicy) -> Self {
        self.settings.endpoint.engine = self.settings.endpoint.engine.queue_policy(policy);
        self
    }

    /// The proxies, as addresses or ranges such as `10.0.0.0/8`, from whose headers the server
    /// takes a client's address, scheme and host. [`proxy_headers`](Self::proxy_headers) selects
    /// the headers. Default: none. An entry that is neither an address nor a range is an error at
    /// start. See [`EngineConfig::trusted_proxies`].
    pub fn trusted_proxies<S: Into<String>>(
        mut self,
        proxies: impl IntoIterator<Item = S>,
    ) -> Self {
        self.settings.endpoint.engine = self.settings.endpoint.engine.trusted_proxies(proxies);
        self
    }

    /// Which family of headers the trusted proxies write. Default: [`ProxyHeaders::XForwarded`].
    /// The other family is never read, because clients can write it themselves. See
    /// [`EngineConfig::proxy_headers`].
    pub fn proxy_headers(mut self, headers: ProxyHeaders) -> Self {
        self.settings.endpoint.engine = self.settings.endpoint.engine.proxy_headers(headers);
        self
    }

    /// Changes any setting of the Engine.IO layer:
    /// `.engine(|engine| engine.allow_upgrades(false))`. Default: the defaults of [`EngineConfig`].
    #[track_caller]
    pub fn engine(self, change: impl FnOnce(EngineConfig) -> EngineConfig) -> Self {
        let mut changed = self.settings.endpoint.clone();
        changed.engine = change(changed.engine);
        self.replace_endpoint(changed)
    }

    /// How long a connection may stay open before it joins a namespace. Default: 45 s. After that
    /// it is closed. See [`SocketConfig::connect_timeout`].
    #[track_caller]
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        self.set_option(EndpointOption::ConnectTimeout(timeout))
    }

    /// How long the server waits for a client's acknowledgement if the call sets no timeout.
    /// Default: 30 s. After that the call fails with `AckError::Timeout`. See
    /// [`SocketConfig::ack_timeout`].
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.settings.endpoint.socket = self.settings.endpoint.socket.ack_timeout(timeout);
        self
    }

    /// How long handlers may run on after their client has disconnected. Default: 30 s. After that
    /// they are dropped. See [`SocketConfig::handler_grace_period`].
    pub fn handler_grace_period(mut self, grace: Duration) -> Self {
        self.settings.endpoint.socket = self.settings.endpoint.socket.handler_grace_period(grace);
        self
    }

    /// Changes any setting of the Socket.IO layer: `.socket(|socket| socket.max_namespaces(4))`.
    /// Default: the defaults of [`SocketConfig`].
    #[track_caller]
    pub fn socket(self, change: impl FnOnce(SocketConfig) -> SocketConfig) -> Self {
        let mut changed = self.settings.endpoint.clone();
        changed.socket = change(changed.socket);
        self.replace_endpoint(changed)
    }

    /// Sets an option that a controller's attribute may set too, and records its place in the
    /// source.
    #[track_caller]
    fn set_option(mut self, option: EndpointOption) -> Self {
        self.settings.endpoint.set(option);
        self.settings
            .set_on_builder
            .retain(|setting| setting.option.name() != option.name());
        self.settings.set_on_builder.push(EndpointSetting {
            option,
            location: Location::caller(),
        });
        self
    }

    /// Replaces the endpoint settings, and records the place of each option that this changes.
    #[track_caller]
    fn replace_endpoint(mut self, changed: EndpointConfig) -> Self {
        let before = self.settings.endpoint.options();
        self.settings.endpoint = changed;
        for option in self.settings.endpoint.options() {
            if !before.contains(&option) {
                self = self.set_option(option);
            }
        }
        self
    }

    /// Changes the limits on rooms: `.rooms(|limits| limits.rooms_per_socket(16))`. Default: the
    /// defaults of [`RoomLimits`].
    pub fn rooms(mut self, change: impl FnOnce(RoomLimits) -> RoomLimits) -> Self {
        self.settings.rooms = change(self.settings.rooms);
        self
    }

    /// Changes the limits on groups: `.groups(|limits| limits.groups_per_socket(16))`. Default: the
    /// defaults of [`GroupLimits`].
    pub fn groups(mut self, change: impl FnOnce(GroupLimits) -> GroupLimits) -> Self {
        self.settings.groups = change(self.settings.groups);
        self
    }

    /// Adds a guard for all controllers and event handlers. It runs when a client connects, before
    /// the guards of modules and controllers. A module must provide it. Default: none.
    #[track_caller]
    pub fn guard<G: Guard>(mut self) -> Self {
        self.settings
            .policies
            .guard::<G>(std::any::type_name::<G>(), Location::caller());
        self
    }

    /// Adds an interceptor around every handler, outside the interceptors of modules and
    /// controllers. A module must provide it. Default: none.
    #[track_caller]
    pub fn interceptor<I: Interceptor>(mut self) -> Self {
        self.settings
            .policies
            .interceptor::<I>(std::any::type_name::<I>(), Location::caller());
        self
    }

    /// Adds an error filter for every handler. It runs after the filters of controllers and
    /// modules. A module must provide it. Default: none.
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

    /// Sets a function that accepts or rejects each handshake before a session exists. A rejected
    /// handshake is answered with 403, or with 400 if it is for a WebSocket. Default: every
    /// handshake that the limits and the origin policy allow is accepted.
    pub fn admit<F, R>(mut self, admit: F) -> Self
    where
        F: Fn(&Handshake) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), HandshakeRejection>> + Send + 'static,
    {
        self.settings.admission = Some(Arc::new(move |handshake| Box::pin(admit(handshake))));
        self
    }

    /// How long a graceful shutdown may take in total. Default: 30 s. The last quarter of this
    /// time, but at most 5 s, is reserved for `disconnect` handlers, event handlers' teardown and
    /// the providers' `on_shutdown`. Handlers that are still running when the reserved time begins
    /// are dropped.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.settings.shutdown.timeout = timeout;
        self
    }

    /// The time over which connections are closed at shutdown, so that clients do not all reconnect
    /// at once. Default: 500 ms. Zero closes all of them at once.
    pub fn shutdown_spread(mut self, spread: Duration) -> Self {
        self.settings.shutdown.spread = spread;
        self
    }

    /// How many connections the operating system may queue before
    /// [`App::listen`](super::App::listen) accepts them. Default: 4,096. A client that connects
    /// while the queue is full waits for a second or longer before it tries again. Linux also
    /// limits the queue to `net.core.somaxconn` (4,096 by default): raise both for a longer queue.
    /// The setting has no effect on [`App::serve`](super::App::serve), whose listener is bound
    /// already, nor on [`App::into_router`](super::App::into_router).
    pub fn accept_backlog(mut self, connections: u32) -> Self {
        self.settings.accept_backlog = connections;
        self
    }

    /// Whether [`App::listen`](super::App::listen) installs a `tracing` subscriber for the process
    /// if there is none. Default: `true`. It writes warnings, errors and the framework's INFO lines
    /// to stderr; the environment variable `RUST_LOG` selects other lines, for example
    /// `RUST_LOG=specter=debug,info`. A program that installs its own subscriber before it calls
    /// `listen` need not set this.
    pub fn log_to_stderr(mut self, enabled: bool) -> Self {
        self.settings.log_to_stderr = enabled;
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

    /// Replaces a provider by a value, in tests. The value takes the provider's place in its
    /// module, under all its types and with its visibility. Neither the provider nor what only it
    /// needs is built.
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
    /// what only they need is built. If nothing injects or provides `Arc<T>`, the App does not
    /// start.
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
    pub fn check(mut self) -> Result<(), Error> {
        validation::validate(&mut self.settings).map(drop)
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
    pub fn create(self) -> CreateApp {
        let settings = self.settings;
        let (accept_backlog, log_to_stderr) = (settings.accept_backlog, settings.log_to_stderr);
        let starting = async move {
            let started = wiring::start(settings).await?;
            Ok(App::from_started(started, accept_backlog, log_to_stderr))
        };
        CreateApp::new(starting, log_to_stderr)
    }

    /// Validates the application, starts it and serves it: [`create`](Self::create), then
    /// [`App::listen`](super::App::listen).
    ///
    /// # Errors
    /// As these two.
    pub fn listen(self, address: impl ListenAddress) -> ServeApp {
        self.create().listen(address)
    }
}
