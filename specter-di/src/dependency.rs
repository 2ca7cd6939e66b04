//! Dependencies: the types that can be injected, how providers declare them, and how a build
//! function takes their values. Must not know how a value was found.

use std::sync::Arc;

use crate::late::{Defer, LateValues};
use crate::slot::{Input, ValueSources};
use crate::{Key, Location};

/// A type that can be injected into a field or a factory parameter.
///
/// - `Arc<T>` takes the value of the one provider that the module sees.
/// - `Option<Arc<T>>` takes that value, or is `None` if the module sees no provider.
/// - `Vec<Arc<T>>` takes the values of all providers that the module sees.
/// - [`Lazy<T>`](crate::Lazy) takes the value of the one provider, which may be built later.
///
/// An embedder implements the trait for its seeds and for values that are injected by value:
///
/// ```
/// use specter_di::{Dependency, Key, Resolved};
///
/// #[derive(Clone)]
/// struct Request { /* … */ }
///
/// impl Dependency for Request {
///     fn key() -> Key {
///         Key::of::<Self>()
///     }
///     fn take(resolved: &mut Resolved<'_>) -> Self {
///         resolved.value()
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be injected",
    label = "neither an `Arc<T>` nor a value of the framework",
    note = "a provider is injected as `Arc<T>`, `Option<Arc<T>>`, `Vec<Arc<T>>` or `Lazy<T>`; \
        only the framework's own values, such as `Socket`, are injected by value",
    note = "mark a field that is not injected with `#[state]`, or with `#[state(expression)]` if \
        its initial value is not the type's default"
)]
pub trait Dependency: Sized {
    /// Whether the type is a seed, which exists only within a scope. Only compile errors depend on
    /// it; the graph itself knows its seeds. Default: `false`.
    const SCOPED: bool = false;

    /// How many providers the dependency takes. Default: [`Arity::One`].
    const ARITY: Arity = Arity::One;

    #[doc(hidden)]
    const DEFER: Option<Defer> = None;

    /// The key of the providers that the dependency takes.
    fn key() -> Key;

    /// Takes the next of the resolved values. An embedder's type calls [`Resolved::value`].
    fn take(resolved: &mut Resolved<'_>) -> Self;
}

/// How many providers a dependency takes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Arity {
    /// Exactly one.
    One,
    /// One or none.
    Optional,
    /// All that the module sees. Those of imported modules come first.
    Many,
    /// Exactly one, which may be built later.
    Deferred,
}

// The implementations do not require `T: Send + Sync`, because the providers of `Arc<T>` do. The
// compiler would report the same fault again for each field.

/// A type that threads can share, as everything that is injected. The expansion of `#[injectable]`
/// requires it of the traits in `as = …`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not `Send + Sync`, so it cannot be injected",
    label = "not `Send + Sync`",
    note = "connections on several threads share what is injected: declare a trait with \
        `trait Name: Send + Sync`; in a struct, replace `Rc` by `Arc`, `Cell` by an atomic and \
        `RefCell` by `Mutex`"
)]
#[doc(hidden)]
pub trait Shareable {}

#[diagnostic::do_not_recommend]
impl<T: ?Sized + Send + Sync> Shareable for T {}

#[diagnostic::do_not_recommend]
impl<T: ?Sized + 'static> Dependency for Arc<T> {
    fn key() -> Key {
        Key::of::<Self>()
    }

    #[inline]
    fn take(resolved: &mut Resolved<'_>) -> Self {
        resolved.value()
    }
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized + 'static> Dependency for Option<Arc<T>> {
    const ARITY: Arity = Arity::Optional;

    fn key() -> Key {
        Key::of::<Arc<T>>()
    }

    fn take(resolved: &mut Resolved<'_>) -> Self {
        resolved.optional()
    }
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized + 'static> Dependency for Vec<Arc<T>> {
    const ARITY: Arity = Arity::Many;

    fn key() -> Key {
        Key::of::<Arc<T>>()
    }

    fn take(resolved: &mut Resolved<'_>) -> Self {
        resolved.many()
    }
}

/// The list of dependencies that a provider or root declares.
#[derive(Default)]
pub struct Dependencies(Vec<DeclaredDependency>);

/// A declared dependency.
#[derive(Clone, Copy)]
pub(crate) struct DeclaredDependency {
    pub(crate) key: Key,
    pub(crate) arity: Arity,
    pub(crate) defer: Option<Defer>,
    /// The name of the field or parameter.
    pub(crate) label: &'static str,
    pub(crate) location: Location,
    /// Set if the dependency has to be a singleton: the role that it has, for example `guard`.
    pub(crate) singleton_role: Option<&'static str>,
}

impl DeclaredDependency {
    /// A dependency that takes exactly one value, which is not deferred.
    pub(crate) fn one(key: Key, label: &'static str, location: Location) -> Self {
        Self {
            key,
            arity: Arity::One,
            defer: None,
            label,
            location,
            singleton_role: None,
        }
    }

    /// A dependency that takes exactly one value, which has to be a singleton.
    pub(crate) fn singleton(
        role: &'static str,
        key: Key,
        label: &'static str,
        location: Location,
    ) -> Self {
        Self {
            singleton_role: Some(role),
            ..Self::one(key, label, location)
        }
    }
}

impl Dependencies {
    /// Declares the next dependency. `label` is the name of the field or parameter, and `location`
    /// is its place; reports show both. The build function takes its dependencies in the order of
    /// these calls.
    pub fn add<V: Dependency>(&mut self, label: &'static str, location: Location) {
        self.0.push(DeclaredDependency {
            key: V::key(),
            arity: V::ARITY,
            defer: V::DEFER,
            label,
            location,
            singleton_role: None,
        });
    }

    pub(crate) fn declared_by(declare: fn(&mut Self)) -> Vec<DeclaredDependency> {
        let mut dependencies = Self::default();
        declare(&mut dependencies);
        dependencies.0
    }
}

/// The values of a build function's dependencies, in the order in which they were declared.
pub struct Resolved<'a> {
    sources: &'a ValueSources<'a>,
    inputs: std::slice::Iter<'a, Input>,
    late: Option<&'a Arc<LateValues>>,
}

impl<'a> Resolved<'a> {
    pub(crate) fn new(
        sources: &'a ValueSources<'a>,
        inputs: &'a [Input],
        late: Option<&'a Arc<LateValues>>,
    ) -> Self {
        Self {
            sources,
            inputs: inputs.iter(),
            late,
        }
    }

    /// Takes the next dependency.
    ///
    /// # Panics
    ///
    /// If the next declared dependency has another type. The container catches the panic and
    /// reports it as the provider's failure.
    #[expect(
        clippy::should_implement_trait,
        reason = "the type differs from call to call"
    )]
    #[inline]
    pub fn next<V: Dependency>(&mut self) -> V {
        V::take(self)
    }

    /// Takes the next dependency, which takes exactly one value. Implementations of
    /// [`Dependency::take`] call it.
    ///
    /// # Panics
    ///
    /// As [`next`](Self::next).
    #[inline]
    pub fn value<V: Clone + 'static>(&mut self) -> V {
        let input = self.inputs.next().copied();
        self.value_of(input)
    }

    /// Takes the next dependency, which is deferred: the row's late values, and the index of the
    /// dependency among them.
    pub(crate) fn late(&mut self) -> (Arc<LateValues>, u16) {
        match (self.inputs.next(), self.late) {
            (Some(Input::Late(index)), Some(late)) => (late.clone(), *index),
            _ => undeclared::<LateValues>(),
        }
    }

    fn optional<V: Clone + 'static>(&mut self) -> Option<V> {
        match self.inputs.next().copied() {
            Some(Input::Absent) => None,
            input => Some(self.value_of(input)),
        }
    }

    fn many<V: Clone + 'static>(&mut self) -> Vec<V> {
        match self.inputs.next().copied() {
            Some(Input::Many(count)) => (0..count).map(|_| self.value()).collect(),
            input => vec![self.value_of(input)],
        }
    }

    #[inline]
    fn value_of<V: Clone + 'static>(&self, input: Option<Input>) -> V {
        let value = input.and_then(|input| self.sources.get(input));
        value.unwrap_or_else(|| undeclared::<V>())
    }
}

#[cold]
fn undeclared<V: 'static>() -> ! {
    panic!(
        "the build function takes `{}`, which is not the next declared dependency",
        Key::of::<V>()
    )
}
