//! Axum routes that an App serves in addition to its gateways, and [`Inject<T>`] in their handlers.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use specter_di::{Container, Key};
use specter_engine::Handshake;

use super::App;
use crate::extract::Inject;
use crate::gateway::SocketIngress;
use crate::logging::log_limited;
use crate::rooms::{BroadcastGroup, Io, Namespace};
use crate::socket::Socket;

impl App {
    /// Adds axum routes to the App. Their handlers take the App's singletons as [`Inject<T>`], and
    /// [`Io`], [`BroadcastGroup`] and [`SocketIngress`] as they are.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use specter_core::app::App;
    /// # use specter_core::extract::Inject;
    /// # use specter_core::rooms::Io;
    /// # struct Orders;
    /// # impl Orders { fn ship(&self) {} }
    /// async fn shipped(Inject(orders): Inject<Orders>, io: Io) {
    ///     orders.ship();
    ///     // An error says that no controller serves `/`.
    ///     let _ = io.emit("shipped", ());
    /// }
    /// # fn add(app: App) -> App {
    /// app.routes(axum::Router::new().route("/shipped", axum::routing::post(shipped)))
    /// # }
    /// ```
    pub fn routes(mut self, routes: Router) -> Self {
        let container = self.container.clone();
        let provide = move |mut request: Request, next: Next| {
            request
                .extensions_mut()
                .insert(ContainerExtension(container.clone()));
            next.run(request)
        };
        self.routes = self
            .routes
            .merge(routes.layer(axum::middleware::from_fn(provide)));
        self
    }
}

/// The request extension by which handlers reach the container.
#[derive(Clone)]
struct ContainerExtension(Container);

/// An axum handler takes an [`Inject<T>`], or a value of the framework, that is not there. The
/// response is 500; the log names the type and what to change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InjectRejection {
    /// The handler's route was not added with [`App::routes`].
    #[error(
        "`{0}` can be injected only into routes of the App: add the router with `App::routes(router)` \
         instead of merging it with `App::into_router()`"
    )]
    NotReachable(String),
    /// No module provides the type as a singleton, or several do and the App's own module does not
    /// see exactly one of them.
    #[error(
        "nothing provides the singleton `{0}`: annotate the type with `#[injectable]` and list it \
         under `providers` of a module, or pass a value to `App::builder().provide(…)`; if several \
         modules provide it, import one of them into the App's module"
    )]
    NotProvided(String),
    /// The type exists only for each socket.
    #[error(
        "`{0}` exists only for each socket: take `Io` in routes, and call `io.of(\"/chat\")` for a \
         namespace"
    )]
    OnlyForSockets(String),
}

impl InjectRejection {
    /// A stable name of the error, for programs: `inject_not_reachable`, `inject_not_provided` or
    /// `inject_only_for_sockets`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotReachable(_) => "inject_not_reachable",
            Self::NotProvided(_) => "inject_not_provided",
            Self::OnlyForSockets(_) => "inject_only_for_sockets",
        }
    }
}

impl IntoResponse for InjectRejection {
    fn into_response(self) -> Response {
        log_limited!(
            ERROR, target: "specter::di", error = %self, "a dependency of an axum handler is \
                missing"
        );
        (StatusCode::INTERNAL_SERVER_ERROR, "internal error").into_response()
    }
}

impl<S: Send + Sync, T: ?Sized + Send + Sync + 'static> FromRequestParts<S> for Inject<T> {
    type Rejection = InjectRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, InjectRejection> {
        singleton::<Arc<T>>(parts).map(Self)
    }
}

/// Implements axum's extractor for values of the framework, which are taken without `Inject`.
macro_rules! extractors {
    ($($value:ty),+) => {$(
        impl<S: Send + Sync> FromRequestParts<S> for $value {
            type Rejection = InjectRejection;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, InjectRejection> {
                singleton(parts)
            }
        }
    )+};
}

extractors!(Io, BroadcastGroup, SocketIngress);

/// A singleton of the App that serves the request.
fn singleton<V: Clone + Send + Sync + 'static>(parts: &Parts) -> Result<V, InjectRejection> {
    let key = Key::of::<V>();
    let Some(ContainerExtension(container)) = parts.extensions.get() else {
        return Err(InjectRejection::NotReachable(key.name()));
    };
    container.get::<V>().ok_or_else(|| {
        let for_sockets = [
            Key::of::<Arc<Socket>>(),
            Key::of::<Arc<Namespace>>(),
            Key::of::<Arc<Handshake>>(),
        ];
        if for_sockets.contains(&key) {
            InjectRejection::OnlyForSockets(key.name())
        } else {
            InjectRejection::NotProvided(key.name())
        }
    })
}
