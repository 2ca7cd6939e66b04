//! The functions by which the macros' expansions call handlers on a controller's instance.

use std::sync::Arc;

use super::call_context::{CallContext, CallState, CompletedCall, Outcome, catch_sync};
use super::instance::{Instance, SharedController};
use crate::gateway::declare::controller::Requirements;
use crate::gateway::error::EventError;

/// The functions of a block whose handlers take `&self`. `H` holds the controller: a `Box`, or an
/// `Arc` if handlers run concurrently.
pub struct CallFunctions<H> {
    /// Declares what the parameters of a handler inject.
    pub requirements: fn(u16, &mut Requirements),
    /// Calls a handler that does not suspend.
    pub call: fn(&mut Instance, u16, &mut CallContext),
    /// Starts a handler that may suspend.
    pub start: fn(H, u16, Box<CallContext>) -> CallState,
}

/// Takes the controller for a handler with `&mut self`. `Err` for an instance of another kind,
/// which the wiring rules out.
pub fn exclusive<C: Send + 'static>(instance: Instance) -> Result<Box<C>, WrongInstance> {
    match instance {
        Instance::Exclusive(any) => any
            .downcast()
            .map_err(|any| WrongInstance(Instance::Exclusive(any))),
        shared @ Instance::Shared(_) => Err(WrongInstance(shared)),
    }
}

/// Calls a `&self` handler that may suspend, on an exclusive or a shared instance.
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

/// Calls handlers that do not suspend, some of which take `&mut self`.
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

/// Calls handlers that do not suspend and take `&self`, on an exclusive or a shared instance.
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

/// The `call` of a block in which all handlers may suspend.
pub fn call_none(_: &mut Instance, _: u16, cx: &mut CallContext) {
    let error = wrong_instance(cx);
    cx.put_outcome(Outcome::Failed(error));
}

/// The `start` of a block in which no handler suspends.
pub fn start_none(instance: Instance, _: u16, cx: Box<CallContext>) -> CallState {
    CallState::unknown(instance, cx)
}

impl CallContext {
    /// Runs a handler that does not suspend. `this` is `None` for a controller of another type,
    /// which the wiring rules out.
    #[inline]
    pub(in crate::gateway) fn run<T>(
        &mut self,
        this: Option<T>,
        body: impl FnOnce(T, &Self) -> Result<Outcome, EventError>,
    ) {
        let outcome = match this {
            Some(this) => {
                let result = catch_sync(|| body(this, self));
                self.finish(result)
            }
            None => Outcome::Failed(wrong_instance(self)),
        };
        self.put_outcome(outcome);
    }
}

/// An instance of another controller, or of a kind that the handler cannot use: a fault of the
/// wiring, which is answered with an internal error.
pub struct WrongInstance(Instance);

impl WrongInstance {
    /// Ends the call with an internal error.
    pub fn into_step(self, cx: Box<CallContext>) -> CallState {
        let error = wrong_instance(&cx);
        CallState::Done(CompletedCall::with(self.0, cx, Outcome::Failed(error)))
    }
}

/// The error of a call that the wiring rules out: on an instance of another kind, or of a handler
/// that its block does not know.
#[cold]
pub fn wrong_instance(cx: &CallContext) -> EventError {
    EventError::internal(std::io::Error::other(format!(
        "`{}` was called on another controller, or is unknown to it",
        cx.handler
    )))
}

impl CallState {
    /// The end of a call with a handler id that its block does not know: a fault of the wiring.
    pub fn unknown(instance: Instance, cx: Box<CallContext>) -> Self {
        WrongInstance(instance).into_step(cx)
    }
}

/// Makes an instance shared. A block whose handlers all take `&self` requires `Sync`.
pub fn share<C: Send + SharedController + 'static>(instance: Instance) -> Instance {
    match instance {
        Instance::Exclusive(any) => match any.downcast::<C>() {
            Ok(this) => Instance::Shared(Arc::<C>::from(this)),
            Err(any) => Instance::Exclusive(any),
        },
        shared @ Instance::Shared(_) => shared,
    }
}
