//! `&Socket` and `&Args`, lent from the context: both are counted, and to count one twice for each event costs more than to lend it.
//!
//! The macros see a type's name only, which may be that of a user's own `Socket`. So the compiler decides by method look-up: the tag's own
//! method is for what the context has, that of the trait for all others.

use std::marker::PhantomData;

use specter_proto::socket::{Args, Arguments};

use super::FromEvent;
use crate::gateway::{CallContext, EventError};
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

impl LendTag<Socket> {
    /// The socket of the context.
    pub fn event_param<'a>(
        self,
        cx: &'a CallContext,
        _: &mut Arguments<'a>,
        _: &'static str,
    ) -> Result<&'a Socket, EventError> {
        Ok(cx.socket())
    }
}

impl LendTag<Args> {
    /// The arguments of the event.
    pub fn event_param<'a>(
        self,
        cx: &'a CallContext,
        _: &mut Arguments<'a>,
        _: &'static str,
    ) -> Result<&'a Args, EventError> {
        Ok(cx.args())
    }
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
}

impl<T> LendOwned<T> for LendTag<T> {}

/// What the macros write for `&Socket` and `&Args`.
#[doc(hidden)]
#[macro_export]
macro_rules! __lent_param {
    ($type:ty, $cx:expr, $args:expr, $label:expr) => {{
        #[allow(unused_imports)]
        use $crate::__private::LendOwned as _;
        $crate::__private::LendTag::<$type>::new().event_param($cx, $args, $label)
    }};
}
