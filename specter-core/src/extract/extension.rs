//! `Extension<T>`: a value that a guard stored with the socket, or that an axum layer stored with
//! the handshake request.

use super::FromContext;
use crate::gateway::{CallContext, EventError};

/// A value that a guard stored with the socket ([`GuardContext::insert`]), or that an axum layer
/// stored in the extensions of the handshake request.
///
/// If there is no such value, the handler fails with an internal error that names the type. Take
/// `Option<Extension<T>>` if it may be missing.
///
/// [`GuardContext::insert`]: crate::gateway::GuardContext::insert
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension<T>(pub T);

#[diagnostic::do_not_recommend]
impl<'a, T: Clone + Send + Sync + 'static> FromContext<'a> for Extension<T> {
    fn from_context(cx: &'a CallContext) -> Result<Self, EventError> {
        cx.socket()
            .extension()
            .map(Self)
            .ok_or_else(|| EventError::internal(MissingExtension(std::any::type_name::<T>())))
    }
}

#[diagnostic::do_not_recommend]
impl<'a, T: Clone + Send + Sync + 'static> FromContext<'a> for Option<Extension<T>> {
    fn from_context(cx: &'a CallContext) -> Result<Self, EventError> {
        Ok(cx.socket().extension().map(Extension))
    }
}

#[derive(Debug, thiserror::Error)]
#[error(
    "no `{0}` is stored with the socket: no guard inserted one, and no axum layer added one to the \
     handshake request"
)]
struct MissingExtension(&'static str);
