//! The functions by which the macros' expansions call handlers on a controller's instance.

use std::sync::Arc;

use super::call_context::{CallContext, CallState, CompletedCall, Outcome};
use super::instance::{Instance, SharedController};
use crate::gateway::error::EventError;

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
