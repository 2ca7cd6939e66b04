//! Hooks of providers: how one is run, limited in time, and reported. Must not know a clock: a time
//! limit is a future that the embedder passes.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use crate::build::BuildFuture;
use crate::error::{BuildError, HookCause, HookFailure, HookKind};
use crate::panic::catch_unwind;
use crate::slot::Slots;
use crate::{Key, Location};

/// A hook of a provider, with its value's type erased.
pub(crate) type Hook =
    Box<dyn Fn(&Slots, u16) -> BuildFuture<Result<(), BuildError>> + Send + Sync>;

/// The hooks of a provider.
#[derive(Default)]
pub(crate) struct Hooks {
    pub(crate) init: Option<Hook>,
    pub(crate) shutdown: Option<Hook>,
}

/// A built value with the hooks of its provider.
pub(crate) struct HookedValue<'a> {
    /// The name of the provider.
    pub(crate) provider: &'a str,
    /// Where the provider was declared.
    pub(crate) location: Location,
    pub(crate) hooks: &'a Hooks,
    /// The slot that holds the value.
    pub(crate) slot: u16,
}

impl HookedValue<'_> {
    /// Runs one of the hooks, if the provider has it, until it ends or `limit` is ready.
    pub(crate) async fn run<L: Future<Output = ()>>(
        &self,
        kind: HookKind,
        slots: &Slots,
        limit: L,
    ) -> Result<(), HookFailure> {
        let outcome = run(self.hooks, kind, (slots, self.slot), limit).await;
        outcome
            .map_err(|cause| HookFailure::new(self.provider.to_owned(), self.location, kind, cause))
    }
}

/// Erases the type of a hook's value.
pub(crate) fn erase_type<V, F>(hook: fn(V) -> F) -> Hook
where
    V: Clone + Send + Sync + 'static,
    F: Future<Output = Result<(), BuildError>> + Send + 'static,
{
    Box::new(move |slots, slot| {
        if let Some(value) = slots.get::<V>(slot) {
            return Box::pin(hook(value));
        }
        let missing = format!("there is no `{}`", Key::of::<V>());
        Box::pin(std::future::ready(Err(missing.into())))
    })
}

/// Runs one hook of the value in a slot, if `hooks` has it, until it ends or `limit` is ready.
async fn run<L: Future<Output = ()>>(
    hooks: &Hooks,
    kind: HookKind,
    (slots, slot): (&Slots, u16),
    limit: L,
) -> Result<(), HookCause> {
    let hook = match kind {
        HookKind::Init => &hooks.init,
        HookKind::Shutdown => &hooks.shutdown,
    };
    let Some(hook) = hook else { return Ok(()) };
    match catch_unwind(|| hook(slots, slot)) {
        Ok(running) => run_within(running, limit).await,
        Err(panicked) => Err(panicked.into()),
    }
}

/// Runs the shutdown hooks of a row's values, from the last of `values` to the first. Each gets a
/// limit of its own. A failure does not stop the remaining hooks.
pub(crate) async fn shut_down<'a, S, L>(
    values: impl DoubleEndedIterator<Item = HookedValue<'a>>,
    slots: &Slots,
    limit: &S,
) -> Vec<HookFailure>
where
    S: Fn() -> L,
    L: Future<Output = ()>,
{
    let mut failures = Vec::new();
    for value in values.rev() {
        // `limit` is called only for values that have the hook.
        if value.hooks.shutdown.is_some() {
            let run = value.run(HookKind::Shutdown, slots, limit());
            failures.extend(run.await.err());
        }
    }
    failures
}

/// Polls a hook's future, catching its panics, until it or `limit` is ready.
async fn run_within<L: Future<Output = ()>>(
    mut running: BuildFuture<Result<(), BuildError>>,
    limit: L,
) -> Result<(), HookCause> {
    let mut limit = pin!(limit);
    poll_fn(|cx| match catch_unwind(|| running.as_mut().poll(cx)) {
        Ok(Poll::Ready(outcome)) => {
            Poll::Ready(outcome.map_err(|error| HookCause::Failed(error.into_inner())))
        }
        Ok(Poll::Pending) => limit.as_mut().poll(cx).map(|()| Err(HookCause::TimedOut)),
        Err(panicked) => Poll::Ready(Err(panicked.into())),
    })
    .await
}
