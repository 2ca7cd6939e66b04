//! What makes values: struct providers, factories and their other names. Owns the type-erased build
//! functions. Must not know who needs the values.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;

use crate::build::{AsyncBuild, Source, SyncBuild};
use crate::dependency::{DeclaredDependency, Dependencies, Resolved};
use crate::error::BuildError;
use crate::lifecycle::{self, Hooks};
use crate::slot::Slot;
use crate::{Key, Location, Scope};

/// Something that a module can list among its providers: a struct, or what stands for a factory
/// function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a provider",
    label = "not a provider",
    note = "annotate it with `#[injectable]`: the struct, or the function that returns the value",
    note = "a controller is listed under `controllers`, a module under `imports`"
)]
pub trait Provide: 'static {
    /// What it provides: `Arc<T>`. That it can be shared is asked where a [`Provider`] is made, and
    /// only there.
    type Value: 'static;

    /// Whether its values are known at compile time to live within a scope. Only the compiler's
    /// complaints depend on it; what holds is the provider's [`scope`](Provider::scope).
    const SCOPED: bool = false;

    /// Describes the provider.
    fn provider() -> Provider;
}

/// How values of one type are made.
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
    /// A factory that is awaited and may fail.
    ///
    /// `build` takes its dependencies at once; the future owns them.
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

    /// A provider that needs no waiting and cannot fail: a struct, or a plain function.
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

    /// A factory that needs no waiting and may fail: a scope that has such ones only is opened
    /// without a future.
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

    /// As [`sync`](Self::sync), of an `Arc<T>`: it is kept without another box around it.
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

    /// A singleton that is there already.
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

    /// Lets the value, of type `V`, be found as a `W` too: `.alias::<Arc<Sql>, Arc<dyn
    /// Repository>>(|value| value)`.
    ///
    /// # Panics
    ///
    /// When the provider's values are not of type `V`.
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

    /// Calls `hook` with the value, of type `V`, when all singletons are built: dependencies first.
    /// A singleton whose hook fails keeps the container from starting.
    ///
    /// # Panics
    ///
    /// When the provider's values are not of type `V`, or it is no singleton: what is built later
    /// is ready when its factory is.
    pub fn on_init<V, F>(mut self, hook: fn(V) -> F) -> Self
    where
        V: Clone + Send + Sync + 'static,
        F: Future<Output = Result<(), BuildError>> + Send + 'static,
    {
        self.check_value::<V>();
        let name = &self.name;
        assert!(
            self.scope == Scope::Singleton,
            "`{name}` is no singleton, so it cannot have `on_init`"
        );
        self.hooks.init = Some(lifecycle::erase_type(hook));
        self
    }

    /// Calls `hook` with the value, of type `V`, before it goes: at the container's shutdown or the
    /// scope's close, in reverse order of construction. Not when a container or scope is only
    /// dropped.
    ///
    /// # Panics
    ///
    /// When the provider's values are not of type `V`.
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

    /// What it provides.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Its name: the struct's or the function's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How long its values live.
    pub fn scope(&self) -> Scope {
        self.scope
    }
}
