//! `&Socket` and `&Args` as parameters, borrowed from the call's context. A clone of each for every
//! event would cost two atomic operations.
//!
//! A macro sees only the name of a type, and a user may have a `Socket` type of their own. The
//! compiler therefore decides by method lookup: the inherent method of [`BorrowTag`] is found for
//! the types that the context contains, and the method of [`BorrowOwned`] for all others.

use std::marker::PhantomData;

use specter_proto::socketio::{Args, Arguments};

use crate::gateway::{Ack, CallContext, EventError};
use crate::socket::Socket;

/// A value that carries the type `T` of a `&T` parameter into method lookup.
pub struct BorrowTag<T>(PhantomData<fn() -> T>);

impl<T> BorrowTag<T> {
    /// The tag of the type.
    #[expect(
        clippy::new_without_default,
        reason = "only the macros' expansions create it"
    )]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

/// Extracts an owned value.
type Owned<'a, T> = fn(&'a CallContext, &mut Arguments<'a>, &'static str) -> Result<T, EventError>;

/// Implements the types that can be borrowed from the context.
macro_rules! borrowed {
    ($($type:ty: |$cx:ident| $borrowed:expr;)*) => {$(
        impl BorrowTag<$type> {
            /// A parameter of an event's handler.
            pub fn event_param<'a>(
                self,
                $cx: &'a CallContext,
                _: &mut Arguments<'a>,
                _: &'static str,
                _: Owned<'a, $type>,
            ) -> Result<&'a $type, EventError> {
                Ok($borrowed)
            }
        }
    )*};
}

borrowed! {
    Socket: |cx| cx.socket();
    Args: |cx| cx.args();
}

/// Types that a handler can borrow. [`Ack`] is not one of them, because sending an acknowledgement
/// consumes the `Ack`.
#[diagnostic::on_unimplemented(
    message = "a handler cannot borrow an `Ack`",
    label = "sending an acknowledgement consumes the `Ack`",
    note = "take it by value to send the acknowledgement: `ack: Ack`",
    note = "to learn whether one was requested, take `WantsAck` and return the answer"
)]
pub trait Borrowable {}

impl BorrowTag<Ack> {
    /// Selected for `&Ack`. It never compiles, because no type implements [`Borrowable`].
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

/// For types that are extracted as owned values.
pub trait BorrowOwned<T>: Sized {
    /// A parameter of an event's handler. The compiler checks the bounds of the extraction where
    /// the expansion names `owned`, so that errors point to the handler's parameter.
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

/// The expression by which the macros' expansions extract a `&T` parameter.
#[doc(hidden)]
#[macro_export]
macro_rules! __borrowed_param {
    ($type:ty, $cx:expr, $args:expr, $label:expr, $owned:expr) => {{
        #[allow(unused_imports)]
        use $crate::__private::BorrowOwned as _;
        $crate::__private::BorrowTag::<$type>::new().event_param($cx, $args, $label, $owned)
    }};
}
