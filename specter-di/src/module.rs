//! How providers and roots are grouped, and what a group shows to those that import it.
//! Must not know how what is listed is resolved.

use std::any::TypeId;

use crate::{Location, Provide, Provider, Root};

/// A group of providers and roots. They see the providers of their own module and what its imports export.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a module",
    label = "not a module",
    note = "annotate it with `#[module(…)]`: `#[module(controllers = […], providers = […])] struct ChatModule;`",
    note = "a controller is listed under `controllers`, or started alone by `App::of`; a provider is listed under `providers`"
)]
pub trait Module: 'static {
    /// Lists what the module consists of.
    fn define(module: &mut ModuleBuilder);
}

/// The list that a [`Module`] fills in.
pub struct ModuleBuilder {
    pub(crate) id: TypeId,
    pub(crate) name: &'static str,
    pub(crate) location: Location,
    pub(crate) imports: Vec<Import>,
    pub(crate) providers: Vec<Listed>,
    pub(crate) exports: Vec<Export>,
    pub(crate) roots: Vec<Root>,
}

/// A module that another one imports.
#[derive(Clone, Copy)]
pub(crate) struct Import {
    pub(crate) id: TypeId,
    pub(crate) define: fn() -> ModuleBuilder,
}

/// A provider in a module's list. `id` is that of the type that provides, not of what it provides.
pub(crate) struct Listed {
    pub(crate) id: TypeId,
    pub(crate) provider: Provider,
}

/// A provider in a module's list of exports.
pub(crate) struct Export {
    pub(crate) id: TypeId,
    pub(crate) name: &'static str,
}

impl ModuleBuilder {
    pub(crate) fn of<M: Module>() -> Self {
        let path = std::any::type_name::<M>();
        let mut module = Self {
            id: TypeId::of::<M>(),
            name: path.rsplit("::").next().unwrap_or(path),
            location: Location {
                file: path,
                line: 0,
                column: 0,
            },
            imports: Vec::new(),
            providers: Vec::new(),
            exports: Vec::new(),
            roots: Vec::new(),
        };
        M::define(&mut module);
        module
    }

    /// Names the module for reports, and says where it was declared. Without it the type's name stands.
    pub fn name(&mut self, name: &'static str, location: Location) {
        self.name = name;
        self.location = location;
    }

    /// Makes what `M` exports visible in this module.
    pub fn import<M: Module>(&mut self) {
        self.imports.push(Import {
            id: TypeId::of::<M>(),
            define: Self::of::<M>,
        });
    }

    /// Adds a provider. This module is its only owner.
    pub fn provide<P: Provide>(&mut self) {
        self.providers.push(Listed {
            id: TypeId::of::<P>(),
            provider: P::provider(),
        });
    }

    /// Shows a provider, of this module or exported by an import, to the modules that import this one.
    pub fn export<P: Provide>(&mut self) {
        self.exports.push(Export {
            id: TypeId::of::<P>(),
            name: P::provider().name,
        });
    }

    /// Adds a root.
    pub fn root(&mut self, root: Root) {
        self.roots.push(root);
    }
}
