//! Converts what a handler returns to an outcome. The conversion depends on the static type of the
//! returned value: a `Result` or another value, and which kind of error.
//!
//! A blanket implementation cannot distinguish `Result<T, E>` from other values, because `Result`
//! is `Serialize` too. The `reply!` macro therefore uses method look-up. It calls a method on a tag
//! of the value's type. Several traits have this method: one is implemented for the tag, one for
//! `&Tag`, one for `&&Tag`, and so on. The compiler selects the implementation that needs the
//! fewest dereferences.

#![allow(
    clippy::unused_self,
    reason = "the receivers exist for method look-up alone"
)]

use std::convert::Infallible;
use std::marker::PhantomData;

use serde::Serialize;

use super::call_context::{CallContext, Outcome};
use crate::gateway::error::{BOXED_ERROR, EventError, IntoEventError};
use crate::socket::Reject;

/// What a handler may acknowledge with: anything that is `Serialize`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent as an acknowledgement",
    label = "the returned value is sent as the acknowledgement, and must be `serde::Serialize`",
    note = "derive `serde::Serialize` for it, or return `()`",
    note = "to send an error, return `Result<T, EventError>`; only `connect` and guards can \
        return a `Reject`"
)]
pub trait Reply {
    /// Encodes the value.
    fn encode(&self, cx: &CallContext) -> Result<Outcome, EventError>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> Reply for T {
    fn encode(&self, cx: &CallContext) -> Result<Outcome, EventError> {
        cx.encode(self)
    }
}

/// Carries the type of a returned value into method look-up.
pub struct ReplyTag<T>(PhantomData<fn() -> T>);

impl<T> ReplyTag<T> {
    /// The tag of a value.
    pub fn of(_: &T) -> Self {
        Self(PhantomData)
    }
}

/// Selected for `Result<T, E>`.
pub trait ResultReply {
    /// The kind of the value.
    fn reply_kind(&self) -> ResultKind {
        ResultKind
    }
}

impl<T, E> ResultReply for ReplyTag<Result<T, E>> {}

/// Selected for all other values.
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

    /// Converts what `connect` returned. The conversion is returned as a function pointer, so that
    /// the compiler reports a wrong `T` only once.
    pub fn connect<T: ConnectReply, E>(self) -> fn(Result<T, E>) -> Result<(), E> {
        |value| value.map(|_| ())
    }

    /// Converts what `disconnect` or `#[on_error]` returned.
    pub fn plain<T: PlainReply, E>(self) -> fn(Result<T, E>) -> Result<(), E> {
        |value| value.map(|_| ())
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
        _convert: impl FnOnce(Infallible) -> EventError,
    ) -> Result<Outcome, EventError> {
        value.encode(cx)
    }

    /// Converts what `connect` returned.
    pub fn connect<T: ConnectReply>(self) -> fn(T) -> Result<(), Infallible> {
        |_| Ok(())
    }

    /// Converts what `disconnect` or `#[on_error]` returned.
    pub fn plain<T: PlainReply>(self) -> fn(T) -> Result<(), Infallible> {
        |_| Ok(())
    }
}

/// Carries the type of an error into method look-up.
pub struct ErrorTag<E>(PhantomData<fn() -> E>);

impl<E> ErrorTag<E> {
    /// The tag of an error.
    pub fn of(_: &E) -> Self {
        Self(PhantomData)
    }
}

/// Selected first, in `connect` only: a [`Reject`].
pub trait RejectError {
    /// The kind of the error.
    fn error_kind(&self) -> RejectKind {
        RejectKind
    }
}

impl RejectError for &&&&&&ErrorTag<Reject> {}

/// Selected next: an error that implements [`IntoEventError`].
pub trait DeclaredError {
    /// The kind of the error.
    fn error_kind(&self) -> DeclaredKind {
        DeclaredKind
    }
}

impl<E: IntoEventError> DeclaredError for &&&&&ErrorTag<E> {}

/// Selected next: an internal error that is `Send + Sync`, so that error filters can downcast to
/// it.
pub trait KeptError {
    /// The kind of the error.
    fn error_kind(&self) -> KeptKind {
        KeptKind
    }
}

impl<E: std::error::Error + Send + Sync + 'static> KeptError for &&&&ErrorTag<E> {}

/// Selected next: any other internal error.
pub trait PlainError {
    /// The kind of the error.
    fn error_kind(&self) -> PlainKind {
        PlainKind
    }
}

impl<E: std::error::Error + 'static> PlainError for &&&ErrorTag<E> {}

/// Selected next: a boxed error that is `Send + Sync`, such as one of `anyhow`.
pub trait BoxedError {
    /// The kind of the error.
    fn error_kind(&self) -> BoxedKind {
        BoxedKind
    }
}

impl<E: AsRef<dyn std::error::Error + Send + Sync>> BoxedError for &&ErrorTag<E> {}

/// Selected next: a boxed error that is not `Send`, such as `Box<dyn Error>`. It is converted
/// immediately, so that the handler's future, which must be `Send`, does not hold it.
pub trait LocalBoxedError {
    /// The kind of the error.
    fn error_kind(&self) -> LocalBoxedKind {
        LocalBoxedKind
    }
}

impl<E: AsRef<dyn std::error::Error>> LocalBoxedError for &ErrorTag<E> {}

/// Selected for all other types. It requires [`IntoEventError`], so that the compiler reports one
/// readable error.
pub trait UnknownError {
    /// The kind of the error.
    fn error_kind(&self) -> DeclaredKind {
        DeclaredKind
    }
}

impl<E> UnknownError for ErrorTag<E> {}

/// The error is a [`Reject`].
pub struct RejectKind;

impl RejectKind {
    /// Returns the rejection unchanged.
    pub fn conversion(self) -> fn(Reject) -> Reject {
        |error| error
    }
}

/// The error implements [`IntoEventError`].
pub struct DeclaredKind;

impl DeclaredKind {
    /// The conversion. It is returned as a function pointer, so that the compiler reports a wrong
    /// `E` only once.
    pub fn conversion<E: IntoEventError>(self) -> fn(E) -> EventError {
        IntoEventError::into_event_error
    }
}

/// The error implements [`std::error::Error`] and is `Send + Sync`: it is kept for error filters.
pub struct KeptKind;

impl KeptKind {
    /// The conversion.
    pub fn conversion<E: std::error::Error + Send + Sync + 'static>(self) -> fn(E) -> EventError {
        EventError::from
    }
}

/// The error implements [`std::error::Error`], but is not `Send + Sync`.
pub struct PlainKind;

impl PlainKind {
    /// The conversion.
    pub fn conversion<E: std::error::Error + 'static>(self) -> fn(E) -> EventError {
        |error| EventError::undeclared(std::any::type_name::<E>(), &error)
    }
}

/// The error is boxed, and is `Send + Sync`.
pub struct BoxedKind;

impl BoxedKind {
    /// The conversion.
    pub fn conversion<E: AsRef<dyn std::error::Error + Send + Sync>>(self) -> fn(E) -> EventError {
        |error| EventError::undeclared(BOXED_ERROR, error.as_ref())
    }
}

/// The error is boxed, and is not `Send + Sync`.
pub struct LocalBoxedKind;

impl LocalBoxedKind {
    /// The conversion.
    pub fn conversion<E: AsRef<dyn std::error::Error>>(self) -> fn(E) -> EventError {
        |error| EventError::undeclared(BOXED_ERROR, error.as_ref())
    }
}

/// Converts an error, depending on its type, to an `EventError`. A `Reject` is left unchanged where
/// `RejectError` is in scope.
#[doc(hidden)]
#[macro_export]
macro_rules! __converted {
    ($error:expr) => {{
        #[allow(unused_imports)]
        use $crate::__private::{
            BoxedError as _, DeclaredError as _, KeptError as _, LocalBoxedError as _,
            PlainError as _, UnknownError as _,
        };
        let __error = $error;
        (&&&&&&&$crate::__private::ErrorTag::of(&__error))
            .error_kind()
            .conversion()(__error)
    }};
}

/// Converts what an event's handler returned to a `Result<Outcome, EventError>`.
#[doc(hidden)]
#[macro_export]
macro_rules! __reply {
    ($cx:expr, $value:expr) => {{
        #[allow(unused_imports)]
        use $crate::__private::{ResultReply as _, ValueReply as _};
        let __value = $value;
        (&$crate::__private::ReplyTag::of(&__value))
            .reply_kind()
            .reply(&$cx, __value, |__error| {
                $crate::__private::converted!(__error)
            })
    }};
}

/// What a `connect` handler may return on success.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from `connect`",
    label = "`connect` returns `()` or `Result<(), Reject>`",
    note = "to reject a client, return `Err(Reject::new(\"…\"))`; to send it something, call \
        `socket.emit(…)`"
)]
pub trait ConnectReply {}

#[diagnostic::do_not_recommend]
impl ConnectReply for () {}

/// What a `disconnect` or `#[on_error]` handler may return on success.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from `disconnect` or `#[on_error]`",
    label = "no client receives this value: return `()` or `Result<(), EventError>`",
    note = "what `disconnect` and `#[on_error]` return is sent to no client; an error is logged"
)]
pub trait PlainReply {}

#[diagnostic::do_not_recommend]
impl PlainReply for () {}

/// Converts what a `connect` handler returned to a `Result<Outcome, EventError>`.
#[doc(hidden)]
#[macro_export]
macro_rules! __connect_reply {
    ($cx:expr, $value:expr) => {{
        #[allow(unused_imports)]
        use $crate::__private::{RejectError as _, ResultReply as _, ValueReply as _};
        let _ = &$cx;
        let __value = $value;
        let __returned = (&$crate::__private::ReplyTag::of(&__value))
            .reply_kind()
            .connect()(__value);
        $crate::__private::connect_outcome(
            __returned.map_err(|__error| $crate::__private::converted!(__error).into()),
        )
    }};
}

/// Converts what a `disconnect` or `#[on_error]` handler returned. The result is a
/// `Result<Outcome, EventError>`.
#[doc(hidden)]
#[macro_export]
macro_rules! __plain_reply {
    ($cx:expr, $value:expr) => {{
        #[allow(unused_imports)]
        use $crate::__private::{ResultReply as _, ValueReply as _};
        let _ = &$cx;
        let __value = $value;
        let __returned = (&$crate::__private::ReplyTag::of(&__value))
            .reply_kind()
            .plain()(__value);
        __returned
            .map(|()| $crate::__private::Outcome::Unit)
            .map_err(|__error| $crate::__private::converted!(__error))
    }};
}

/// The outcome of a `connect` handler.
pub fn connect_outcome(result: Result<(), Reject>) -> Result<Outcome, EventError> {
    let rejected = |reject| Outcome::Rejected(Box::new(reject));
    Ok(result.map_or_else(rejected, |()| Outcome::Unit))
}
