//! What the expansions of provider macros call, beside the public interface.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use crate::{BuildError, Dependency, Lazy, Provide};

/// How a hook may end: `()`, or a `Result<(), E>`.
pub trait HookOutcome {
    /// The end as the container takes it.
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

/// What a hook may return: an outcome, or a future of one. `Kind` tells which and is inferred.
#[diagnostic::on_unimplemented(
    message = "a hook cannot return `{Self}`",
    label = "not what a hook returns",
    note = "write `async fn close(&self)`, `async fn close(&self) -> Result<(), E>`, or one of \
        them without `async`"
)]
pub trait HookReturn<Kind> {
    /// Waits for the end.
    fn end(self) -> impl Future<Output = Result<(), BuildError>> + Send;
}

/// The kind of hooks that are done when they return.
#[derive(Debug)]
pub enum Plain {}

/// The kind of hooks that are awaited.
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

/// Waits for the end of a hook that was called. Boxed: a future's type that names `R` would repeat
/// what is wrong with it.
pub fn hook_end<'a, Kind: 'a, R: HookReturn<Kind> + 'a>(
    returned: R,
) -> Pin<Box<dyn Future<Output = Result<(), BuildError>> + Send + 'a>> {
    Box::pin(returned.end())
}

/// Asks at compile time whether a dependency's type exists only within a scope. The inherent
/// constants answer where the type is known to; for all others those of [`NotScoped`] do, which has
/// to be in scope.
#[derive(Debug)]
pub struct ScopedDependency<V>(PhantomData<V>);

impl<V: Dependency> ScopedDependency<V> {
    /// Whether it is a value of the embedder's.
    pub const IS_SEED: bool = V::SCOPED;
}

impl<P: Provide> ScopedDependency<Arc<P>> {
    /// Whether a struct provides it.
    pub const IS_PROVIDED: bool = P::SCOPED;
}

impl<P: Provide> ScopedDependency<Option<Arc<P>>> {
    /// Whether a struct provides it.
    pub const IS_PROVIDED: bool = P::SCOPED;
}

impl<P: Provide> ScopedDependency<Vec<Arc<P>>> {
    /// Whether a struct provides it.
    pub const IS_PROVIDED: bool = P::SCOPED;
}

impl<P: Provide> ScopedDependency<Lazy<P>> {
    /// Whether a struct provides it.
    pub const IS_PROVIDED: bool = P::SCOPED;
}

/// The answer for what nothing is known of.
pub trait NotScoped {
    /// It is not known to be a value of the embedder's.
    const IS_SEED: bool = false;
    /// It is not known to be provided in a scope.
    const IS_PROVIDED: bool = false;
}

impl<V> NotScoped for ScopedDependency<V> {}

/// A compile error, if the type of a singleton's dependency is known to exist only within a scope.
#[doc(hidden)]
#[macro_export]
macro_rules! __not_scoped {
    ($name:literal, $label:literal, $dependency:ty) => {
        const _: () = {
            #[allow(unused_imports)]
            use $crate::expansion::NotScoped as _;
            type Asked = $crate::expansion::ScopedDependency<$dependency>;
            ::core::assert!(
                !(Asked::IS_SEED || Asked::IS_PROVIDED),
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
