//! What each module sees: its own providers, the exports of its imports, and the embedder's values
//! and seeds. Must not know which dependencies there are.

use std::any::TypeId;
use std::collections::{BTreeSet, HashMap};

use super::bind::{BoundGraph, ModuleNode};
use crate::fault::{Fault, FaultKind, Step};
use crate::module::Export;
use crate::{Key, Scope};

/// The bindings that modules see and export.
pub(super) struct Visibility {
    /// By module: the visible bindings of each key.
    seen: Vec<HashMap<Key, BTreeSet<usize>>>,
    /// By module: the exported bindings, each with the type of its provider.
    exported: Vec<BTreeSet<(TypeId, usize)>>,
}

impl Visibility {
    /// Follows imports and exports. Reports every export of a provider that the module neither
    /// provides nor imports, or of a module that it does not import.
    pub(super) fn of(graph: &BoundGraph, faults: &mut Vec<Fault>) -> Self {
        let exported = exports(graph);
        for (module, exported) in graph.modules.iter().zip(&exported) {
            let exists = |export: &Export| {
                if export.is_module {
                    module.imported_ids.contains(&export.id)
                } else {
                    exported.iter().any(|(exported, _)| *exported == export.id)
                }
            };
            for export in module.exports.iter().filter(|export| !exists(export)) {
                let (text, help) = unknown_export(module, export);
                faults.push(Fault::new(
                    FaultKind::UnknownExport,
                    text,
                    vec![Step {
                        location: module.location,
                        text: format!("`{}` is declared here", module.name),
                    }],
                    help,
                ));
            }
        }
        let seen = (0..graph.modules.len())
            .map(|module| seen_by(graph, &exported, module))
            .collect();
        Self { seen, exported }
    }

    /// The bindings of a key that a module sees, in the order of bindings.
    pub(super) fn seen(&self, module: usize, key: Key) -> Vec<usize> {
        let bindings = self.seen.get(module).and_then(|seen| seen.get(&key));
        bindings.into_iter().flatten().copied().collect()
    }

    /// The singletons that can be found by type alone, see [`by_type`](Self::by_type).
    pub(super) fn lookup(&self, graph: &BoundGraph) -> HashMap<TypeId, usize> {
        let mut all: HashMap<Key, Vec<usize>> = HashMap::new();
        for (number, binding) in graph.bindings.iter().enumerate() {
            if binding.scope == Scope::Singleton && !binding.is_pruned {
                all.entry(binding.key).or_default().push(number);
            }
        }
        let one = |key: Key, found: Vec<usize>| match self.by_type(graph, key, found).as_slice() {
            [one] => Some(*one),
            _ => None,
        };
        all.into_iter()
            .filter_map(|(key, found)| Some((key.type_id(), one(key, found)?)))
            .collect()
    }

    /// The bindings that `key` can refer to where no module is given: those that the application's
    /// module sees, or `all` bindings of the key if it sees none.
    pub(super) fn by_type(&self, graph: &BoundGraph, key: Key, all: Vec<usize>) -> Vec<usize> {
        let seen = self.seen(application(graph), key);
        if seen.is_empty() { all } else { seen }
    }

    /// Whether a module exports a binding.
    pub(super) fn exports(&self, module: usize, binding: usize) -> bool {
        self.exported[module]
            .iter()
            .any(|(_, exported)| *exported == binding)
    }
}

/// The application's module. It is the last one, because imported modules come first.
pub(super) fn application(graph: &BoundGraph) -> usize {
    graph.modules.len().saturating_sub(1)
}

/// The text and the help of the fault of an export that the module does not have.
fn unknown_export(module: &ModuleNode, export: &Export) -> (String, String) {
    let (name, module) = (&export.name, module.name);
    if export.is_module {
        (
            format!("`{module}` exports the module `{name}`, which it does not import"),
            format!("add `{name}` to the imports of `{module}`"),
        )
    } else {
        (
            format!("`{module}` exports `{name}`, which it does not provide"),
            format!(
                "add `{name}` to the providers of `{module}`, or import a module that exports it"
            ),
        )
    }
}

/// The exports of each module, including those that it exports again from its imports.
fn exports(graph: &BoundGraph) -> Vec<BTreeSet<(TypeId, usize)>> {
    let mut exported = vec![BTreeSet::new(); graph.modules.len()];
    // Imported modules come first, so one round finds all exports. If modules import each other,
    // which is a fault, the rounds go on until one adds nothing.
    loop {
        let before: usize = exported.iter().map(BTreeSet::len).sum();
        for (number, module) in graph.modules.iter().enumerate() {
            let imported = module
                .imports
                .iter()
                .flat_map(|import| exported[*import].iter().copied());
            let listed: Vec<_> = module
                .own
                .iter()
                .copied()
                .chain(imported)
                .filter(|(id, _)| module.exports.iter().any(|export| export.id == *id))
                .collect();
            let reexports = module.reexports.iter();
            let reexports: Vec<_> = reexports
                .flat_map(|import| exported[*import].iter().copied())
                .collect();
            exported[number].extend(listed.into_iter().chain(reexports));
        }
        if exported.iter().map(BTreeSet::len).sum::<usize>() == before {
            return exported;
        }
    }
}

/// All bindings that a module sees, by key.
fn seen_by(
    graph: &BoundGraph,
    exported: &[BTreeSet<(TypeId, usize)>],
    module: usize,
) -> HashMap<Key, BTreeSet<usize>> {
    let global = (0..graph.modules.len()).filter(|other| graph.modules[*other].is_global);
    let module = &graph.modules[module];
    let external =
        (0..graph.bindings.len()).filter(|binding| graph.bindings[*binding].module.is_none());
    let own = module.own.iter().map(|(_, binding)| *binding);
    let imported = module
        .imports
        .iter()
        .copied()
        .chain(global)
        .flat_map(|import| &exported[import])
        .map(|(_, binding)| *binding);
    let mut seen: HashMap<Key, BTreeSet<usize>> = HashMap::new();
    for binding in external.chain(own).chain(imported) {
        seen.entry(graph.bindings[binding].key)
            .or_default()
            .insert(binding);
    }
    seen
}
