//! Turns what a handler returns into an outcome, decided by the type at the call: a result, or a
//! value.
//!
//! A blanket implementation cannot tell `Result<T, E>` from other values (it is `Serialize`
//! itself). The `reply!` macro therefore lets method look-up decide between traits that are
//! implemented on a tag and on references to it: the receiver's own type is tried first, then
//! references to it.

#![allow(
    clippy::unused_self,
    reason = "the receivers exist for method look-up alone"
)]

use std::convert::Infallible;
use std::marker::PhantomData;

use serde::Serialize;

use super::call_context::{CallContext, Outcome};
use crate::gateway::error::{BOXED, EventError, IntoEventError};
use crate::socket::Reject;

/// What a handler may acknowledge with: anything that is `Serialize`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent as an acknowledgement",
    label = "what a handler returns is its acknowledgement, and has to be `serde::Serialize`",
    note = "derive `serde::Serialize` for it, or return `()`",
    note = "to answer with an error return `Result<T, EventError>`; a `Reject` is for `connect` \
        and guards"
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

    /// What `connect` returned. A function, because the compiler's complaint about `T` then stands
    /// alone.
    pub fn connect<T: ConnectReply, E>(self) -> fn(Result<T, E>) -> Result<(), E> {
        |value| value.map(|_| ())
    }

    /// What `disconnect` or `#[on_error]` returned.
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

    /// What `connect` returned.
    pub fn connect<T: ConnectReply>(self) -> fn(T) -> Result<(), Infallible> {
        |_| Ok(())
    }

    /// What `disconnect` or `#[on_error]` returned.
    pub fn plain<T: PlainReply>(self) -> fn(T) -> Result<(), Infallible> {
        |_| Ok(())
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

/// Found before all others, in `connect`: what its handler refuses the client with.
pub trait RefusingError {
    /// The kind of the error.
    fn error_kind(&self) -> RejectKind {
        RejectKind
    }
}

impl RefusingError for &&&&&&ErrorTag<Reject> {}

/// Found first: an error that says what may be shown.
pub trait DeclaredError {
    /// The kind of the error.
    fn error_kind(&self) -> DeclaredKind {
        DeclaredKind
    }
}

impl<E: IntoEventError> DeclaredError for &&&&&ErrorTag<E> {}

/// Found next: an error whose text stays here, and that error filters may look at.
pub trait KeptError {
    /// The kind of the error.
    fn error_kind(&self) -> KeptKind {
        KeptKind
    }
}

impl<E: std::error::Error + Send + Sync + 'static> KeptError for &&&&ErrorTag<E> {}

/// Found second: an error whose text stays here.
pub trait PlainError {
    /// The kind of the error.
    fn error_kind(&self) -> PlainKind {
        PlainKind
    }
}

impl<E: std::error::Error + 'static> PlainError for &&&ErrorTag<E> {}

/// Found third: a boxed error, `anyhow`'s for one.
pub trait BoxedError {
    /// The kind of the error.
    fn error_kind(&self) -> BoxedKind {
        BoxedKind
    }
}

impl<E: AsRef<dyn std::error::Error + Send + Sync>> BoxedError for &&ErrorTag<E> {}

/// Found fourth: a boxed error that stays on its thread, `Box<dyn Error>`. No handler's future
/// holds it.
pub trait LocalBoxedError {
    /// The kind of the error.
    fn error_kind(&self) -> LocalBoxedKind {
        LocalBoxedKind
    }
}

impl<E: AsRef<dyn std::error::Error>> LocalBoxedError for &ErrorTag<E> {}

/// Found for what is left, to give one readable error.
pub trait UnknownError {
    /// The kind of the error.
    fn error_kind(&self) -> DeclaredKind {
        DeclaredKind
    }
}

impl<E> UnknownError for ErrorTag<E> {}

/// The error is a refusal already.
pub struct RejectKind;

impl RejectKind {
    /// Keeps it.
    pub fn conversion(self) -> fn(Reject) -> Reject {
        |error| error
    }
}

/// The error implements [`IntoEventError`].
pub struct DeclaredKind;

impl DeclaredKind {
    /// Converts it. A function, because the compiler's complaint about `E` then stands alone.
    pub fn conversion<E: IntoEventError>(self) -> fn(E) -> EventError {
        IntoEventError::into_event_error
    }
}

/// The error implements [`std::error::Error`], and may be kept.
pub struct KeptKind;

impl KeptKind {
    /// Converts it.
    pub fn conversion<E: std::error::Error + Send + Sync + 'static>(self) -> fn(E) -> EventError {
        EventError::from
    }
}

/// The error implements [`std::error::Error`] only.
pub struct PlainKind;

impl PlainKind {
    /// Converts it.
    pub fn conversion<E: std::error::Error + 'static>(self) -> fn(E) -> EventError {
        |error| EventError::undeclared(std::any::type_name::<E>(), &error)
    }
}

/// The error is a box around one.
pub struct BoxedKind;

impl BoxedKind {
    /// Converts it.
    pub fn conversion<E: AsRef<dyn std::error::Error + Send + Sync>>(self) -> fn(E) -> EventError {
        |error| EventError::undeclared(BOXED, error.as_ref())
    }
}

/// The error is a box around one that stays on its thread.
pub struct LocalBoxedKind;

impl LocalBoxedKind {
    /// Converts it.
    pub fn conversion<E: AsRef<dyn std::error::Error>>(self) -> fn(E) -> EventError {
        |error| EventError::undeclared(BOXED, error.as_ref())
    }
}

/// Converts an error by what its type is: `EventError`, or `Reject` where `RefusingError` is in
/// scope.
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

/// Encodes what an event's handler returned: `Result<Outcome, EventError>`.
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

/// What a `connect` handler may return where it does not fail.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from `connect`",
    label = "`connect` returns `()` or `Result<(), Reject>`",
    note = "a client is refused with `Err(Reject::new(\"…\"))`; to send it something, use \
        `socket.emit(…)`"
)]
pub trait ConnectReply {}

#[diagnostic::do_not_recommend]
impl ConnectReply for () {}

/// What a `disconnect` or `#[on_error]` handler may return where it does not fail.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from here",
    label = "nobody is answered: return `()` or `Result<(), EventError>`",
    note = "what `disconnect` and `#[on_error]` return reaches nobody; an error is logged"
)]
pub trait PlainReply {}

#[diagnostic::do_not_recommend]
impl PlainReply for () {}

/// Takes what a `connect` handler returned.
#[doc(hidden)]
#[macro_export]
macro_rules! __connect_reply {
    ($cx:expr, $value:expr) => {{
        #[allow(unused_imports)]
        use $crate::__private::{RefusingError as _, ResultReply as _, ValueReply as _};
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

/// Takes what a `disconnect` or `#[on_error]` handler returned.
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

/// A `connect` handler's end.
pub fn connect_outcome(result: Result<(), Reject>) -> Result<Outcome, EventError> {
    let rejected = |reject| Outcome::Rejected(Box::new(reject));
    Ok(result.map_or_else(rejected, |()| Outcome::Unit))
}
