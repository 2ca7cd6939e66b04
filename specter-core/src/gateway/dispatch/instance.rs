//! A controller between two calls. This file names nothing else of the gateway.

use std::any::Any;
use std::ops::Deref;
use std::sync::Arc;

/// A controller between two calls.
pub enum Instance {
    /// One handler at a time has it, some by `&mut self`.
    Exclusive(Box<dyn Any + Send>),
    /// Handlers run beside each other on it.
    Shared(Arc<dyn Any + Send + Sync>),
}

impl Instance {
    /// Gives an exclusive controller back.
    pub fn from_exclusive<C: Send + 'static>(this: Box<C>) -> Self {
        Self::Exclusive(this)
    }
}

/// What holds a controller during a call of a `&self` handler that may suspend.
pub trait ControllerRef<C>: Deref<Target = C> + Send + 'static {
    /// Gives it back.
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

/// A controller with handlers that share it, by `&self`. A block's needs for `Sync` are all this
/// one, so that there is one complaint about a controller that is not.
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
