//! Axum routes that an App serves in addition to its gateways, and [`Inject<T>`] in their handlers.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use specter_di::Container;

use super::App;
use crate::extract::Inject;
use crate::logging::log_limited;

impl App {
    /// Adds axum routes to the App. Their handlers take the App's singletons as [`Inject<T>`].
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

/// Why an [`Inject<T>`] of an axum handler cannot be injected. The client receives status 500, and
/// the log names the type.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InjectRejection {
    /// The handler's route was not added with [`App::routes`].
    #[error("`Inject<{0}>` works only in routes that were added with `App::routes`")]
    NotReachable(&'static str),
    /// No module provides the type, or several do and the App's own module sees none or more than
    /// one of them.
    #[error("no module provides the singleton `{0}`")]
    NotProvided(&'static str),
}

impl InjectRejection {
    /// A stable name of the error, for programs: `inject_not_reachable` or `inject_not_provided`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotReachable(_) => "inject_not_reachable",
            Self::NotProvided(_) => "inject_not_provided",
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
        let name = std::any::type_name::<T>();
        let Some(ContainerExtension(container)) = parts.extensions.get() else {
            return Err(InjectRejection::NotReachable(name));
        };
        container
            .get::<Arc<T>>()
            .map(Self)
            .ok_or(InjectRejection::NotProvided(name))
    }
}
