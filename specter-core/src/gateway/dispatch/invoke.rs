//! The functions by which the macros' expansions call handlers on the instance of a controller.

use std::sync::Arc;

use super::call_context::{CallContext, CallState, CompletedCall, Outcome, catch_sync};
use super::instance::{Instance, SharedController};
use crate::gateway::declare::controller::Requirements;
use crate::gateway::error::EventError;

/// The functions of a block whose handlers take `&self`. `H` is the pointer to the controller: a
/// `Box`, or an `Arc` if the instance is shared.
pub struct CallFunctions<H> {
    /// Declares what the parameters of a handler inject.
    pub requirements: fn(u16, &mut Requirements),
    /// Calls a handler that does not suspend.
    pub call: fn(&mut Instance, u16, &mut CallContext),
    /// Starts a handler that may suspend.
    pub start: fn(H, u16, Box<CallContext>) -> CallState,
}

/// Takes the controller out of an exclusive instance, for a handler with `&mut self`.
///
/// # Errors
/// The instance is shared or is another controller. The checks at start rule this out.
pub fn exclusive<C: Send + 'static>(instance: Instance) -> Result<Box<C>, WrongInstance> {
    match instance {
        Instance::Exclusive(any) => any
            .downcast()
            .map_err(|any| WrongInstance(Instance::Exclusive(any))),
        shared @ Instance::Shared(_) => Err(WrongInstance(shared)),
    }
}

/// Starts a `&self` handler that may suspend, on an exclusive or a shared instance.
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
    WrongInstance(wrong).into_call_state(cx)
}

/// Calls a handler that does not suspend, in a block with a `&mut self` handler.
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

/// Calls a `&self` handler that does not suspend, on an exclusive or a shared instance.
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

/// The `call` function of a block in which all handlers may suspend. It is never called for a valid
/// handler id.
pub fn call_none(_: &mut Instance, _: u16, cx: &mut CallContext) {
    let error = wrong_instance(cx);
    cx.set_outcome(Outcome::Failed(error));
}

/// The `start` function of a block in which no handler may suspend. It is never called for a valid
/// handler id.
pub fn start_none(instance: Instance, _: u16, cx: Box<CallContext>) -> CallState {
    CallState::unknown(instance, cx)
}

impl CallContext {
    /// Runs a handler that does not suspend, and sets its outcome. `this` is `None` if the instance
    /// is another controller, which the checks at start rule out.
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
        self.set_outcome(outcome);
    }
}

/// An instance of another controller, or of a kind that the handler cannot use. This is a bug of
/// the framework; the event fails with an internal error.
pub struct WrongInstance(Instance);

impl WrongInstance {
    /// Ends the call with an internal error.
    pub fn into_call_state(self, cx: Box<CallContext>) -> CallState {
        let error = wrong_instance(&cx);
        CallState::Done(CompletedCall::with_outcome(
            self.0,
            cx,
            Outcome::Failed(error),
        ))
    }
}

/// The error of a call on an instance that the handler cannot use, or of a handler id that the
/// block does not have. This is a bug of the framework.
#[cold]
pub fn wrong_instance(cx: &CallContext) -> EventError {
    EventError::internal(std::io::Error::other(format!(
        "the handler `{}` was called on another controller or with an unknown id; this is a bug of \
         the framework",
        cx.handler
    )))
}

impl CallState {
    /// Ends a call whose handler id the block does not have. This is a bug of the framework.
    pub fn unknown(instance: Instance, cx: Box<CallContext>) -> Self {
        WrongInstance(instance).into_call_state(cx)
    }
}

/// Converts an exclusive instance to a shared one. It is used for blocks whose handlers all take
/// `&self`; their controllers must be `Sync`.
pub fn share<C: Send + SharedController + 'static>(instance: Instance) -> Instance {
    match instance {
        Instance::Exclusive(any) => match any.downcast::<C>() {
            Ok(this) => Instance::Shared(Arc::<C>::from(this)),
            Err(any) => Instance::Exclusive(any),
        },
        shared @ Instance::Shared(_) => shared,
    }
}
