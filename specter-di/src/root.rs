//! Roots: the values for which scopes are opened, and on which no provider depends.

use std::any::{Any, TypeId};
use std::fmt;

use crate::dependency::{DeclaredDependency, Dependencies, Resolved};
use crate::key::crate_of;
use crate::{Key, Location};

pub(crate) type RootBuild = Box<dyn Fn(&mut Resolved<'_>) -> Box<dyn Any + Send> + Send + Sync>;

/// A value for which a scope is opened, such as the controller of a request. No provider can depend
/// on it.
pub struct Root {
    pub(crate) type_id: TypeId,
    /// The crate that declares the type.
    pub(crate) crate_name: &'static str,
    pub(crate) name: &'static str,
    pub(crate) location: Location,
    pub(crate) dependencies: Vec<DeclaredDependency>,
    pub(crate) required: Vec<DeclaredDependency>,
    pub(crate) build: RootBuild,
    pub(crate) meta: Option<Box<dyn Any + Send + Sync>>,
}

impl Root {
    /// A root of type `T`.
    ///
    /// `name` and `location` are shown in reports. `build` takes its dependencies in the order in
    /// which `dependencies` declares them.
    pub fn new<T: Send + 'static>(
        name: &'static str,
        location: Location,
        dependencies: fn(&mut Dependencies),
        build: fn(&mut Resolved<'_>) -> T,
    ) -> Self {
        Self {
            type_id: TypeId::of::<T>(),
            crate_name: crate_of::<T>(),
            name,
            location,
            dependencies: Dependencies::declared_by(dependencies),
            required: Vec::new(),
            build: Box::new(move |resolved| Box::new(build(resolved))),
            meta: None,
        }
    }

    /// Declares a value that the root does not take when it is built, but that is taken from its
    /// scope later, by [`OpenScope::get`](crate::OpenScope::get). It is validated and built like a
    /// dependency. `label` and `location` are shown in reports.
    pub fn require(mut self, key: Key, label: &'static str, location: Location) -> Self {
        self.required
            .push(DeclaredDependency::one(key, label, location));
        self
    }

    /// As [`require`](Self::require) for a value that has to be a singleton. Any other scope is a
    /// fault of the graph.
    ///
    /// The value can be taken before a scope is opened, by
    /// [`ScopePlan::singleton`](crate::ScopePlan::singleton). `role` names the use of the value in
    /// reports, for example `guard`.
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

    /// Attaches data of the embedder to the root, replacing any data from an earlier call.
    /// [`RootInfo::meta`] returns it.
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
    /// The index of the root among all roots, which [`Container::scope`](crate::Container::scope)
    /// takes.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The name of the root.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where the root was declared.
    pub fn location(&self) -> Location {
        self.location
    }

    /// The name of the module that lists the root.
    pub fn module(&self) -> &'static str {
        self.module
    }

    /// The data that [`Root::meta`] attached. `None` if there is none, or if its type is not `M`.
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
