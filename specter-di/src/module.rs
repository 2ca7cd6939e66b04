//! Modules: how providers and roots are grouped, configured by their importer, and exported.
//! Must not know how dependencies are resolved.

use std::any::TypeId;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::key::crate_of;
use crate::{Location, Provide, Provider, Root};

/// A group of providers and roots.
///
/// The providers and roots of a module see its own providers and what its imports export.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a module",
    label = "not a module",
    note = "annotate it with `#[module(…)]`: `#[module(controllers = […], providers = […])] \
        struct ChatModule;`",
    note = "a controller is listed under `controllers`, or started alone by `App::of`; a provider \
        is listed under `providers`"
)]
pub trait Module: 'static {
    /// Adds the module's imports, providers, exports and roots to `module`.
    fn define(module: &mut ModuleBuilder);

    /// Configures the module with a value, such as its options. The module's providers inject the
    /// value as `Arc<T>`.
    ///
    /// The result is imported in place of the module. [`ConfiguredModule::with`] adds more values.
    #[track_caller]
    fn with<T: Send + Sync + 'static>(value: T) -> ConfiguredModule<Self>
    where
        Self: Sized,
    {
        ConfiguredModule::new().with(value)
    }
}

/// The content of a module, which [`Module::define`] adds.
pub struct ModuleBuilder {
    pub(crate) id: TypeId,
    pub(crate) name: &'static str,
    pub(crate) location: Location,
    pub(crate) is_global: bool,
    /// See [`without_providers`](Self::without_providers).
    pub(crate) without_providers: Option<&'static str>,
    pub(crate) imports: Vec<Import>,
    pub(crate) providers: Vec<ProviderEntry>,
    pub(crate) exports: Vec<Export>,
    pub(crate) roots: Vec<Root>,
}

/// An import of a module.
pub(crate) struct Import {
    pub(crate) id: TypeId,
    pub(crate) define: fn() -> ModuleBuilder,
    pub(crate) additions: Option<Additions>,
}

/// A provider in a module's list.
pub(crate) struct ProviderEntry {
    /// The type that provides, not the type of its values.
    pub(crate) id: TypeId,
    /// The crate that declares this type.
    pub(crate) crate_name: &'static str,
    pub(crate) provider: Provider,
}

/// An entry in a module's list of exports.
pub(crate) struct Export {
    pub(crate) id: TypeId,
    pub(crate) name: Cow<'static, str>,
    /// Whether the entry is an imported module, all of whose exports are exported again.
    pub(crate) is_module: bool,
}

impl Import {
    fn of<M: Module>(additions: Option<Additions>) -> Self {
        Self {
            id: TypeId::of::<M>(),
            define: ModuleBuilder::of::<M>,
            additions,
        }
    }
}

impl ProviderEntry {
    fn of<P: Provide>() -> Self {
        Self {
            id: TypeId::of::<P>(),
            crate_name: crate_of::<P>(),
            provider: P::provider(),
        }
    }

    /// A value that belongs to `M`. It cannot be exported, because a list of exports names
    /// providers, and this one has no type that users can name.
    #[track_caller]
    fn value<M: Module, T: Send + Sync + 'static>(value: T) -> Self {
        /// Identifies the provider.
        struct ValueOf<M, T>(PhantomData<(M, T)>);
        Self {
            id: TypeId::of::<ValueOf<M, T>>(),
            crate_name: crate_of::<M>(),
            provider: Provider::value(Arc::new(value), Location::caller()),
        }
    }
}

impl Export {
    fn provider<P: Provide>() -> Self {
        Self {
            id: TypeId::of::<P>(),
            name: P::provider().name,
            is_module: false,
        }
    }

    fn module<M: Module>() -> Self {
        Self {
            id: TypeId::of::<M>(),
            name: last_segment::<M>().into(),
            is_module: true,
        }
    }
}

impl ModuleBuilder {
    pub(crate) fn of<M: Module>() -> Self {
        let mut module = Self {
            id: TypeId::of::<M>(),
            name: last_segment::<M>(),
            location: Location {
                file: std::any::type_name::<M>(),
                line: 0,
                column: 0,
            },
            is_global: false,
            without_providers: None,
            imports: Vec::new(),
            providers: Vec::new(),
            exports: Vec::new(),
            roots: Vec::new(),
        };
        M::define(&mut module);
        module
    }

    /// Sets the module's name and location in reports. Default: the name of the type, and its path
    /// as the file.
    pub fn name(&mut self, name: &'static str, location: Location) {
        self.name = name;
        self.location = location;
    }

    /// Makes the exports of this module visible in every module of the application, provided that
    /// at least one module imports it.
    pub fn global(&mut self) {
        self.is_global = true;
    }

    /// Declares that the module has no list of providers. Where reports would say
    /// "add it to the providers of the module", they say `help` instead.
    pub fn without_providers(&mut self, help: &'static str) {
        self.without_providers = Some(help);
    }

    /// Makes the exports of `M` visible in this module.
    pub fn import<M: Module>(&mut self) {
        self.imports.push(Import::of::<M>(None));
    }

    /// Imports a module that is configured here: `ConfigModule::with(options)`. Its exports become
    /// visible as with [`import`](Self::import).
    pub fn import_configured<M: Module>(&mut self, module: ConfiguredModule<M>) {
        self.imports.push(module.into());
    }

    /// Adds a provider, which belongs to this module alone. A provider that several modules list,
    /// or that one lists twice, is a fault of the graph.
    pub fn provide<P: Provide>(&mut self) {
        self.providers.push(ProviderEntry::of::<P>());
    }

    /// Makes a provider visible in the modules that import this one. The provider belongs to this
    /// module, or an import exports it; anything else is a fault of the graph.
    pub fn export<P: Provide>(&mut self) {
        self.exports.push(Export::provider::<P>());
    }

    /// Makes all exports of an imported module visible in the modules that import this one. A
    /// module that this one does not import is a fault of the graph.
    pub fn export_module<M: Module>(&mut self) {
        self.exports.push(Export::module::<M>());
    }

    /// Adds a root. A root that several modules list, or that one lists twice, is a fault of the
    /// graph.
    pub fn root(&mut self, root: Root) {
        self.roots.push(root);
    }
}

fn last_segment<M>() -> &'static str {
    let path = std::any::type_name::<M>();
    path.rsplit("::").next().unwrap_or(path)
}

/// A module with values or providers that its importer passes to it: `ConfigModule::with(options)`.
///
/// It is imported in place of the module, by [`ModuleBuilder::import_configured`] or
/// [`Graph::import`](crate::Graph::import). What the importer passes belongs to the module: the
/// module's providers see it, and other modules see only what the module exports. A module is
/// configured in one place, and all other modules import it by its type; configuring it twice is a
/// fault of the graph.
///
/// ```
/// # use std::sync::Arc;
/// # use specter_di::{ConfiguredModule, Graph, Module, ModuleBuilder};
/// # use specter_di::{Provide, Provider, Scope, location};
/// struct Options {
///     path: &'static str,
/// }
///
/// struct Settings {
///     options: Arc<Options>, // passed to `SettingsModule` by its importer
/// }
/// # impl Provide for Settings {
/// #     type Value = Arc<Self>;
/// #     fn provider() -> Provider {
/// #         Provider::sync::<Arc<Self>>("Settings", Scope::Singleton, location!(),
/// #             |dependencies| dependencies.add::<Arc<Options>>("options", location!()),
/// #             |resolved| Arc::new(Self { options: resolved.next() }))
/// #     }
/// # }
///
/// struct SettingsModule;
/// # impl Module for SettingsModule {
/// #     fn define(module: &mut ModuleBuilder) {
/// #         module.provide::<Settings>();
/// #         module.export::<Settings>();
/// #     }
/// # }
///
/// // A module can have constructors of its own, which name its options.
/// impl SettingsModule {
///     fn at(path: &'static str) -> ConfiguredModule<Self> {
///         Self::with(Options { path })
///     }
/// }
///
/// struct AppModule;
///
/// impl Module for AppModule {
///     fn define(module: &mut ModuleBuilder) {
///         module.import_configured(SettingsModule::at("app.toml"));
///     }
/// }
///
/// assert!(Graph::of::<AppModule>().validate().is_ok());
/// ```
#[must_use = "a configured module has no effect until a module imports it: pass it to \
    `ModuleBuilder::import_configured` or `Graph::import`"]
pub struct ConfiguredModule<M> {
    additions: Additions,
    module: PhantomData<fn() -> M>,
}

/// What a [`ConfiguredModule`] adds to its module.
pub(crate) struct Additions {
    pub(crate) location: Location,
    pub(crate) is_global: bool,
    pub(crate) providers: Vec<ProviderEntry>,
    pub(crate) exports: Vec<Export>,
}

impl<M: Module> ConfiguredModule<M> {
    /// The module, without any additions yet. Reports show the place of this call as the place
    /// that configured the module.
    #[track_caller]
    #[expect(
        clippy::new_without_default,
        reason = "`default` could not record its caller"
    )]
    pub fn new() -> Self {
        Self {
            additions: Additions {
                location: Location::caller(),
                is_global: false,
                providers: Vec::new(),
                exports: Vec::new(),
            },
            module: PhantomData,
        }
    }

    /// Adds a value, which the module's providers inject as `Arc<T>`.
    #[track_caller]
    pub fn with<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.additions
            .providers
            .push(ProviderEntry::value::<M, T>(value));
        self
    }

    /// Adds a provider to the module, for a type that the module needs but does not provide.
    pub fn provide<P: Provide>(mut self) -> Self {
        self.additions.providers.push(ProviderEntry::of::<P>());
        self
    }

    /// Adds a provider to the module's exports.
    pub fn export<P: Provide>(mut self) -> Self {
        self.additions.exports.push(Export::provider::<P>());
        self
    }

    /// Makes the exports of the module visible in every module of the application.
    pub fn global(mut self) -> Self {
        self.additions.is_global = true;
        self
    }
}

impl<M: Module> From<ConfiguredModule<M>> for Import {
    fn from(configured: ConfiguredModule<M>) -> Self {
        Self::of::<M>(Some(configured.additions))
    }
}

impl<M> fmt::Debug for ConfiguredModule<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfiguredModule")
            .field("at", &self.additions.location)
            .finish_non_exhaustive()
    }
}

/// A type that can be in a module's list of exports: a provider, or an imported module. `Kind` is
/// [`ProviderKind`] or [`ModuleKind`], and is inferred.
///
/// Every provider and every module implements it. `#[module]` calls it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be exported: it is neither a provider nor a module",
    label = "neither a provider nor a module",
    note = "annotate a provider with `#[injectable]`; annotate a module with `#[module(…)]` to \
        export again all that it exports"
)]
pub trait Exported<Kind> {
    /// Adds the type to the exports of `module`.
    fn export(module: &mut ModuleBuilder);
}

/// The kind of [`Exported`] providers.
#[derive(Debug)]
pub enum ProviderKind {}

/// The kind of [`Exported`] modules.
#[derive(Debug)]
pub enum ModuleKind {}

impl<P: Provide> Exported<ProviderKind> for P {
    fn export(module: &mut ModuleBuilder) {
        module.export::<P>();
    }
}

impl<M: Module> Exported<ModuleKind> for M {
    fn export(module: &mut ModuleBuilder) {
        module.export_module::<M>();
    }
}
