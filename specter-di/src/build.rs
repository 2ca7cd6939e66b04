//! Build functions with their types erased, and how one is run. Errors and panics become a
//! [`BuildCause`]. Must not know for which row of slots a value is built.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use crate::dependency::Resolved;
use crate::error::{BuildCause, BuildError};
use crate::panic::catch_unwind;
use crate::slot::{Shared, Slot};

/// The future of a build function or hook.
pub(crate) type BuildFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A build function whose value has to be awaited.
pub(crate) type AsyncBuild =
    Box<dyn Fn(&mut Resolved<'_>) -> BuildFuture<Result<Slot, BuildError>> + Send + Sync>;

/// Where a value comes from.
pub(crate) enum Source {
    /// The embedder passes the value: when the graph is made, or as a seed when a scope is opened.
    ExternalValue,
    Sync(SyncBuild),
    Async(AsyncBuild),
}

/// A synchronous build function. The functions of the first two variants return a pointer, which
/// fits into registers. A `Slot` would not.
pub(crate) enum SyncBuild {
    Shared(BuildFn<Arc<dyn Shared>>),
    Boxed(BuildFn<Box<dyn Any + Send + Sync>>),
    Fallible(BuildFn<Result<Slot, BuildError>>),
}

type BuildFn<T> = Box<dyn Fn(&mut Resolved<'_>) -> T + Send + Sync>;

impl SyncBuild {
    /// A build function that cannot fail.
    pub(crate) fn boxed<V: Send + Sync + 'static>(
        build: impl Fn(&mut Resolved<'_>) -> V + Send + Sync + 'static,
    ) -> Self {
        Self::Boxed(Box::new(move |resolved| Box::new(build(resolved))))
    }

    /// A build function that returns clones of a value.
    pub(crate) fn cloning<V: Clone + Send + Sync + 'static>(value: V) -> Self {
        Self::boxed(move |_| value.clone())
    }

    /// Calls the build function, without catching its panics.
    #[inline]
    pub(crate) fn call(&self, resolved: &mut Resolved<'_>) -> Result<Slot, BuildError> {
        match self {
            Self::Shared(build) => Ok(Slot::Shared(build(resolved))),
            Self::Boxed(build) => Ok(Slot::Boxed(build(resolved))),
            Self::Fallible(build) => build(resolved),
        }
    }
}

impl Source {
    /// Runs the build function. It takes its dependencies before it first waits.
    pub(crate) async fn build(&self, mut resolved: Resolved<'_>) -> Result<Slot, BuildCause> {
        match self {
            Self::Sync(build) => Ok(catch_unwind(|| build.call(&mut resolved))??),
            Self::Async(build) => match catch_unwind(|| build(&mut resolved)) {
                Ok(building) => poll_guarded(building).await,
                Err(panicked) => Err(panicked.into()),
            },
            Self::ExternalValue => Err(BuildCause::SeedMissing),
        }
    }
}

/// Polls a build function's future and catches its panics.
async fn poll_guarded(
    mut building: BuildFuture<Result<Slot, BuildError>>,
) -> Result<Slot, BuildCause> {
    poll_fn(|cx| match catch_unwind(|| building.as_mut().poll(cx)) {
        Ok(poll) => poll.map(|built| built.map_err(BuildCause::from)),
        Err(panicked) => Poll::Ready(Err(panicked.into())),
    })
    .await
}
