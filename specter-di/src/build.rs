//! Runs one build function, synchronous or not, and turns its errors and panics into failures.
//! Must not know which row of slots the value is for.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::dependency::Resolved;
use crate::error::{BuildCause, BuildFailure, panic_cause};
use crate::graph::{Binding, Source};
use crate::provider::{BoxFuture, SyncBuild};
use crate::slot::Slot;

/// Runs a build function that needs no waiting.
pub(crate) fn build_now(build: &SyncBuild, mut resolved: Resolved<'_>) -> Result<Slot, BuildCause> {
    caught(|| build(&mut resolved))
}

/// Runs a binding's build function. `Resolved` is done with before the first wait.
pub(crate) async fn build(
    binding: &Binding,
    mut resolved: Resolved<'_>,
) -> Result<Slot, BuildFailure> {
    let built = match &binding.source {
        Source::Sync(build) => build_now(build, resolved),
        Source::Async(build) => match caught(|| build(&mut resolved)) {
            Ok(building) => settled(building).await,
            Err(cause) => Err(cause),
        },
        Source::Given => Err(BuildCause::SeedMissing),
    };
    built.map_err(|cause| binding.failure(cause))
}

/// Calls something that is the user's. What it leaves half done after a panic is dropped by the caller, unused.
pub(crate) fn caught<T>(call: impl FnOnce() -> T) -> Result<T, BuildCause> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| panic_cause(&*payload))
}

async fn settled<T, E>(mut future: BoxFuture<Result<T, E>>) -> Result<T, BuildCause>
where
    E: Into<BuildCause>,
{
    let polled = poll_fn(|cx| match caught(|| future.as_mut().poll(cx)) {
        Ok(poll) => poll.map(Ok),
        Err(cause) => std::task::Poll::Ready(Err(cause)),
    });
    polled.await?.map_err(Into::into)
}

impl Binding {
    /// The failure of this binding's build function.
    pub(crate) fn failure(&self, cause: BuildCause) -> BuildFailure {
        BuildFailure::new(self.name.clone(), self.location, cause)
    }
}
