//! The application: it turns modules into a plan, the plan into tables, and puts the tables behind
//! endpoints.
//!
//! This module owns the order of starting and stopping. Nothing below it names it.

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

/// A started application: every singleton is built, every gateway is ready to be mounted.
///
/// ```no_run
/// # use specter_core::app::App;
/// # async fn run<ChatModule: specter_di::Module>() -> Result<(), specter_core::app::Error> {
/// App::create::<ChatModule>().await?.listen("127.0.0.1:3000").await
/// # }
/// ```
#[must_use = "an app serves nobody before `listen`, or before its router is served"]
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

    /// Validates the module's graph and starts it, with the defaults for everything.
    ///
    /// # Errors
    /// Everything that is wrong with modules, providers and controllers at once; or the provider
    /// that failed to start.
    pub fn create<M: Module>() -> CreateApp {
        CreateApp::of(Self::builder::<M>())
    }

    /// Starts a single controller, without a module. It has no providers but the framework's.
    pub fn of<C: Controller>() -> CreateApp {
        CreateApp::of(Self::builder_of::<C>())
    }

    /// An application with settings of its own.
    pub fn builder<M: Module>() -> AppBuilder {
        AppBuilder::new(specter_di::Graph::of::<M>())
    }

    /// A single controller with settings of its own.
    pub fn builder_of<C: Controller>() -> AppBuilder {
        AppBuilder::new(specter_di::Graph::of::<
            registration::SingleControllerModule<C>,
        >())
    }

    /// A singleton, of any module.
    pub fn get<T: ?Sized + Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.container.get::<Arc<T>>()
    }

    /// All singletons.
    #[cfg(feature = "testing")]
    pub(crate) fn container(&self) -> &Container {
        &self.container
    }

    /// The graph of modules, providers and controllers, to look at: as text, and as a Mermaid
    /// diagram.
    pub fn graph(&self) -> GraphView {
        self.container.view()
    }

    /// The whole server, to emit from anywhere.
    pub fn io(&self) -> Io {
        self.io.clone()
    }

    /// Subscribes functions to events, from anywhere.
    pub fn ingress(&self) -> SocketIngress {
        self.ingress.clone()
    }

    /// A handle to shut the application down, from any task.
    pub fn handle(&self) -> AppHandle {
        self.handle.clone()
    }

    /// The gateways and [`routes`](Self::routes) as an axum router, without a fallback; it may be
    /// merged, nested and layered.
    ///
    /// Whoever serves it also stops it: keep a [`handle`](Self::handle), and call its `shutdown`
    /// before the server stops. Serve it with `into_make_service_with_connect_info::<SocketAddr>()`
    /// for the clients' addresses to be known.
    pub fn into_router(self) -> Router {
        self.mounts.into_iter().fold(self.routes, |router, mount| {
            router.merge(mount.into_router())
        })
    }
}
