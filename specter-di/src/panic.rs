//! Calls user code and catches its panics.

use std::any::Any;
use std::panic::AssertUnwindSafe;

/// The message of a caught panic.
pub(crate) struct Panicked(pub(crate) String);

/// Calls `call` and catches a panic. After a panic, the caller must only drop what `call` had
/// changed, because it may be in an inconsistent state.
pub(crate) fn catch_unwind<T>(call: impl FnOnce() -> T) -> Result<T, Panicked> {
    std::panic::catch_unwind(AssertUnwindSafe(call)).map_err(|payload| Panicked(message(&*payload)))
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&'static str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}
