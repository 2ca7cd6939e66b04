//! A controller between two calls, and the functions by which the macros' expansions call handlers
//! on it.

use std::any::Any;
use std::ops::Deref;
use std::sync::Arc;

use super::call_context::{CallContext, CallState, CompletedCall, Outcome};
use crate::gateway::error::EventError;

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

/// Takes the controller for a handler with `&mut self`; `Err` where the instance is not of this
/// kind, which the wiring rules out.
pub fn exclusive<C: Send + 'static>(instance: Instance) -> Result<Box<C>, WrongInstance> {
    match instance {
        Instance::Exclusive(any) => any
            .downcast()
            .map_err(|any| WrongInstance(Instance::Exclusive(any))),
        shared @ Instance::Shared(_) => Err(WrongInstance(shared)),
    }
}

/// Calls a `&self` handler on whatever holds the controller.
pub fn start_shared<C: Send + SharedController + 'static>(
    instance: Instance,
    id: u16,
    cx: Box<CallContext>,
    boxed: fn(Box<C>, u16, Box<CallContext>) -> CallState,
    shared: fn(Arc<C>, u16, Box<CallContext>) -> CallState,
) -> CallState {
    let wrong = match instance {
        Instance::Exclusive(any) => match any.downcast() {
            Ok(this) => return boxed(this, id, cx),
            Err(any) => Instance::Exclusive(any),
        },
        Instance::Shared(any) => match any.downcast() {
            Ok(this) => return shared(this, id, cx),
            Err(any) => Instance::Shared(any),
        },
    };
    WrongInstance(wrong).into_step(cx)
}

/// Calls handlers that are over when they return, some of them with `&mut self`.
pub fn call_exclusive<C: Send + 'static>(
    instance: &mut Instance,
    cx: &mut CallContext,
    body: impl FnOnce(&mut C, &CallContext) -> Result<Outcome, EventError>,
) {
    let this = match instance {
        Instance::Exclusive(any) => any.downcast_mut(),
        Instance::Shared(_) => None,
    };
    cx.run(this, body);
}

/// Calls handlers that are over when they return, all of them with `&self`, on whatever holds the
/// controller.
pub fn call_shared<C: Send + SharedController + 'static>(
    instance: &mut Instance,
    cx: &mut CallContext,
    body: impl FnOnce(&C, &CallContext) -> Result<Outcome, EventError>,
) {
    let this = match instance {
        Instance::Exclusive(any) => any.downcast_ref(),
        Instance::Shared(any) => any.downcast_ref(),
    };
    cx.run(this, body);
}

/// For a block without handlers that are over when they return.
pub fn call_none(_: &mut Instance, _: u16, cx: &mut CallContext) {
    let error = wrong_instance(cx);
    cx.put_outcome(Outcome::Failed(error));
}

/// For a block without handlers that may suspend.
pub fn start_none(instance: Instance, _: u16, cx: Box<CallContext>) -> CallState {
    CallState::unknown(instance, cx)
}

/// An instance that is not of the controller's type, or not held as the handler needs: a fault of
/// the wiring, answered as such.
pub struct WrongInstance(Instance);

impl WrongInstance {
    /// Ends the call with an internal error.
    pub fn into_step(self, cx: Box<CallContext>) -> CallState {
        let error = wrong_instance(&cx);
        CallState::Done(CompletedCall::with(self.0, cx, Outcome::Failed(error)))
    }
}

/// What a call ends with that the wiring rules out: on a controller of another kind, or of a
/// handler that its block does not know.
#[cold]
pub fn wrong_instance(cx: &CallContext) -> EventError {
    EventError::internal(std::io::Error::other(format!(
        "`{}` was called on another controller, or is unknown to it",
        cx.handler
    )))
}

impl CallState {
    /// A handler id that its block does not know: a fault of the wiring, answered as such.
    pub fn unknown(instance: Instance, cx: Box<CallContext>) -> Self {
        WrongInstance(instance).into_step(cx)
    }
}

/// Makes a controller shareable; the handlers' block that takes `&self` only vouches for `Sync`.
pub fn share<C: Send + SharedController + 'static>(instance: Instance) -> Instance {
    match instance {
        Instance::Exclusive(any) => match any.downcast::<C>() {
            Ok(this) => Instance::Shared(Arc::<C>::from(this)),
            Err(any) => Instance::Exclusive(any),
        },
        shared @ Instance::Shared(_) => shared,
    }
}
