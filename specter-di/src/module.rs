//! How providers and roots are grouped, and what a group shows to those that import it.
//! Must not know how what is listed is resolved.

use std::any::TypeId;
use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::configured::{Additions, ConfiguredModule};
use crate::{Location, Provide, Provider, Root};

/// A group of providers and roots. They see the providers of their own module and what its imports
/// export.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a module",
    label = "not a module",
    note = "annotate it with `#[module(…)]`: `#[module(controllers = […], providers = […])] \
        struct ChatModule;`",
    note = "a controller is listed under `controllers`, or started alone by `App::of`; a provider \
        is listed under `providers`"
)]
pub trait Module: 'static {
    /// Lists what the module consists of.
    fn define(module: &mut ModuleBuilder);

    /// The module with a value of its own, such as its options: its providers inject it as
    /// `Arc<T>`.
    ///
    /// It is imported in place of the module, and more values can follow: see [`ConfiguredModule`].
    #[track_caller]
    fn with<T: Send + Sync + 'static>(value: T) -> ConfiguredModule<Self>
    where
        Self: Sized,
    {
        ConfiguredModule::new().with(value)
    }
}

/// The list that a [`Module`] fills in.
pub struct ModuleBuilder {
    pub(crate) id: TypeId,
    pub(crate) name: &'static str,
    pub(crate) location: Location,
    pub(crate) is_global: bool,
    pub(crate) imports: Vec<Import>,
    pub(crate) providers: Vec<Listed>,
    pub(crate) exports: Vec<Export>,
    pub(crate) roots: Vec<Root>,
}

/// A module that another one imports.
pub(crate) struct Import {
    pub(crate) id: TypeId,
    pub(crate) define: fn() -> ModuleBuilder,
    pub(crate) additions: Option<Additions>,
}

/// A provider in a module's list. `id` is that of the type that provides, not of what it provides.
pub(crate) struct Listed {
    pub(crate) id: TypeId,
    pub(crate) provider: Provider,
}

/// What stands in a module's list of exports.
pub(crate) struct Export {
    pub(crate) id: TypeId,
    pub(crate) name: Cow<'static, str>,
    /// An imported module, all of whose exports are passed on.
    pub(crate) is_module: bool,
}

impl Import {
    pub(crate) fn of<M: Module>(additions: Option<Additions>) -> Self {
        Self {
            id: TypeId::of::<M>(),
            define: ModuleBuilder::of::<M>,
            additions,
        }
    }
}

impl Listed {
    pub(crate) fn of<P: Provide>() -> Self {
        Self {
            id: TypeId::of::<P>(),
            provider: P::provider(),
        }
    }

    /// A value that belongs to `M`. Nobody can export it: it has no provider to name.
    #[track_caller]
    pub(crate) fn value<M: Module, T: Send + Sync + 'static>(value: T) -> Self {
        /// What stands for the provider.
        struct ValueOf<M, T>(PhantomData<(M, T)>);
        Self {
            id: TypeId::of::<ValueOf<M, T>>(),
            provider: Provider::value(Arc::new(value), Location::caller()),
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
            imports: Vec::new(),
            providers: Vec::new(),
            exports: Vec::new(),
            roots: Vec::new(),
        };
        M::define(&mut module);
        module
    }

    /// Names the module for reports, and says where it was declared. Without it the type's name
    /// stands.
    pub fn name(&mut self, name: &'static str, location: Location) {
        self.name = name;
        self.location = location;
    }

    /// Lets every module of the application see what this one exports, once some module imports it.
    pub fn global(&mut self) {
        self.is_global = true;
    }

    /// Makes what `M` exports visible in this module.
    pub fn import<M: Module>(&mut self) {
        self.imports.push(Import::of::<M>(None));
    }

    /// As [`import`](Self::import), of a module that is given values or providers:
    /// `ConfigModule::with(options)`.
    pub fn import_configured<M: Module>(&mut self, module: ConfiguredModule<M>) {
        self.imports.push(module.into());
    }

    /// Adds a provider. This module is its only owner.
    pub fn provide<P: Provide>(&mut self) {
        self.providers.push(Listed::of::<P>());
    }

    /// Shows a provider, of this module or exported by an import, to the modules that import this
    /// one.
    pub fn export<P: Provide>(&mut self) {
        self.exports.push(Export {
            id: TypeId::of::<P>(),
            name: P::provider().name,
            is_module: false,
        });
    }

    /// Shows all that an imported module exports to the modules that import this one.
    pub fn export_module<M: Module>(&mut self) {
        self.exports.push(Export {
            id: TypeId::of::<M>(),
            name: last_segment::<M>().into(),
            is_module: true,
        });
    }

    /// Adds a root.
    pub fn root(&mut self, root: Root) {
        self.roots.push(root);
    }
}

fn last_segment<M>() -> &'static str {
    let path = std::any::type_name::<M>();
    path.rsplit("::").next().unwrap_or(path)
}

/// What can stand in a module's list of exports: a provider, or an imported module. `Kind` tells
/// which and is inferred.
///
/// It is implemented; a macro calls it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be exported: it is neither a provider nor a module",
    label = "neither a provider nor a module",
    note = "annotate it with `#[injectable]`, or with `#[module(…)]` to pass on all that it exports"
)]
pub trait Exported<Kind> {
    /// Adds it to the exports.
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
