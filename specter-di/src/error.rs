//! Errors of build functions and hooks. The faults of a graph are in `fault`.

use std::error::Error;
use std::fmt;

use crate::Location;
use crate::panic::Panicked;

/// Why a factory gave no value: any error, also `anyhow`'s or a text.
pub struct BuildError(Box<dyn Error + Send + Sync>);

impl BuildError {
    /// The error behind it.
    pub fn into_inner(self) -> Box<dyn Error + Send + Sync> {
        self.0
    }
}

// Not an `Error` itself: that would collide with the conversion below.
impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for BuildError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// What a factory may fail with: any error that may go to another thread, or a text.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a factory",
    label = "not an error that may go to another thread",
    note = "implement `std::error::Error` for it, which `thiserror` derives; or return a `String`",
    note = "a boxed error is `Box<dyn std::error::Error + Send + Sync>`"
)]
#[doc(hidden)]
pub trait FactoryError {
    /// Why the factory gave no value.
    fn failed(self) -> BuildError;
}

#[diagnostic::do_not_recommend]
impl<E: Into<Box<dyn Error + Send + Sync>>> FactoryError for E {
    fn failed(self) -> BuildError {
        BuildError(self.into())
    }
}

/// What the macros make of a factory's error.
#[doc(hidden)]
pub fn factory_failed<E: FactoryError>(error: E) -> BuildError {
    error.failed()
}

impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Why a value could not be built.
#[derive(thiserror::Error, Debug)]
#[non_exhaustive]
pub enum BuildCause {
    /// The factory returned an error.
    #[error("{0}")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
    /// The build function panicked, with this message.
    #[error("panicked: {0}")]
    Panicked(String),
    /// The scope was opened without this seed.
    #[error("the scope was opened without its seed")]
    SeedMissing,
}

impl From<BuildError> for BuildCause {
    fn from(error: BuildError) -> Self {
        Self::Failed(error.into_inner())
    }
}

impl From<Panicked> for BuildCause {
    fn from(panicked: Panicked) -> Self {
        Self::Panicked(panicked.0)
    }
}

/// A provider or root that could not be built.
#[derive(thiserror::Error, Debug)]
#[error("{0}")]
pub struct BuildFailure(Box<Unbuilt>);

/// Boxed: what goes well pays for the size of what does not.
#[derive(thiserror::Error, Debug)]
#[error("`{provider}` ({location}) could not be built: {cause}")]
struct Unbuilt {
    provider: String,
    location: Location,
    cause: BuildCause,
}

impl BuildFailure {
    pub(crate) fn new(provider: String, location: Location, cause: BuildCause) -> Self {
        Self(Box::new(Unbuilt {
            provider,
            location,
            cause,
        }))
    }

    /// The name of the provider or root.
    pub fn provider(&self) -> &str {
        &self.0.provider
    }

    /// Where it was declared.
    pub fn location(&self) -> Location {
        self.0.location
    }

    /// Why.
    pub fn cause(&self) -> &BuildCause {
        &self.0.cause
    }

    /// A stable name of the kind of failure.
    pub fn code(&self) -> &'static str {
        match self.0.cause {
            BuildCause::Failed(_) => "provider_failed",
            BuildCause::Panicked(_) => "provider_panicked",
            BuildCause::SeedMissing => "seed_missing",
        }
    }
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
    pub(crate) fn new(
        provider: String,
        location: Location,
        kind: HookKind,
        cause: HookCause,
    ) -> Self {
        Self {
            provider,
            location,
            kind,
            cause,
        }
    }

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

impl From<Panicked> for HookCause {
    fn from(panicked: Panicked) -> Self {
        Self::Panicked(panicked.0)
    }
}

/// Why a container did not start.
#[derive(thiserror::Error, Debug)]
#[non_exhaustive]
pub enum StartError {
    /// A singleton could not be built.
    #[error("{0}")]
    Provider(#[source] BuildFailure),
    /// A singleton's `on_init` did not end well. The providers before it were shut down.
    #[error("{0}")]
    Init(#[source] HookFailure),
}

impl StartError {
    /// A stable name of the kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Provider(failure) => failure.code(),
            Self::Init(failure) => failure.code(),
        }
    }
}
