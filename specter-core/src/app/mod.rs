//! The application: validates its modules, starts their singletons, builds the tables of each
//! namespace and mounts the endpoints.
//!
//! `validation` and then `wiring` start an application; `shutdown` stops it. No other module of the
//! runtime imports this one, except the testing kit.

mod builder;
mod check;
mod create_future;
mod endpoint_settings;
mod error;
mod graph_test;
mod listen;
mod mount;
mod registration;
mod resolve_policies;
mod routes;
mod settings;
mod shutdown;
mod validation;
mod wiring;

use std::sync::Arc;

use axum::Router;
use specter_di::{Container, GraphView, Module};

pub use self::builder::AppBuilder;
pub use self::check::ControllerFault;
pub use self::create_future::CreateApp;
pub use self::error::{Error, StartupFaults};
#[doc(hidden)]
pub use self::graph_test::assert_valid;
use self::mount::Mount;
#[doc(hidden)]
pub use self::registration::{controller, controller_within, event_handler, event_handler_within};
pub use self::routes::InjectRejection;
pub use self::shutdown::AppHandle;
use self::wiring::StartedApp;
use crate::gateway::{Controller, SocketIngress};
use crate::rooms::Io;

/// A started application: all singletons are built, and all gateways are ready to be served.
///
/// ```no_run
/// # use specter_core::app::App;
/// # async fn run<ChatModule: specter_di::Module>() -> Result<(), specter_core::app::Error> {
/// App::create::<ChatModule>().await?.listen("127.0.0.1:3000").await
/// # }
/// ```
#[must_use = "the application serves nothing until `listen` is called or its router is served"]
pub struct App {
    container: Container,
    io: Io,
    ingress: SocketIngress,
    mounts: Vec<Mount>,
    routes: Router,
    handle: AppHandle,
    accept_backlog: u32,
}

impl App {
    fn new(started: StartedApp, accept_backlog: u32) -> Self {
        let StartedApp {
            container,
            io,
            ingress,
            mounts,
            handle,
        } = started;
        Self {
            container,
            io,
            ingress,
            mounts,
            routes: Router::new(),
            handle,
            accept_backlog,
        }
    }

    /// Validates a module and everything that it imports, and starts it with default settings.
    ///
    /// # Errors
    /// All faults of settings, modules, providers and controllers in one report; or the error of
    /// the provider or event handler that failed to start.
    pub fn create<M: Module>() -> CreateApp {
        CreateApp::of(Self::builder::<M>())
    }

    /// Starts a single controller without a module. Only the framework's own values can be injected
    /// into it.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn of<C: Controller>() -> CreateApp {
        CreateApp::of(Self::builder_of::<C>())
    }

    /// Starts building an application with other settings.
    pub fn builder<M: Module>() -> AppBuilder {
        AppBuilder::new(specter_di::Graph::of::<M>())
    }

    /// Starts building an application of a single controller with other settings.
    pub fn builder_of<C: Controller>() -> AppBuilder {
        AppBuilder::new(specter_di::Graph::of::<
            registration::SingleControllerModule<C>,
        >())
    }

    /// A singleton of any module. `None` if no module provides it, or if several do and the App's
    /// own module does not see exactly one of them.
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

    /// The server as a whole. Any task can emit with it.
    pub fn io(&self) -> Io {
        self.io.clone()
    }

    /// Subscribes functions to events, from any task.
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
    /// Signals do not stop it: keep a [`handle`](Self::handle), and call its `shutdown` before you
    /// stop the server. Serve it with `into_make_service_with_connect_info::<SocketAddr>()`, so
    /// that the clients' addresses are known.
    pub fn into_router(self) -> Router {
        self.mounts.into_iter().fold(self.routes, |router, mount| {
            router.merge(mount.into_router())
        })
    }
}
