//! From what a handler returns to what it means, decided by the type at the call: a result, or a value.
//!
//! A blanket implementation cannot tell `Result<T, E>` from other values (it is `Serialize` itself), so the `reply!` macro lets
//! method look-up decide between traits implemented on a tag and on references to it: the receiver's own type is tried first,
//! then, of references, the longest.

#![allow(
    clippy::unused_self,
    reason = "the receivers exist for method look-up alone"
)]

use std::marker::PhantomData;

use serde::Serialize;

use super::call::{CallContext, Outcome};
use super::error::{EventError, IntoEventError};
use crate::socket::Reject;

/// What a handler may acknowledge with: anything that is `Serialize`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be acknowledged with",
    label = "a handler's return value is its acknowledgement",
    note = "derive `serde::Serialize` for it, or return `()`",
    note = "a `Reject` is for `connect` and guards; at an event return `Result<T, EventError>`"
)]
pub trait Reply {
    /// Encodes it.
    fn encode(&self, cx: &CallContext) -> Result<Outcome, EventError>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> Reply for T {
    fn encode(&self, cx: &CallContext) -> Result<Outcome, EventError> {
        cx.encode(self)
    }
}

/// Stands for a returned value's type during method look-up.
pub struct ReplyTag<T>(PhantomData<fn() -> T>);

impl<T> ReplyTag<T> {
    /// The tag of a value.
    pub fn of(_: &T) -> Self {
        Self(PhantomData)
    }
}

/// Found for `Result<T, E>`.
pub trait ResultReply {
    /// The kind of the value.
    fn reply_kind(&self) -> ResultKind {
        ResultKind
    }
}

impl<T, E> ResultReply for ReplyTag<Result<T, E>> {}

/// Found for everything else.
pub trait ValueReply {
    /// The kind of the value.
    fn reply_kind(&self) -> ValueKind {
        ValueKind
    }
}

impl<T> ValueReply for &ReplyTag<T> {}

/// The value is a result.
pub struct ResultKind;

impl ResultKind {
    /// Encodes the value, or converts the error.
    pub fn reply<T: Reply, E>(
        self,
        cx: &CallContext,
        value: Result<T, E>,
        convert: impl FnOnce(E) -> EventError,
    ) -> Result<Outcome, EventError> {
        match value {
            Ok(value) => value.encode(cx),
            Err(error) => Err(convert(error)),
        }
    }
}

/// The value is not a result.
pub struct ValueKind;

impl ValueKind {
    /// Encodes the value.
    #[allow(clippy::needless_pass_by_value)]
    pub fn reply<T: Reply>(
        self,
        cx: &CallContext,
        value: T,
        _convert: impl FnOnce(std::convert::Infallible) -> EventError,
    ) -> Result<Outcome, EventError> {
        value.encode(cx)
    }
}

/// Stands for an error's type during method look-up.
pub struct ErrorTag<E>(PhantomData<fn() -> E>);

impl<E> ErrorTag<E> {
    /// The tag of an error.
    pub fn of(_: &E) -> Self {
        Self(PhantomData)
    }
}

/// Found first: an error that says what may be shown.
pub trait DeclaredError {
    /// The kind of the error.
    fn error_kind(&self) -> DeclaredKind {
        DeclaredKind
    }
}

impl<E: IntoEventError> DeclaredError for &&&ErrorTag<E> {}

/// Found second: an error whose text stays here.
pub trait PlainError {
    /// The kind of the error.
    fn error_kind(&self) -> PlainKind {
        PlainKind
    }
}

impl<E: std::error::Error + 'static> PlainError for &&ErrorTag<E> {}

/// Found third: a boxed error, `anyhow`'s for one.
pub trait BoxedError {
    /// The kind of the error.
    fn error_kind(&self) -> BoxedKind {
        BoxedKind
    }
}

impl<E: AsRef<dyn std::error::Error + Send + Sync>> BoxedError for &ErrorTag<E> {}

/// Found for what is left, to give one readable error.
pub trait UnknownError {
    /// The kind of the error.
    fn error_kind(&self) -> DeclaredKind {
        DeclaredKind
    }
}

impl<E> UnknownError for ErrorTag<E> {}

/// The error implements [`IntoEventError`].
pub struct DeclaredKind;

impl DeclaredKind {
    /// Converts it.
    pub fn convert<E: IntoEventError>(self, error: E) -> EventError {
        error.into_event_error()
    }
}

/// The error implements [`std::error::Error`] only.
pub struct PlainKind;

impl PlainKind {
    /// Converts it.
    pub fn convert<E: std::error::Error + Send + Sync + 'static>(self, error: E) -> EventError {
        EventError::from(error)
    }
}

/// The error is a box around one.
pub struct BoxedKind;

impl BoxedKind {
    /// Converts it.
    #[allow(clippy::needless_pass_by_value)]
    pub fn convert<E: AsRef<dyn std::error::Error + Send + Sync>>(self, error: E) -> EventError {
        EventError::internal_dyn(error.as_ref())
    }
}

/// Encodes what an event's handler returned: `Result<Outcome, EventError>`.
#[doc(hidden)]
#[macro_export]
macro_rules! __reply {
    ($cx:expr, $value:expr) => {{
        #[allow(unused_imports)]
        use $crate::__private::{
            BoxedError as _, DeclaredError as _, PlainError as _, ResultReply as _,
            UnknownError as _, ValueReply as _,
        };
        let __value = $value;
        (&$crate::__private::ReplyTag::of(&__value))
            .reply_kind()
            .reply(&$cx, __value, |__error| {
                (&&&&$crate::__private::ErrorTag::of(&__error))
                    .error_kind()
                    .convert(__error)
            })
    }};
}

/// What a `connect` handler may return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from `connect`",
    label = "`connect` returns `()` or `Result<(), Reject>`",
    note = "a client is refused with `Err(Reject::new(\"…\"))`; to send it something, use `socket.emit(…)`"
)]
pub trait ConnectReply {
    /// Let in, or refused.
    fn into_result(self) -> Result<(), Reject>;
}

impl ConnectReply for () {
    fn into_result(self) -> Result<(), Reject> {
        Ok(())
    }
}

impl<E: Into<Reject>> ConnectReply for Result<(), E> {
    fn into_result(self) -> Result<(), Reject> {
        self.map_err(Into::into)
    }
}

/// What a `disconnect` or `#[on_error]` handler may return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from here",
    label = "nobody is answered: return `()` or `Result<(), EventError>`"
)]
pub trait PlainReply {
    /// An error is logged.
    fn into_result(self) -> Result<(), EventError>;
}

impl PlainReply for () {
    fn into_result(self) -> Result<(), EventError> {
        Ok(())
    }
}

impl<E: Into<EventError>> PlainReply for Result<(), E> {
    fn into_result(self) -> Result<(), EventError> {
        self.map_err(Into::into)
    }
}

/// Takes what a `connect` handler returned.
#[doc(hidden)]
#[macro_export]
macro_rules! __connect_reply {
    ($cx:expr, $value:expr) => {
        $crate::__private::connect_outcome(
            &$cx,
            $crate::__private::ConnectReply::into_result($value),
        )
    };
}

/// Takes what a `disconnect` or `#[on_error]` handler returned.
#[doc(hidden)]
#[macro_export]
macro_rules! __plain_reply {
    ($cx:expr, $value:expr) => {{
        let _ = &$cx;
        $crate::__private::PlainReply::into_result($value)
            .map(|()| $crate::__private::Outcome::Unit)
    }};
}

/// A `connect` handler's end.
pub fn connect_outcome(
    _cx: &CallContext,
    result: Result<(), Reject>,
) -> Result<Outcome, EventError> {
    Ok(result.map_or_else(Outcome::Rejected, |()| Outcome::Unit))
}
