//! A module with the options or providers that its importer passes to it.

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;

use crate::module::{Export, Import, Listed};
use crate::{Location, Module, Provide};

/// A module and what it is given where it is imported: `ConfigModule::with(options)`.
///
/// It stands in a list of imports in place of the module. What it is given belongs to the module:
/// its providers see it, its importers only what the module exports. A module is configured in one
/// place; others import it as it is.
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
///     options: Arc<Options>, // what `SettingsModule` is given
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
/// // A module can have constructors of its own that say what it wants.
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
#[must_use = "a configured module is imported, or does nothing"]
pub struct ConfiguredModule<M> {
    additions: Additions,
    module: PhantomData<fn() -> M>,
}

/// What a module is given.
pub(crate) struct Additions {
    pub(crate) location: Location,
    pub(crate) is_global: bool,
    pub(crate) providers: Vec<Listed>,
    pub(crate) exports: Vec<Export>,
}

impl<M: Module> ConfiguredModule<M> {
    /// The module, given nothing yet.
    #[track_caller]
    #[expect(clippy::new_without_default, reason = "it notes where it was called")]
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

    /// Gives it a value, which its providers inject as `Arc<T>`.
    #[track_caller]
    pub fn with<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.additions.providers.push(Listed::value::<M, T>(value));
        self
    }

    /// Gives it a provider, for a type that it needs and leaves to its importer.
    pub fn provide<P: Provide>(mut self) -> Self {
        self.additions.providers.push(Listed::of::<P>());
        self
    }

    /// Lets it export a provider.
    pub fn export<P: Provide>(mut self) -> Self {
        self.additions.exports.push(Export {
            id: TypeId::of::<P>(),
            name: P::provider().name,
            is_module: false,
        });
        self
    }

    /// Lets every module see what it exports.
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
