//! Roots: values that a scope builds for the embedder, and on which nothing depends.

use std::any::{Any, TypeId};
use std::fmt;

use crate::dependency::{DeclaredDependency, Dependencies, Resolved};
use crate::{Key, Location};

pub(crate) type RootBuild = Box<dyn Fn(&mut Resolved<'_>) -> Box<dyn Any + Send> + Send + Sync>;

/// Something that is built when a scope is opened and that no provider depends on, such as a
/// request's controller.
pub struct Root {
    pub(crate) type_id: TypeId,
    pub(crate) name: &'static str,
    pub(crate) location: Location,
    pub(crate) dependencies: Vec<DeclaredDependency>,
    pub(crate) required: Vec<DeclaredDependency>,
    pub(crate) build: RootBuild,
    pub(crate) meta: Option<Box<dyn Any + Send + Sync>>,
}

impl Root {
    /// A root of type `T`.
    pub fn new<T: Send + 'static>(
        name: &'static str,
        location: Location,
        dependencies: fn(&mut Dependencies),
        build: fn(&mut Resolved<'_>) -> T,
    ) -> Self {
        Self {
            type_id: TypeId::of::<T>(),
            name,
            location,
            dependencies: Dependencies::declared_by(dependencies),
            required: Vec::new(),
            build: Box::new(move |resolved| Box::new(build(resolved))),
            meta: None,
        }
    }

    /// Declares a value that the root does not take when it is built, but that is asked of its
    /// scope later: [`OpenScope::get`](crate::OpenScope::get). It is checked and built like a
    /// dependency.
    pub fn require(mut self, key: Key, label: &'static str, location: Location) -> Self {
        self.required
            .push(DeclaredDependency::one(key, label, location));
        self
    }

    /// As [`require`](Self::require), where only a singleton will do: what holds it outlives the
    /// scopes. `role` says what it is taken for, `guard` for example. It is found before any scope
    /// is opened: [`ScopePlan::singleton`](crate::ScopePlan::singleton).
    pub fn require_singleton(
        mut self,
        role: &'static str,
        key: Key,
        label: &'static str,
        location: Location,
    ) -> Self {
        self.required
            .push(DeclaredDependency::singleton(role, key, label, location));
        self
    }

    /// Attaches what the embedder wants to know of the root: [`RootInfo::meta`].
    pub fn meta<M: Any + Send + Sync>(mut self, meta: M) -> Self {
        self.meta = Some(Box::new(meta));
        self
    }
}

/// A root of a validated graph.
pub struct RootInfo {
    pub(crate) index: usize,
    pub(crate) name: &'static str,
    pub(crate) location: Location,
    pub(crate) module: &'static str,
    pub(crate) meta: Option<Box<dyn Any + Send + Sync>>,
}

impl RootInfo {
    /// Its place among all roots, for [`Container::scope`](crate::Container::scope).
    pub fn index(&self) -> usize {
        self.index
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where it was declared.
    pub fn location(&self) -> Location {
        self.location
    }

    /// The module that lists it.
    pub fn module(&self) -> &'static str {
        self.module
    }

    /// What [`Root::meta`] attached, if it is an `M`.
    pub fn meta<M: Any>(&self) -> Option<&M> {
        self.meta.as_deref()?.downcast_ref()
    }
}

impl fmt::Debug for RootInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RootInfo")
            .field("index", &self.index)
            .field("name", &self.name)
            .field("module", &self.module)
            .field("location", &self.location)
            .finish_non_exhaustive()
    }
}
