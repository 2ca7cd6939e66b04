//! `&Socket` and `&Args` as parameters, borrowed from the call's context. Cloning both for each
//! event would cost two atomic operations each.
//!
//! The macros see a type's name only, which may be that of a user's own `Socket`. The compiler
//! therefore decides by method look-up: the tag's own method serves the types that the context has,
//! a trait's method all others.

use std::marker::PhantomData;

use specter_proto::socketio::{Args, Arguments};

use crate::gateway::{Ack, CallContext, EventError};
use crate::socket::Socket;

/// Stands for the type of which a parameter is a reference.
pub struct BorrowTag<T>(PhantomData<fn() -> T>);

impl<T> BorrowTag<T> {
    /// The type's tag.
    #[expect(clippy::new_without_default, reason = "made by macros only")]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

/// How an own value is made.
type Owned<'a, T> = fn(&'a CallContext, &mut Arguments<'a>, &'static str) -> Result<T, EventError>;

/// What the context lends of itself.
macro_rules! lent {
    ($($type:ty: |$cx:ident| $lent:expr;)*) => {$(
        impl BorrowTag<$type> {
            /// A parameter of an event's handler.
            pub fn event_param<'a>(
                self,
                $cx: &'a CallContext,
                _: &mut Arguments<'a>,
                _: &'static str,
                _: Owned<'a, $type>,
            ) -> Result<&'a $type, EventError> {
                Ok($lent)
            }
        }
    )*};
}

lent! {
    Socket: |cx| cx.socket();
    Args: |cx| cx.args();
}

/// What can be lent at all. An [`Ack`] is used up by the answer: lent, it could say nothing but
/// that it was not answered.
#[diagnostic::on_unimplemented(
    message = "an `Ack` cannot be lent to a handler",
    label = "used up by the answer",
    note = "take it by value, `ack: Ack`, to answer by it",
    note = "to know whether an answer is wanted take `WantsAck`, and return the answer"
)]
pub trait Borrowable {}

impl BorrowTag<Ack> {
    /// None: there is no type that it is for.
    pub fn event_param<'a, T: Borrowable>(
        self,
        cx: &'a CallContext,
        args: &mut Arguments<'a>,
        label: &'static str,
        owned: Owned<'a, T>,
    ) -> Result<T, EventError> {
        owned(cx, args, label)
    }
}

/// For types of which an own value is made.
pub trait BorrowOwned<T>: Sized {
    /// A parameter of an event's handler. What it takes to make one is demanded where `owned` is
    /// named, in the handler's line.
    fn event_param<'a>(
        self,
        cx: &'a CallContext,
        args: &mut Arguments<'a>,
        label: &'static str,
        owned: Owned<'a, T>,
    ) -> Result<T, EventError> {
        owned(cx, args, label)
    }
}

impl<T> BorrowOwned<T> for BorrowTag<T> {}

/// What the macros write for `&Socket` and `&Args`.
#[doc(hidden)]
#[macro_export]
macro_rules! __borrowed_param {
    ($type:ty, $cx:expr, $args:expr, $label:expr, $owned:expr) => {{
        #[allow(unused_imports)]
        use $crate::__private::BorrowOwned as _;
        $crate::__private::BorrowTag::<$type>::new().event_param($cx, $args, $label, $owned)
    }};
}
