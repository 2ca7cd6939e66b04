//! `Extension<T>`: a value that a guard or an axum layer left with the socket.

use super::FromContext;
use crate::gateway::{CallContext, EventError};

/// A value that a guard left with the socket (`socket.insert(value)`), or that an axum layer left
/// with the handshake request.
///
/// A handler that takes one that is not there fails with an internal error that names the type;
/// take `Option<Extension<T>>` where it may be missing.
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
    "no `{0}` was left with the socket: no guard inserted one, and no axum layer added one to the \
     handshake request"
)]
struct MissingExtension(&'static str);
