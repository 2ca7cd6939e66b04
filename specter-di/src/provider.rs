//! What makes values: struct providers, factories and their other names. Owns the type-erased build functions.
//! Must not know who needs the values.

use std::future::Future;
use std::pin::Pin;

use crate::dependency::{Declared, Dependencies, Resolved};
use crate::error::BuildError;
use crate::lifecycle::{self, Hooks};
use crate::slot::Slot;
use crate::{Key, Location, Scope};

pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
pub(crate) type SyncBuild = Box<dyn Fn(&mut Resolved<'_>) -> Slot + Send + Sync>;
pub(crate) type AsyncBuild =
    Box<dyn Fn(&mut Resolved<'_>) -> BoxFuture<Result<Slot, BuildError>> + Send + Sync>;

/// Something that a module can list among its providers: a struct, or what stands for a factory function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a provider",
    label = "not a provider",
    note = "annotate it with `#[injectable]`: the struct, or the function that returns the value",
    note = "a controller is listed under `controllers`, a module under `imports`"
)]
pub trait Provide: 'static {
    /// Describes the provider.
    fn provider() -> Provider;
}

/// How values of one type are made.
pub struct Provider {
    pub(crate) key: Key,
    pub(crate) name: &'static str,
    pub(crate) scope: Scope,
    pub(crate) location: Location,
    pub(crate) dependencies: Vec<Declared>,
    pub(crate) build: Build,
    pub(crate) aliases: Vec<Alias>,
    pub(crate) hooks: Hooks,
}

/// A build function.
pub(crate) enum Build {
    Sync(SyncBuild),
    Async(AsyncBuild),
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
        name: &'static str,
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
            Box::pin(async move { building.await.map(|value| Box::new(value) as Slot) })
        });
        Self::with_build::<V>(name, scope, location, dependencies, Build::Async(build))
    }

    /// A provider that needs no waiting and cannot fail: a struct.
    pub fn sync<V>(
        name: &'static str,
        scope: Scope,
        location: Location,
        dependencies: fn(&mut Dependencies),
        build: fn(&mut Resolved<'_>) -> V,
    ) -> Self
    where
        V: Clone + Send + Sync + 'static,
    {
        let build: SyncBuild = Box::new(move |resolved| Box::new(build(resolved)));
        Self::with_build::<V>(name, scope, location, dependencies, Build::Sync(build))
    }

    fn with_build<V: 'static>(
        name: &'static str,
        scope: Scope,
        location: Location,
        dependencies: fn(&mut Dependencies),
        build: Build,
    ) -> Self {
        Self {
            key: Key::of::<V>(),
            name,
            scope,
            location,
            dependencies: Dependencies::declared_by(dependencies),
            build,
            aliases: Vec::new(),
            hooks: Hooks::default(),
        }
    }

    /// Lets the value, of type `V`, be found as a `W` too: `.alias::<Arc<Sql>, Arc<dyn Repository>>(|value| value)`.
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
            convert: Box::new(move |resolved| Box::new(convert(resolved.value::<V>()))),
        });
        self
    }

    /// Calls `hook` with the value, of type `V`, when all singletons are built: dependencies first. A singleton whose
    /// hook fails keeps the container from starting.
    ///
    /// # Panics
    ///
    /// When the provider's values are not of type `V`, or it is no singleton: what is built later is ready when its
    /// factory is.
    pub fn on_init<V, F>(mut self, hook: fn(V) -> F) -> Self
    where
        V: Clone + Send + Sync + 'static,
        F: Future<Output = Result<(), BuildError>> + Send + 'static,
    {
        self.check_value::<V>();
        let name = self.name;
        assert!(
            self.scope == Scope::Singleton,
            "`{name}` is no singleton, so it cannot have `on_init`"
        );
        self.hooks.init = Some(lifecycle::erased(hook));
        self
    }

    /// Calls `hook` with the value, of type `V`, before it goes: at the container's shutdown or the scope's close, in
    /// reverse order of construction. Not when a container or scope is only dropped.
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
        self.hooks.shutdown = Some(lifecycle::erased(hook));
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
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How long its values live.
    pub fn scope(&self) -> Scope {
        self.scope
    }
}
