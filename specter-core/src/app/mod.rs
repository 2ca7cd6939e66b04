//! The application: [`AppBuilder`] collects its settings, [`App`] is the started application, and
//! [`AppHandle`] shuts it down.
//!
//! At start, `validation` checks settings, modules and controllers. Then `wiring` builds the
//! singletons and the table of each namespace, and mounts the endpoints. No other module of the
//! runtime imports this one, except the testing kit.

mod builder;
mod check;
mod endpoint_settings;
mod error;
mod futures;
mod graph_test;
mod listen;
mod listen_address;
mod mount;
mod registration;
mod resolve_policies;
mod routes;
mod settings;
mod shutdown;
mod startup_log;
mod validation;
mod wiring;

use std::sync::Arc;

use axum::Router;
use specter_di::{Container, GraphView, Module};

pub use self::builder::AppBuilder;
pub use self::check::ControllerFault;
pub use self::error::{Error, StartupFaults};
pub use self::futures::{CreateApp, ServeApp};
#[doc(hidden)]
pub use self::graph_test::assert_valid;
pub use self::listen_address::ListenAddress;
use self::mount::Mount;
#[doc(hidden)]
pub use self::registration::{controller, controller_within, event_handler, event_handler_within};
pub use self::routes::InjectRejection;
pub use self::shutdown::AppHandle;
use self::startup_log::StartupLog;
use self::wiring::StartedApp;
use crate::gateway::{Controller, SocketIngress};
use crate::rooms::Io;

/// A started application: all singletons are built, and all gateways are ready to be served.
///
/// ```no_run
/// # use specter_core::app::App;
/// # async fn run<ChatModule: specter_di::Module>() -> Result<(), specter_core::app::Error> {
/// App::create::<ChatModule>().await?.listen(3000).await
/// # }
/// ```
#[must_use = "the application serves nothing until `listen(…)` is awaited or its router is served"]
pub struct App {
    container: Container,
    io: Io,
    ingress: SocketIngress,
    mounts: Vec<Mount>,
    routes: Router,
    handle: AppHandle,
    accept_backlog: u32,
    log_to_stderr: bool,
    startup_log: StartupLog,
}

impl App {
    fn from_started(started: StartedApp, accept_backlog: u32, log_to_stderr: bool) -> Self {
        let StartedApp {
            container,
            io,
            ingress,
            mounts,
            handle,
            startup_log,
        } = started;
        Self {
            container,
            io,
            ingress,
            mounts,
            routes: Router::new(),
            handle,
            accept_backlog,
            log_to_stderr,
            startup_log,
        }
    }

    /// Validates a module and everything that it imports, and starts it with default settings.
    ///
    /// # Errors
    /// [`Error::Startup`] with all faults of settings, modules, providers and controllers. Without
    /// such faults, the error of the first provider or event handler that fails to start.
    pub fn create<M: Module>() -> CreateApp {
        Self::builder::<M>().create()
    }

    /// Starts a single controller without a module. Only the framework's own values can be injected
    /// into it.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn of<C: Controller>() -> CreateApp {
        Self::builder_of::<C>().create()
    }

    /// Returns a builder, with which the settings of the application can be changed.
    pub fn builder<M: Module>() -> AppBuilder {
        AppBuilder::new(specter_di::Graph::of::<M>())
    }

    /// Returns a builder for an application of a single controller. See [`of`](Self::of).
    pub fn builder_of<C: Controller>() -> AppBuilder {
        AppBuilder::new(specter_di::Graph::of::<
            registration::SingleControllerModule<C>,
        >())
    }

    /// A singleton of any module. If several modules provide the type, the result is the one that
    /// the App's own module sees. `None` if no module provides the type, or if several do and the
    /// App's own module sees none or more than one of them.
    pub fn get<T: ?Sized + Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.container.get::<Arc<T>>()
    }

    /// All singletons.
    #[cfg(feature = "testing")]
    pub(crate) fn container(&self) -> &Container {
        &self.container
    }

    /// The graph of modules, providers and controllers, which can be printed as text and as a
    /// Mermaid diagram.
    pub fn graph(&self) -> GraphView {
        self.container.view()
    }

    /// The whole server. Any task can emit with it.
    pub fn io(&self) -> Io {
        self.io.clone()
    }

    /// The ingress, by which any task can subscribe functions to events.
    pub fn ingress(&self) -> SocketIngress {
        self.ingress.clone()
    }

    /// A handle by which any task can shut the application down.
    pub fn handle(&self) -> AppHandle {
        self.handle.clone()
    }

    /// The gateways and [`routes`](Self::routes) as an axum router without a fallback. It can be
    /// merged, nested and layered.
    ///
    /// No signal shuts the application down: keep a [`handle`](Self::handle), and call its
    /// `shutdown` before you stop the server. Serve the router with
    /// `into_make_service_with_connect_info::<SocketAddr>()`, so that Specter knows the clients'
    /// addresses.
    pub fn into_router(self) -> Router {
        self.startup_log.write();
        self.mounts.into_iter().fold(self.routes, |router, mount| {
            router.merge(mount.into_router())
        })
    }
}
