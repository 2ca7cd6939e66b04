//! The instance of a controller, as it is kept between two calls. This file names nothing else of
//! the gateway.

use std::any::Any;
use std::ops::Deref;
use std::sync::Arc;

/// The instance of a controller, as it is kept between two calls.
pub enum Instance {
    /// One handler at a time uses the controller, by `&self` or `&mut self`.
    Exclusive(Box<dyn Any + Send>),
    /// Handlers may use the controller concurrently, by `&self`.
    Shared(Arc<dyn Any + Send + Sync>),
}

impl Instance {
    /// The instance of an exclusive controller.
    pub fn from_exclusive<C: Send + 'static>(this: Box<C>) -> Self {
        Self::Exclusive(this)
    }
}

/// The pointer that owns a controller while a `&self` handler that may suspend is called: a `Box`
/// or an `Arc`.
pub trait ControllerRef<C>: Deref<Target = C> + Send + 'static {
    /// Converts the pointer back to the instance, after the call.
    fn into_instance(self) -> Instance;
}

impl<C: Send + 'static> ControllerRef<C> for Box<C> {
    fn into_instance(self) -> Instance {
        Instance::Exclusive(self)
    }
}

impl<C: Send + SharedController + 'static> ControllerRef<C> for Arc<C> {
    fn into_instance(self) -> Instance {
        Instance::Shared(self)
    }
}

/// A controller that handlers share by `&self`. The expansions require this trait instead of
/// `Sync`, so that the compiler reports a controller that is not `Sync` only once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not `Sync`, and a handler takes it by `&self`",
    label = "this handler shares the controller with others",
    note = "let the handlers of this block take `&mut self`: no other handler then runs at the \
        same time, and plain fields need no lock",
    note = "or replace the fields that are not `Sync`: a `Cell` by an atomic, a `RefCell` by a \
        `Mutex`, an `Rc` by an `Arc`"
)]
pub trait SharedController: Sync {}

#[diagnostic::do_not_recommend]
impl<C: Sync> SharedController for C {}
