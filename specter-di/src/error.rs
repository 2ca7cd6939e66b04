//! Errors of build functions and hooks. The faults of a graph are in `fault`.

use std::error::Error;
use std::fmt;

use crate::Location;
use crate::panic::Panicked;

/// The error of a factory or hook. Every error type converts into it, as do `anyhow::Error` and
/// strings.
pub struct BuildError(Box<dyn Error + Send + Sync>);

impl BuildError {
    /// The error that was converted.
    pub fn into_inner(self) -> Box<dyn Error + Send + Sync> {
        self.0
    }
}

// `BuildError` does not implement `Error`, because the conversion below would then conflict with
// `impl<T> From<T> for T`.
impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for BuildError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// The error types that a factory can return: errors that are `Send + Sync`, and strings.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a factory",
    label = "not an error that can be sent to another thread",
    note = "implement `std::error::Error` for it, which `thiserror` derives; or return a `String`",
    note = "a boxed error is `Box<dyn std::error::Error + Send + Sync>`"
)]
#[doc(hidden)]
pub trait FactoryError {
    /// Converts the error.
    fn failed(self) -> BuildError;
}

#[diagnostic::do_not_recommend]
impl<E: Into<Box<dyn Error + Send + Sync>>> FactoryError for E {
    fn failed(self) -> BuildError {
        BuildError(self.into())
    }
}

/// Converts a factory's error. The expansion of `#[injectable]` calls it.
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
    /// The build function panicked. This is the message of the panic.
    #[error("panicked: {0}")]
    Panicked(String),
    /// The scope was opened without this seed, which one of its roots or providers needs.
    #[error("the scope was opened without this seed")]
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

/// A provider or root whose value could not be built.
#[derive(thiserror::Error, Debug)]
#[error("{0}")]
pub struct BuildFailure(Box<FailureDetails>);

/// The fields of a [`BuildFailure`], which are boxed so that results without failure stay small.
#[derive(thiserror::Error, Debug)]
#[error("`{provider}` ({location}) could not be built: {cause}")]
struct FailureDetails {
    provider: String,
    location: Location,
    cause: BuildCause,
}

impl BuildFailure {
    pub(crate) fn new(provider: String, location: Location, cause: BuildCause) -> Self {
        Self(Box::new(FailureDetails {
            provider,
            location,
            cause,
        }))
    }

    /// The name of the provider or root.
    pub fn provider(&self) -> &str {
        &self.0.provider
    }

    /// Where the provider or root was declared.
    pub fn location(&self) -> Location {
        self.0.location
    }

    /// Why the value could not be built.
    pub fn cause(&self) -> &BuildCause {
        &self.0.cause
    }

    /// The stable code of the failure's kind, for example in logs.
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
    /// `on_init`: after all singletons are built, dependencies first.
    Init,
    /// `on_shutdown`: before the value is dropped, in reverse order of construction.
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

/// Why a hook failed.
#[derive(thiserror::Error, Debug)]
#[non_exhaustive]
pub enum HookCause {
    /// The hook returned an error.
    #[error("failed: {0}")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
    /// The hook panicked. This is the message of the panic.
    #[error("panicked: {0}")]
    Panicked(String),
    /// The hook had not ended at its time limit, and was dropped.
    #[error("did not end within its time limit")]
    TimedOut,
}

/// A hook that failed: it returned an error, panicked, or exceeded its time limit.
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

    /// Which hook of the provider failed.
    pub fn kind(&self) -> HookKind {
        self.kind
    }

    /// Why the hook failed.
    pub fn cause(&self) -> &HookCause {
        &self.cause
    }

    /// The stable code of the failure's kind, for example in logs.
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
    /// A singleton's `on_init` hook failed. The singletons before it were shut down.
    #[error("{0}")]
    Init(#[source] HookFailure),
}

impl StartError {
    /// The stable code of the failure's kind, for example in logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Provider(failure) => failure.code(),
            Self::Init(failure) => failure.code(),
        }
    }
}
