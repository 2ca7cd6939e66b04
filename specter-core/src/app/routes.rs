//! Axum routes that an App serves beside its gateways, and how their handlers reach the App's
//! singletons.

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
    /// Adds axum routes beside the gateways. Their handlers reach the App's singletons through
    /// [`Inject<T>`].
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

/// The container that a request's handlers may reach.
#[derive(Clone)]
struct ContainerExtension(Container);

/// An axum handler asked for a singleton that it cannot have. Answered with 500; the log says
/// which.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InjectRejection {
    /// The handler's routes were not given to the App.
    #[error("`Inject<{0}>` works in routes that were added with `App::routes`")]
    NotReachable(&'static str),
    /// No module provides it, or several do and the App's own module does not see one of them.
    #[error("no singleton `{0}`")]
    NotProvided(&'static str),
}

impl InjectRejection {
    /// A stable name of the error.
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
            ERROR, target: "specter::di", error = %self, "an axum handler's dependency is missing"
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
