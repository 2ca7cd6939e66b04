//! `&Socket` and `&Args`, lent from the context: both are counted, and to count one twice for each event costs more than to lend it. And
//! `&Ack`, which says whether an answer is wanted and leaves it to the handler's value.
//!
//! The macros see a type's name only, which may be that of a user's own `Socket`. So the compiler decides by method look-up: the tag's own
//! method is for what the context has, that of the trait for all others.

use std::marker::PhantomData;

use specter_di::Location;
use specter_proto::socket::{Args, Arguments};

use super::FromEvent;
use crate::gateway::{Ack, CallContext, EventError, Requirements};
use crate::socket::Socket;

/// Stands for the type of which a parameter is a reference.
pub struct LendTag<T>(PhantomData<fn() -> T>);

impl<T> LendTag<T> {
    /// The type's tag.
    #[expect(clippy::new_without_default, reason = "made by macros only")]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

/// What the context lends of itself, which needs nothing of the graph.
macro_rules! lent {
    ($($type:ty: |$cx:ident| $lent:expr;)*) => {$(
        impl LendTag<$type> {
            /// A parameter of an event's handler.
            pub fn event_param<'a>(
                self,
                $cx: &'a CallContext,
                _: &mut Arguments<'a>,
                _: &'static str,
            ) -> Result<&'a $type, EventError> {
                Ok($lent)
            }

            /// Declares what it needs.
            pub fn requires(self, _: &mut Requirements, _: &'static str, _: Location) {}
        }
    )*};
}

lent! {
    Socket: |cx| cx.socket();
    Args: |cx| cx.args();
    Ack: |cx| Ack::question(cx.wants_ack());
}

/// For types of which an own value is made.
pub trait LendOwned<T>: Sized {
    /// A parameter of an event's handler.
    fn event_param<'a, M>(
        self,
        cx: &'a CallContext,
        args: &mut Arguments<'a>,
        label: &'static str,
    ) -> Result<T, EventError>
    where
        T: FromEvent<'a, M>,
    {
        T::from_event(cx, args, label)
    }

    /// Declares what it needs.
    fn requires<'a, M>(
        self,
        requirements: &mut Requirements,
        label: &'static str,
        location: Location,
    ) where
        T: FromEvent<'a, M>,
    {
        T::requires(requirements, label, location);
    }
}

impl<T> LendOwned<T> for LendTag<T> {}

/// What the macros write for `&Socket`, `&Args` and `&Ack`.
#[doc(hidden)]
#[macro_export]
macro_rules! __lent_param {
    ($type:ty, $cx:expr, $args:expr, $label:expr) => {{
        #[allow(unused_imports)]
        use $crate::__private::LendOwned as _;
        $crate::__private::LendTag::<$type>::new().event_param($cx, $args, $label)
    }};
}

/// The same where it is declared what they need.
#[doc(hidden)]
#[macro_export]
macro_rules! __lent_needs {
    ($type:ty, $requirements:expr, $label:expr, $location:expr) => {{
        #[allow(unused_imports)]
        use $crate::__private::LendOwned as _;
        $crate::__private::LendTag::<$type>::new().requires($requirements, $label, $location)
    }};
}
