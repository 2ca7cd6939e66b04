//! The application: validates modules and settings, starts the singletons, mounts a gateway at each
//! path, serves it and shuts it down.
//!
//! This module decides the order of starting and stopping. No other module of the crate, except
//! `testing`, may name it.

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
#[must_use = "an `App` accepts no connections until `listen` is called or its router is served"]
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

    /// Validates the module and starts its application, with the default settings.
    ///
    /// # Errors
    /// All faults of modules, providers and controllers at once, or the error of a provider that
    /// failed to start.
    pub fn create<M: Module>() -> CreateApp {
        CreateApp::of(Self::builder::<M>())
    }

    /// Starts an application with a single controller and no module. The controller can inject only
    /// what the framework provides.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn of<C: Controller>() -> CreateApp {
        CreateApp::of(Self::builder_of::<C>())
    }

    /// Prepares to start a module's application: settings can be changed before it starts.
    pub fn builder<M: Module>() -> AppBuilder {
        AppBuilder::new(specter_di::Graph::of::<M>())
    }

    /// Prepares to start an application with a single controller and no module: settings can be
    /// changed before it starts.
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

    /// The container with all singletons.
    #[cfg(feature = "testing")]
    pub(crate) fn container(&self) -> &Container {
        &self.container
    }

    /// A view of the graph of modules, providers and controllers, which can be printed as text or
    /// as a Mermaid diagram.
    pub fn graph(&self) -> GraphView {
        self.container.view()
    }

    /// The whole server: emits to the clients of any namespace, from any task.
    pub fn io(&self) -> Io {
        self.io.clone()
    }

    /// Subscribes functions to events at run time, from any task.
    pub fn ingress(&self) -> SocketIngress {
        self.ingress.clone()
    }

    /// A handle that shuts the application down, from any task.
    pub fn handle(&self) -> AppHandle {
        self.handle.clone()
    }

    /// The gateways and the [`routes`](Self::routes) as an axum router. The router has no fallback,
    /// and may be merged, nested and layered.
    ///
    /// The program that serves the router also shuts the application down: keep a
    /// [`handle`](Self::handle), and call its `shutdown` before the server stops. Serve the router
    /// with `into_make_service_with_connect_info::<SocketAddr>()`, or clients have no address.
    pub fn into_router(self) -> Router {
        self.mounts.into_iter().fold(self.routes, |router, mount| {
            router.merge(mount.into_router())
        })
    }
}
