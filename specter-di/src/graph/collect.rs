//! Collects all modules that are reachable from the root module.

use std::any::TypeId;
use std::collections::HashSet;

use crate::Location;
use crate::module::{Additions, Import, ModuleBuilder};

/// The modules of a graph.
#[derive(Default)]
pub(super) struct Collected {
    /// Imports before those that import them.
    pub(super) modules: Vec<ModuleBuilder>,
    /// Where modules were configured, each time.
    configured: Vec<(TypeId, Location)>,
    entered: HashSet<TypeId>,
    /// What modules are given, until all are there.
    waiting: Vec<(TypeId, Additions)>,
}

impl Collected {
    /// A module and all that it imports.
    pub(super) fn from(root: ModuleBuilder) -> Self {
        let mut collected = Self::default();
        collected.entered.insert(root.id);
        collected.enter(root);
        collected.settle();
        collected
    }

    /// The modules that were configured more than once, by their number, with all the places.
    pub(super) fn configured_twice(&self) -> Vec<(usize, Vec<Location>)> {
        let places = |module: &ModuleBuilder| -> Vec<Location> {
            let of_it = self.configured.iter().filter(|(id, _)| *id == module.id);
            of_it.map(|(_, location)| *location).collect()
        };
        let modules = self.modules.iter().map(places).enumerate();
        modules.filter(|(_, places)| places.len() > 1).collect()
    }

    /// Lets the module that the graph was collected from import another one.
    pub(super) fn import(&mut self, import: Import) {
        let Some(mut root) = self.modules.pop() else {
            return;
        };
        if root.imports.iter().all(|known| known.id != import.id) {
            root.imports.push(Import {
                id: import.id,
                define: import.define,
                additions: None,
            });
        }
        self.follow(import);
        self.modules.push(root);
        self.settle();
    }

    fn enter(&mut self, mut module: ModuleBuilder) {
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

    fn follow(&mut self, import: Import) {
        if let Some(additions) = import.additions {
            self.configured.push((import.id, additions.location));
            self.waiting.push((import.id, additions));
        }
        if self.entered.insert(import.id) {
            self.enter((import.define)());
        }
    }

    /// Gives the modules what they were configured with.
    fn settle(&mut self) {
        for (id, additions) in self.waiting.drain(..) {
            if let Some(module) = self.modules.iter_mut().find(|module| module.id == id) {
                module.is_global |= additions.is_global;
                module.providers.extend(additions.providers);
                module.exports.extend(additions.exports);
            }
        }
    }
}
