//! `Inject<T>`: a service of the container as a parameter of a handler. `app/routes.rs` implements
//! it for axum handlers.

use std::ops::Deref;
use std::sync::Arc;

use specter_di::Location;

use super::FromContext;
use crate::gateway::{CallContext, EventError, Requirements};

/// A value that a provider builds. It is a singleton or, in a socket's handler, a value of the
/// socket's scope.
///
/// The App checks at start that each `Inject` in a socket's handler can be provided. An axum
/// handler can take singletons only, and its route must be added with
/// [`App::routes`](crate::app::App::routes).
pub struct Inject<T: ?Sized>(pub Arc<T>);

impl<T: ?Sized> Clone for Inject<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: ?Sized> Deref for Inject<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

#[diagnostic::do_not_recommend]
impl<'a, T: ?Sized + Send + Sync + 'static> FromContext<'a> for Inject<T> {
    fn from_context(cx: &'a CallContext) -> Result<Self, EventError> {
        cx.inject::<Arc<T>>()
            .map(Self)
            .ok_or_else(|| EventError::internal(NotDeclared(std::any::type_name::<T>())))
    }

    fn requires(requirements: &mut Requirements, label: &'static str, location: Location) {
        requirements.inject::<Arc<T>>(label, location);
    }
}

/// The error of a custom extractor that injects the type without declaring it in `requires`.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` was not declared: an extractor that takes `Inject<T>` must declare it in \
     `FromContext::requires`"
)]
struct NotDeclared(&'static str);
