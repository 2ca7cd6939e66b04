//! The graph of an application: its modules and what the embedder adds to them, collected and validated.
//! Owns the order of the checks. Must not build anything.

mod bind;
mod check;
mod compile;
mod resolve;
mod visibility;
mod walk;

use std::collections::HashSet;
use std::sync::Arc;

pub(crate) use bind::{Binding, BoundRoot, Draft, Need, Source};
pub(crate) use compile::{Compiler, Row, Step, TooLarge};

use crate::fault::Report;
use crate::module::{Import, Module, ModuleBuilder};
use crate::plan::Plan;
use crate::slot::Slot;
use crate::{Key, Location};

/// The modules of an application, reached from one of them, and what every module sees besides.
///
/// The default one has no modules.
pub struct Graph {
    name: &'static str,
    /// Imports before those that import them.
    modules: Vec<ModuleBuilder>,
    values: Vec<(Given, Slot)>,
    seeds: Vec<Given>,
    scope_name: &'static str,
}

/// A value or seed that the embedder gives.
pub(crate) struct Given {
    pub(crate) key: Key,
    pub(crate) name: String,
    pub(crate) location: Location,
}

impl Default for Graph {
    fn default() -> Self {
        Self {
            name: "nothing",
            modules: Vec::new(),
            values: Vec::new(),
            seeds: Vec::new(),
            scope_name: "scope",
        }
    }
}

impl Graph {
    /// Collects `M` and all that it imports.
    pub fn of<M: Module>() -> Self {
        let root = ModuleBuilder::of::<M>();
        let name = root.name;
        let mut modules = Vec::new();
        let mut entered = HashSet::from([root.id]);
        collect(root, &mut entered, &mut modules);
        Self {
            name,
            modules,
            ..Self::default()
        }
    }

    /// The name of the module that it was collected from.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What [`Root::meta`](crate::Root::meta) attached to the roots, in their order; those without an `M` are left out.
    pub fn root_metas<M: std::any::Any>(&self) -> impl Iterator<Item = &M> {
        let roots = self.modules.iter().flat_map(|module| &module.roots);
        roots.filter_map(|root| root.meta.as_deref()?.downcast_ref())
    }

    /// Says what [`Scope::Scoped`](crate::Scope::Scoped) is called in reports, `request` for example.
    pub fn scope_name(&mut self, name: &'static str) {
        self.scope_name = name;
    }

    /// Declares a value that is given whenever a scope is opened. Every module sees it; singletons must not reach it.
    #[track_caller]
    pub fn seed<V: Clone + Send + Sync + 'static>(&mut self, name: &'static str) {
        self.seeds.push(Given {
            key: Key::of::<V>(),
            name: name.to_owned(),
            location: Location::caller(),
        });
    }

    /// Adds a singleton that every module sees.
    #[track_caller]
    pub fn value<V: Clone + Send + Sync + 'static>(&mut self, value: V) {
        let key = Key::of::<V>();
        let given = Given {
            key,
            name: key.name(),
            location: Location::caller(),
        };
        self.values.push((given, Box::new(value)));
    }

    /// Adds a singleton that every module sees as `Arc<T>`.
    #[track_caller]
    pub fn provide<T: Send + Sync + 'static>(&mut self, value: T) {
        self.value(Arc::new(value));
    }

    /// Checks everything and compiles the plan.
    ///
    /// # Errors
    ///
    /// All that is wrong, not only the first.
    pub fn validate(self) -> Result<Plan, Report> {
        let Self {
            name,
            modules,
            values,
            seeds,
            scope_name,
        } = self;
        let mut faults = Vec::new();
        let mut draft = Draft::new(modules, values, seeds, scope_name, &mut faults);
        check::module_cycles(&draft, &mut faults);
        let visible = visibility::Visibility::of(&draft, &mut faults);
        resolve::resolve(&mut draft, &visible, &mut faults);
        let order = check::dependency_order(&draft, &mut faults);
        check::scopes(&draft, &mut faults);
        if !faults.is_empty() {
            return Err(Report::new(name, faults));
        }
        let lookup = visible.lookup(&draft);
        Plan::compile(draft, &order, lookup).map_err(|fault| Report::new(name, vec![fault]))
    }
}

fn collect(
    module: ModuleBuilder,
    entered: &mut HashSet<std::any::TypeId>,
    modules: &mut Vec<ModuleBuilder>,
) {
    for Import { id, define } in module.imports.clone() {
        if entered.insert(id) {
            collect(define(), entered, modules);
        }
    }
    modules.push(module);
}
