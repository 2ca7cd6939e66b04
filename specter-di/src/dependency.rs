//! What a field or factory parameter can be, how dependencies are declared, and how a build
//! function gets their values. Must not know how a value was found.

use std::sync::Arc;

use crate::late::{Defer, LateValues};
use crate::slot::{Input, ValueSources};
use crate::{Key, Location};

/// A type that fields and factory parameters can have.
///
/// `Arc<T>` takes a provider's value, `Option<Arc<T>>` takes it where there is one, `Vec<Arc<T>>`
/// takes those of all providers, [`Lazy<T>`](crate::Lazy) takes one that may be built later. An
/// embedder implements it for its seeds and values that are taken by value:
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
        only the framework's own values, such as `Socket`, are taken as they are",
    note = "a field that is not injected is marked `#[state]`, or `#[state(expression)]` where it \
        does not start from its default"
)]
pub trait Dependency: Sized + Send {
    /// Whether it is one of the embedder's values that exist only within a scope. Only the
    /// compiler's complaints depend on it.
    const SCOPED: bool = false;

    /// How many providers it takes.
    const ARITY: Arity = Arity::One;

    #[doc(hidden)]
    const DEFER: Option<Defer> = None;

    /// What it is found by.
    fn key() -> Key;

    /// Takes the next of the resolved values.
    fn take(resolved: &mut Resolved<'_>) -> Self;
}

/// How many providers a dependency takes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Arity {
    /// Exactly one.
    One,
    /// One, or none.
    Optional,
    /// All there are, in module order: imports first.
    Many,
    /// Exactly one, that may be built later.
    Deferred,
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized + Send + Sync + 'static> Dependency for Arc<T> {
    fn key() -> Key {
        Key::of::<Self>()
    }

    #[inline]
    fn take(resolved: &mut Resolved<'_>) -> Self {
        resolved.value()
    }
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized + Send + Sync + 'static> Dependency for Option<Arc<T>> {
    const ARITY: Arity = Arity::Optional;

    fn key() -> Key {
        Key::of::<Arc<T>>()
    }

    fn take(resolved: &mut Resolved<'_>) -> Self {
        resolved.optional()
    }
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized + Send + Sync + 'static> Dependency for Vec<Arc<T>> {
    const ARITY: Arity = Arity::Many;

    fn key() -> Key {
        Key::of::<Arc<T>>()
    }

    fn take(resolved: &mut Resolved<'_>) -> Self {
        resolved.many()
    }
}

/// The list in which a provider or root declares what it needs.
#[derive(Default)]
pub struct Dependencies(Vec<DeclaredDependency>);

/// One declared dependency.
#[derive(Clone, Copy)]
pub(crate) struct DeclaredDependency {
    pub(crate) key: Key,
    pub(crate) arity: Arity,
    pub(crate) defer: Option<Defer>,
    pub(crate) label: &'static str,
    pub(crate) location: Location,
    /// What it is taken for, where only a singleton will do: `guard`.
    pub(crate) required_singletons: Option<&'static str>,
}

impl DeclaredDependency {
    /// Exactly one, at once.
    pub(crate) fn one(key: Key, label: &'static str, location: Location) -> Self {
        Self {
            key,
            arity: Arity::One,
            defer: None,
            label,
            location,
            required_singletons: None,
        }
    }

    /// Exactly one, which must be a singleton.
    pub(crate) fn singleton(
        role: &'static str,
        key: Key,
        label: &'static str,
        location: Location,
    ) -> Self {
        Self {
            required_singletons: Some(role),
            ..Self::one(key, label, location)
        }
    }
}

impl Dependencies {
    /// Declares the next dependency. `label` is the name of the field or parameter.
    pub fn add<V: Dependency>(&mut self, label: &'static str, location: Location) {
        self.0.push(DeclaredDependency {
            key: V::key(),
            arity: V::ARITY,
            defer: V::DEFER,
            label,
            location,
            required_singletons: None,
        });
    }

    pub(crate) fn declared_by(declare: fn(&mut Self)) -> Vec<DeclaredDependency> {
        let mut dependencies = Self::default();
        declare(&mut dependencies);
        dependencies.0
    }
}

/// The values that a build function needs, in the order in which it declared them.
pub struct Resolved<'a> {
    values: &'a ValueSources<'a>,
    inputs: std::slice::Iter<'a, Input>,
    late: Option<&'a Arc<LateValues>>,
}

impl<'a> Resolved<'a> {
    pub(crate) fn new(
        values: &'a ValueSources<'a>,
        inputs: &'a [Input],
        late: Option<&'a Arc<LateValues>>,
    ) -> Self {
        Self {
            values,
            inputs: inputs.iter(),
            late,
        }
    }

    /// The next dependency.
    ///
    /// # Panics
    ///
    /// When it is not of the type that was declared at this place. The container reports the panic
    /// as the provider's failure.
    #[expect(
        clippy::should_implement_trait,
        reason = "each call is of another type"
    )]
    #[inline]
    pub fn next<V: Dependency>(&mut self) -> V {
        V::take(self)
    }

    /// The next dependency, one that takes exactly one value. For implementations of
    /// [`Dependency::take`].
    ///
    /// # Panics
    ///
    /// As [`next`](Self::next).
    #[inline]
    pub fn value<V: Clone + Send + Sync + 'static>(&mut self) -> V {
        let input = self.inputs.next().copied();
        self.found(input)
    }

    /// The next dependency, one that is built later.
    pub(crate) fn late(&mut self) -> (Arc<LateValues>, u16) {
        match (self.inputs.next(), self.late) {
            (Some(Input::Late(place)), Some(late)) => (late.clone(), *place),
            _ => undeclared::<LateValues>(),
        }
    }

    fn optional<V: Clone + Send + Sync + 'static>(&mut self) -> Option<V> {
        match self.inputs.next().copied() {
            Some(Input::Absent) => None,
            input => Some(self.found(input)),
        }
    }

    fn many<V: Clone + Send + Sync + 'static>(&mut self) -> Vec<V> {
        match self.inputs.next().copied() {
            Some(Input::Many(count)) => (0..count).map(|_| self.value()).collect(),
            input => vec![self.found(input)],
        }
    }

    #[inline]
    fn found<V: Clone + Send + Sync + 'static>(&self, input: Option<Input>) -> V {
        let value = input.and_then(|input| self.values.get(input));
        value.unwrap_or_else(|| undeclared::<V>())
    }
}

#[cold]
fn undeclared<V: 'static>() -> ! {
    panic!(
        "the build function takes `{}`, which is not what was declared next",
        Key::of::<V>()
    )
}
