//! Providers, which make values: structs, factories and existing values, with their aliases and
//! hooks. Must not know who needs the values.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;

use crate::build::{AsyncBuild, Source, SyncBuild};
use crate::dependency::{DeclaredDependency, Dependencies, Resolved};
use crate::error::BuildError;
use crate::lifecycle::{self, Hooks};
use crate::slot::Slot;
use crate::{Key, Location, Scope};

/// A type that a module can list among its providers: a struct, or the type that represents a
/// factory function. `#[injectable]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a provider",
    label = "not a provider",
    note = "annotate it with `#[injectable]`: the struct, or the function that returns the value",
    note = "a controller is listed under `controllers`, a module under `imports`"
)]
pub trait Provide: 'static {
    /// The type of the values, `Arc<T>`. It has to be `Clone + Send + Sync`, which only the
    /// constructors of [`Provider`] require.
    type Value: 'static;

    /// Whether the values are known at compile time to live within a scope. Only compile errors
    /// depend on it; the container goes by the provider's [`scope`](Provider::scope). Default:
    /// `false`.
    const SCOPED: bool = false;

    /// Describes the provider.
    fn provider() -> Provider;
}

/// A description of how values of one type are made.
pub struct Provider {
    pub(crate) key: Key,
    pub(crate) name: Cow<'static, str>,
    pub(crate) scope: Scope,
    pub(crate) location: Location,
    pub(crate) dependencies: Vec<DeclaredDependency>,
    pub(crate) build: Source,
    pub(crate) aliases: Vec<Alias>,
    pub(crate) hooks: Hooks,
}

/// Another type under which a provider's value is found.
pub(crate) struct Alias {
    pub(crate) key: Key,
    pub(crate) convert: SyncBuild,
}

impl Provider {
    /// An asynchronous factory, which may fail.
    ///
    /// `name` and `location` are shown in reports. `build` takes its dependencies, in the order in
    /// which `dependencies` declares them, before it returns its future, which therefore owns them.
    /// A scope that contains such a provider is opened by a future.
    pub fn new<V, B, F>(
        name: impl Into<Cow<'static, str>>,
        scope: Scope,
        location: Location,
        dependencies: fn(&mut Dependencies),
        build: B,
    ) -> Self
    where
        V: Clone + Send + Sync + 'static,
        B: Fn(&mut Resolved<'_>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<V, BuildError>> + Send + 'static,
    {
        let build: AsyncBuild = Box::new(move |resolved| {
            let building = build(resolved);
            Box::pin(async move { building.await.map(Slot::boxed) })
        });
        let dependencies = Dependencies::declared_by(dependencies);
        Self::with_build::<V>(
            name.into(),
            scope,
            location,
            dependencies,
            Source::Async(build),
        )
    }

    /// A synchronous provider that cannot fail: a struct or a plain function.
    ///
    /// The parameters are those of [`new`](Self::new).
    pub fn sync<V>(
        name: impl Into<Cow<'static, str>>,
        scope: Scope,
        location: Location,
        dependencies: fn(&mut Dependencies),
        build: fn(&mut Resolved<'_>) -> V,
    ) -> Self
    where
        V: Clone + Send + Sync + 'static,
    {
        let build = SyncBuild::boxed(build);
        let dependencies = Dependencies::declared_by(dependencies);
        Self::with_build::<V>(
            name.into(),
            scope,
            location,
            dependencies,
            Source::Sync(build),
        )
    }

    /// A synchronous factory, which may fail.
    ///
    /// The parameters are those of [`new`](Self::new).
    pub fn try_sync<V>(
        name: impl Into<Cow<'static, str>>,
        scope: Scope,
        location: Location,
        dependencies: fn(&mut Dependencies),
        build: fn(&mut Resolved<'_>) -> Result<V, BuildError>,
    ) -> Self
    where
        V: Clone + Send + Sync + 'static,
    {
        let build = Box::new(move |resolved: &mut Resolved<'_>| build(resolved).map(Slot::boxed));
        let dependencies = Dependencies::declared_by(dependencies);
        Self::with_build::<V>(
            name.into(),
            scope,
            location,
            dependencies,
            Source::Sync(SyncBuild::Fallible(build)),
        )
    }

    /// As [`sync`](Self::sync) for values of type `Arc<T>`, which saves the allocation of a box
    /// around the `Arc`.
    pub fn shared<T>(
        name: impl Into<Cow<'static, str>>,
        scope: Scope,
        location: Location,
        dependencies: fn(&mut Dependencies),
        build: fn(&mut Resolved<'_>) -> Arc<T>,
    ) -> Self
    where
        T: Send + Sync + 'static,
    {
        let build = SyncBuild::Shared(Box::new(move |resolved| build(resolved)));
        let dependencies = Dependencies::declared_by(dependencies);
        Self::with_build::<Arc<T>>(
            name.into(),
            scope,
            location,
            dependencies,
            Source::Sync(build),
        )
    }

    /// A singleton whose value exists already.
    pub(crate) fn value<V>(value: V, location: Location) -> Self
    where
        V: Clone + Send + Sync + 'static,
    {
        let name = Key::of::<V>().inner_name().into();
        let build = Source::Sync(SyncBuild::cloning(value));
        Self::with_build::<V>(name, Scope::Singleton, location, Vec::new(), build)
    }

    fn with_build<V: 'static>(
        name: Cow<'static, str>,
        scope: Scope,
        location: Location,
        dependencies: Vec<DeclaredDependency>,
        build: Source,
    ) -> Self {
        Self {
            key: Key::of::<V>(),
            name,
            scope,
            location,
            dependencies,
            build,
            aliases: Vec::new(),
            hooks: Hooks::default(),
        }
    }

    /// Provides the value, of type `V`, under the type `W` as well:
    /// `.alias::<Arc<Sql>, Arc<dyn Repository>>(|value| value)`.
    ///
    /// # Panics
    ///
    /// If the provider's values do not have the type `V`.
    pub fn alias<V, W>(mut self, convert: fn(V) -> W) -> Self
    where
        V: Clone + Send + Sync + 'static,
        W: Clone + Send + Sync + 'static,
    {
        self.check_value::<V>();
        self.aliases.push(Alias {
            key: Key::of::<W>(),
            convert: SyncBuild::boxed(move |resolved| convert(resolved.value::<V>())),
        });
        self
    }

    /// Calls `hook` with the value, of type `V`, after all singletons are built. The hooks of
    /// dependencies run first. If a hook fails, the container does not start.
    ///
    /// # Panics
    ///
    /// If the provider's values do not have the type `V`, or if the provider is not a singleton. A
    /// scoped or transient value is initialized by its factory instead.
    pub fn on_init<V, F>(mut self, hook: fn(V) -> F) -> Self
    where
        V: Clone + Send + Sync + 'static,
        F: Future<Output = Result<(), BuildError>> + Send + 'static,
    {
        self.check_value::<V>();
        let name = &self.name;
        assert!(
            self.scope == Scope::Singleton,
            "`{name}` is not a singleton, so it cannot have an `on_init` hook: initialize the value \
             in its factory"
        );
        self.hooks.init = Some(lifecycle::erase_type(hook));
        self
    }

    /// Calls `hook` with the value, of type `V`, when the container is shut down or the scope is
    /// closed. Hooks run in reverse order of construction. They do not run when a container is
    /// dropped without a shutdown, or a scope without being closed.
    ///
    /// # Panics
    ///
    /// If the provider's values do not have the type `V`.
    pub fn on_shutdown<V, F>(mut self, hook: fn(V) -> F) -> Self
    where
        V: Clone + Send + Sync + 'static,
        F: Future<Output = Result<(), BuildError>> + Send + 'static,
    {
        self.check_value::<V>();
        self.hooks.shutdown = Some(lifecycle::erase_type(hook));
        self
    }

    fn check_value<V: 'static>(&self) {
        let (own, other) = (self.key, Key::of::<V>());
        assert!(
            own == other,
            "`{}` provides `{own}`, not `{other}`",
            self.name
        );
    }

    /// The type that the provider's values have.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The name of the struct or function.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How long the provider's values live.
    pub fn scope(&self) -> Scope {
        self.scope
    }
}
