//! A controller between two calls. This file names nothing else of the gateway.

use std::any::Any;
use std::ops::Deref;
use std::sync::Arc;

/// A controller between two calls.
pub enum Instance {
    /// One handler at a time has the controller, some by `&mut self`.
    Exclusive(Box<dyn Any + Send>),
    /// Handlers run on the controller concurrently.
    Shared(Arc<dyn Any + Send + Sync>),
}

impl Instance {
    /// The instance of an exclusive controller.
    pub fn from_exclusive<C: Send + 'static>(this: Box<C>) -> Self {
        Self::Exclusive(this)
    }
}

/// The owner of a controller during a call of a `&self` handler that may suspend.
pub trait ControllerRef<C>: Deref<Target = C> + Send + 'static {
    /// Returns the instance after the call.
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

/// A controller that handlers share by `&self`. All requirements of `Sync` go through this trait,
/// so that the compiler reports a controller that is not `Sync` once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not `Sync`, and a handler takes it by `&self`",
    label = "shares the controller",
    note = "let the handlers of this block take `&mut self`: no other handler runs meanwhile, and \
        plain fields need no lock",
    note = "or replace what is not `Sync` in its fields: a `Cell` by an atomic, a `RefCell` by a \
        `Mutex`, an `Rc` by an `Arc`"
)]
pub trait SharedController: Sync {}

#[diagnostic::do_not_recommend]
impl<C: Sync> SharedController for C {}
