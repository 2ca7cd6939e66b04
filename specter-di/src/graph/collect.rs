//! Collects all modules that the application's module imports, directly or indirectly.

use std::any::TypeId;
use std::collections::HashSet;

use crate::Location;
use crate::module::{Additions, Import, ModuleBuilder};

/// The modules of a graph.
#[derive(Default)]
pub(super) struct CollectedModules {
    /// Imported modules precede those that import them.
    pub(super) modules: Vec<ModuleBuilder>,
    /// Each configured module, with the place that configured it.
    configurations: Vec<(TypeId, Location)>,
    /// The modules that were visited.
    visited: HashSet<TypeId>,
    /// The additions of configured modules, until all modules are collected.
    pending: Vec<(TypeId, Additions)>,
}

impl CollectedModules {
    /// The application's module and all modules that it imports.
    pub(super) fn from(application: ModuleBuilder) -> Self {
        let mut collected = Self::default();
        collected.visited.insert(application.id);
        collected.add(application);
        collected.apply_additions();
        collected
    }

    /// The indices of the modules that were configured more than once, each with all the places.
    pub(super) fn configured_twice(&self) -> Vec<(usize, Vec<Location>)> {
        let places = |module: &ModuleBuilder| -> Vec<Location> {
            let all = self.configurations.iter();
            let own = all.filter(|(id, _)| *id == module.id);
            own.map(|(_, location)| *location).collect()
        };
        let modules = self.modules.iter().map(places).enumerate();
        modules.filter(|(_, places)| places.len() > 1).collect()
    }

    /// Adds an import to the application's module. Without modules it does nothing.
    pub(super) fn import(&mut self, import: Import) {
        let Some(mut application) = self.modules.pop() else {
            return;
        };
        if application
            .imports
            .iter()
            .all(|other| other.id != import.id)
        {
            application.imports.push(Import {
                id: import.id,
                define: import.define,
                additions: None,
            });
        }
        self.follow(import);
        self.modules.push(application);
        self.apply_additions();
    }

    /// Adds a module after the modules that it imports.
    fn add(&mut self, mut module: ModuleBuilder) {
        for import in &mut module.imports {
            let additions = import.additions.take();
            self.follow(Import {
                id: import.id,
                define: import.define,
                additions,
            });
        }
        self.modules.push(module);
    }

    /// Adds an imported module, unless it was visited before.
    fn follow(&mut self, import: Import) {
        if let Some(additions) = import.additions {
            self.configurations.push((import.id, additions.location));
            self.pending.push((import.id, additions));
        }
        if self.visited.insert(import.id) {
            self.add((import.define)());
        }
    }

    /// Adds the pending additions to their modules.
    fn apply_additions(&mut self) {
        for (id, additions) in self.pending.drain(..) {
            if let Some(module) = self.modules.iter_mut().find(|module| module.id == id) {
                module.is_global |= additions.is_global;
                module.providers.extend(additions.providers);
                module.exports.extend(additions.exports);
            }
        }
    }
}
