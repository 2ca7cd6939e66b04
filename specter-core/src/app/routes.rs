//! Axum routes of an App, and `Inject<T>` as an extractor: their handlers take the App's
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
    /// Adds axum routes, which are served together with the gateways. Their handlers take the App's
    /// singletons through the extractor [`Inject<T>`].
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

/// The request extension through which `Inject<T>` finds the container.
#[derive(Clone)]
struct ContainerExtension(Container);

/// Why an axum handler did not get a singleton that it takes as `Inject<T>`. The request is
/// answered with 500, and the log names the singleton.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InjectRejection {
    /// The handler's route was not added with [`App::routes`].
    #[error("`Inject<{0}>` works only in routes that are added with `App::routes`")]
    NotReachable(&'static str),
    /// No module provides it, or several do and the App's own module does not see exactly one of
    /// them.
    #[error(
        "the application has no singleton `{0}`, or several of which its own module does not see \
         exactly one"
    )]
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
            ERROR, target: "specter::di", error = %self,
            "an axum handler takes a singleton that is not available"
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
