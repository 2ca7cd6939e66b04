//! Hooks: what a provider wants to do once everything is built, and before its value goes. Owns how
//! a hook is run, limited in time and reported. Must not know a clock: limits are futures of the
//! embedder.

use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use crate::error::BuildError;
use crate::graph::Binding;
use crate::panic::{Panicked, catch_unwind};
use crate::provider::BuildFuture;
use crate::slot::Slots;
use crate::{Key, Location};

/// A hook of a provider, its value's type erased.
pub(crate) type Hook =
    Box<dyn Fn(&Slots, u16) -> BuildFuture<Result<(), BuildError>> + Send + Sync>;

/// The hooks of a provider.
#[derive(Default)]
pub(crate) struct Hooks {
    pub(crate) init: Option<Hook>,
    pub(crate) shutdown: Option<Hook>,
}

/// When a hook is called.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HookKind {
    /// When all singletons are built, dependencies first.
    Init,
    /// Before the value goes, in reverse order.
    Shutdown,
}

impl fmt::Display for HookKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Init => "on_init",
            Self::Shutdown => "on_shutdown",
        })
    }
}

/// Why a hook did not end well.
#[derive(thiserror::Error, Debug)]
#[non_exhaustive]
pub enum HookCause {
    /// It returned an error.
    #[error("failed: {0}")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
    /// It panicked, with this message.
    #[error("panicked: {0}")]
    Panicked(String),
    /// It was dropped at its time limit.
    #[error("did not end in time")]
    TimedOut,
}

/// A hook that did not end well.
#[derive(thiserror::Error, Debug)]
#[error("`{kind}` of `{provider}` ({location}) {cause}")]
pub struct HookFailure {
    provider: String,
    location: Location,
    kind: HookKind,
    cause: HookCause,
}

impl HookFailure {
    /// The name of the provider.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// Where the provider was declared.
    pub fn location(&self) -> Location {
        self.location
    }

    /// Which of its hooks it was.
    pub fn kind(&self) -> HookKind {
        self.kind
    }

    /// Why.
    pub fn cause(&self) -> &HookCause {
        &self.cause
    }

    /// A stable name of the kind of failure.
    pub fn code(&self) -> &'static str {
        match self.cause {
            HookCause::Failed(_) => "hook_failed",
            HookCause::Panicked(_) => "hook_panicked",
            HookCause::TimedOut => "hook_timed_out",
        }
    }
}

/// Erases the type of a hook's value.
pub(crate) fn erased<V, F>(hook: fn(V) -> F) -> Hook
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

/// Runs one hook of the value in a slot, if the binding has it, until `limit` is ready.
pub(crate) async fn run<L: Future<Output = ()>>(
    binding: &Binding,
    kind: HookKind,
    (slots, slot): (&Slots, u16),
    limit: L,
) -> Result<(), HookFailure> {
    let hook = match kind {
        HookKind::Init => &binding.hooks.init,
        HookKind::Shutdown => &binding.hooks.shutdown,
    };
    let Some(hook) = hook else { return Ok(()) };
    let outcome = match catch_unwind(|| hook(slots, slot)) {
        Ok(running) => limited(running, limit).await,
        Err(panicked) => Err(panicked.into()),
    };
    outcome.map_err(|cause| HookFailure {
        provider: binding.name.clone(),
        location: binding.location,
        kind,
        cause,
    })
}

/// Runs the shutdown hooks of a row, from the last of `steps` to the first. A failure stops no
/// other hook.
pub(crate) async fn shut_down<'a, S, L>(
    steps: impl DoubleEndedIterator<Item = (&'a Binding, u16)>,
    slots: &Slots,
    limit: &S,
) -> Vec<HookFailure>
where
    S: Fn() -> L,
    L: Future<Output = ()>,
{
    let mut failures = Vec::new();
    for (binding, slot) in steps.rev() {
        if binding.hooks.shutdown.is_some() {
            let run = run(binding, HookKind::Shutdown, (slots, slot), limit());
            failures.extend(run.await.err());
        }
    }
    failures
}

async fn limited<L: Future<Output = ()>>(
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

impl From<Panicked> for HookCause {
    fn from(panicked: Panicked) -> Self {
        Self::Panicked(panicked.0)
    }
}
