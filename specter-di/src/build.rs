//! Runs one build function, synchronous or not, and turns its errors and panics into failures.
//! Must not know which row of slots the value is for.

use std::future::poll_fn;
use std::task::Poll;

use crate::dependency::Resolved;
use crate::error::{BuildCause, BuildError, BuildFailure};
use crate::graph::{Binding, Source};
use crate::panic::catch_unwind;
use crate::provider::{BuildFuture, SyncBuild};
use crate::slot::Slot;

/// Runs a build function that needs no waiting.
pub(crate) fn build_now(build: &SyncBuild, mut resolved: Resolved<'_>) -> Result<Slot, BuildCause> {
    Ok(catch_unwind(|| build.call(&mut resolved))??)
}

/// Runs a binding's build function. `Resolved` is done with before the first wait.
pub(crate) async fn build(
    binding: &Binding,
    mut resolved: Resolved<'_>,
) -> Result<Slot, BuildFailure> {
    let built = match &binding.source {
        Source::Sync(build) => build_now(build, resolved),
        Source::Async(build) => match catch_unwind(|| build(&mut resolved)) {
            Ok(building) => settled(building).await,
            Err(panicked) => Err(panicked.into()),
        },
        Source::ExternalValue => Err(BuildCause::SeedMissing),
    };
    built.map_err(|cause| binding.failure(cause))
}

async fn settled(mut building: BuildFuture<Result<Slot, BuildError>>) -> Result<Slot, BuildCause> {
    poll_fn(|cx| match catch_unwind(|| building.as_mut().poll(cx)) {
        Ok(poll) => poll.map(|built| built.map_err(BuildCause::from)),
        Err(panicked) => Poll::Ready(Err(panicked.into())),
    })
    .await
}

impl Binding {
    /// The failure of this binding's build function.
    pub(crate) fn failure(&self, cause: BuildCause) -> BuildFailure {
        BuildFailure::new(self.name.clone(), self.location, cause)
    }
}
