//! Functions and traits that only the expansions of provider macros use.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use crate::{BuildError, Dependency, Lazy, Provide};

/// The outcome of a hook: `()` or `Result<(), E>`.
pub trait HookOutcome {
    /// The outcome as a result.
    fn outcome(self) -> Result<(), BuildError>;
}

impl HookOutcome for () {
    fn outcome(self) -> Result<(), BuildError> {
        Ok(())
    }
}

impl<E: Into<BuildError>> HookOutcome for Result<(), E> {
    fn outcome(self) -> Result<(), BuildError> {
        self.map_err(Into::into)
    }
}

/// A type that a hook can return: an outcome, or a future of an outcome. `Kind` is [`Plain`] or
/// [`Awaited`], and is inferred.
#[diagnostic::on_unimplemented(
    message = "a hook cannot return `{Self}`",
    label = "not what a hook returns",
    note = "write `async fn close(&self)`, `async fn close(&self) -> Result<(), E>`, or one of \
        them without `async`"
)]
pub trait HookReturn<Kind> {
    /// Waits until the hook has ended.
    fn end(self) -> impl Future<Output = Result<(), BuildError>> + Send;
}

/// The kind of synchronous hooks.
#[derive(Debug)]
pub enum Plain {}

/// The kind of hooks that return a future.
#[derive(Debug)]
pub enum Awaited {}

impl<R: HookOutcome> HookReturn<Plain> for R {
    fn end(self) -> impl Future<Output = Result<(), BuildError>> + Send {
        std::future::ready(self.outcome())
    }
}

impl<F: Future<Output: HookOutcome> + Send> HookReturn<Awaited> for F {
    async fn end(self) -> Result<(), BuildError> {
        self.await.outcome()
    }
}

/// Waits until a hook that was called has ended. The future is boxed because a type that names `R`
/// would cause a second compile error if `R` is not what a hook returns.
pub fn hook_end<'a, Kind: 'a, R: HookReturn<Kind> + 'a>(
    returned: R,
) -> Pin<Box<dyn Future<Output = Result<(), BuildError>> + Send + 'a>> {
    Box::pin(returned.end())
}

/// Determines at compile time whether values of a dependency's type exist only within a scope.
///
/// The inherent constants apply to the types for which this is known. For all others the constants
/// of [`NotScoped`] apply, which has to be imported.
#[derive(Debug)]
pub struct ScopedDependency<V>(PhantomData<V>);

impl<V: Dependency> ScopedDependency<V> {
    /// Whether the type is a seed.
    pub const IS_SEED: bool = V::SCOPED;
}

impl<P: Provide> ScopedDependency<Arc<P>> {
    /// Whether the type is a struct provider with the scope `Scoped`.
    pub const IS_PROVIDED: bool = P::SCOPED;
}

impl<P: Provide> ScopedDependency<Option<Arc<P>>> {
    /// Whether the type is a struct provider with the scope `Scoped`.
    pub const IS_PROVIDED: bool = P::SCOPED;
}

impl<P: Provide> ScopedDependency<Vec<Arc<P>>> {
    /// Whether the type is a struct provider with the scope `Scoped`.
    pub const IS_PROVIDED: bool = P::SCOPED;
}

impl<P: Provide> ScopedDependency<Lazy<P>> {
    /// Whether the type is a struct provider with the scope `Scoped`.
    pub const IS_PROVIDED: bool = P::SCOPED;
}

/// The constants of [`ScopedDependency`] for types about which nothing is known.
pub trait NotScoped {
    /// The type is not known to be a seed.
    const IS_SEED: bool = false;
    /// The type is not known to be a scoped provider.
    const IS_PROVIDED: bool = false;
}

impl<V> NotScoped for ScopedDependency<V> {}

/// Fails to compile if the type of a singleton's dependency is known to exist only within a scope.
#[doc(hidden)]
#[macro_export]
macro_rules! __not_scoped {
    ($name:literal, $label:literal, $dependency:ty) => {
        const _: () = {
            #[allow(unused_imports)]
            use $crate::expansion::NotScoped as _;
            type Checked = $crate::expansion::ScopedDependency<$dependency>;
            ::core::assert!(
                !(Checked::IS_SEED || Checked::IS_PROVIDED),
                ::core::concat!(
                    "the singleton `",
                    $name,
                    "` cannot hold `",
                    $label,
                    "`, which lives in a socket's scope: make `",
                    $name,
                    "` socket-scoped (`scope = socket`), or pass `",
                    $label,
                    "` to its methods"
                )
            );
        };
    };
}
