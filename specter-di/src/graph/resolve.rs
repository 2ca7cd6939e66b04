//! Resolves each dependency to the bindings that provide it, and explains why a module does not see
//! exactly one. `missing` explains why nothing provides it. Must not know how long values live or
//! in which order they are built.

use super::bind::{BoundGraph, ResolvedDependency};
use super::missing::{self, Consumer};
use super::visibility::Visibility;
use crate::dependency::{Arity, DeclaredDependency};
use crate::fault::{Fault, FaultKind, Step};
use crate::{Key, Scope};

/// Resolves every dependency of every provider and root. Each fault comes with the binding that has
/// the dependency, or `None` if a root has it.
pub(super) fn resolve(graph: &mut BoundGraph, visible: &Visibility) -> Vec<(Option<usize>, Fault)> {
    let mut all = Vec::new();
    // The resolved dependencies are collected first, because resolving reads the whole graph.
    let mut dependencies: Vec<Vec<ResolvedDependency>> = Vec::with_capacity(graph.bindings.len());
    for number in 0..graph.bindings.len() {
        let mut faults = Vec::new();
        dependencies.push(resolve_dependencies(graph, number, visible, &mut faults));
        all.extend(faults.into_iter().map(|fault| (Some(number), fault)));
    }
    for (binding, dependencies) in graph.bindings.iter_mut().zip(dependencies) {
        binding.dependencies = dependencies;
    }
    let mut faults = Vec::new();
    let mut roots = Vec::with_capacity(graph.roots.len());
    for (root, info) in graph.roots.iter().zip(&graph.infos) {
        let consumer = Consumer {
            name: info.name,
            crate_name: root.crate_name,
            module: root.module,
        };
        let mut resolve_all = |dependencies: &[ResolvedDependency]| -> Vec<ResolvedDependency> {
            dependencies
                .iter()
                .map(|dependency| {
                    resolve_dependency(graph, &consumer, dependency, visible, &mut faults)
                })
                .collect()
        };
        roots.push((resolve_all(&root.dependencies), resolve_all(&root.required)));
    }
    for (root, (dependencies, required)) in graph.roots.iter_mut().zip(roots) {
        root.dependencies = dependencies;
        root.required = required;
    }
    all.extend(faults.into_iter().map(|fault| (None, fault)));
    all
}

/// Resolves the singletons that the embedder takes by type alone. Each is the one that the
/// application's module sees, or the only one of the graph if that module sees none.
pub(super) fn required(graph: &mut BoundGraph, visible: &Visibility) -> Vec<Fault> {
    let mut faults = Vec::new();
    let found: Vec<_> = graph
        .required
        .iter()
        .map(|dependency| {
            let key = dependency.declared.key;
            let listed = listed(graph, key);
            let is_singleton = |binding: &usize| graph.bindings[*binding].scope == Scope::Singleton;
            let singletons: Vec<_> = listed.iter().copied().filter(is_singleton).collect();
            let all = if singletons.is_empty() {
                listed
            } else {
                singletons
            };
            visible.by_type(graph, key, all)
        })
        .collect();
    for (dependency, targets) in graph.required.iter().zip(&found) {
        if targets.len() != 1 {
            faults.push(not_exactly_one(graph, &dependency.declared, targets));
        }
    }
    for (dependency, targets) in graph.required.iter_mut().zip(found) {
        dependency.targets = targets;
    }
    faults
}

/// The external values of a key, and its bindings that a module lists.
fn listed(graph: &BoundGraph, key: Key) -> Vec<usize> {
    let is_listed = |number: usize| match graph.bindings[number].module {
        Some(module) => graph.modules[module]
            .own
            .iter()
            .any(|(_, own)| *own == number),
        None => true,
    };
    let bindings = 0..graph.bindings.len();
    bindings
        .filter(|number| graph.bindings[*number].key == key && is_listed(*number))
        .collect()
}

/// The fault of a value that the embedder takes by its type alone, if the type has no binding or
/// several.
fn not_exactly_one(graph: &BoundGraph, declared: &DeclaredDependency, targets: &[usize]) -> Fault {
    let key = graph.name_of(declared.key);
    let role = declared.label;
    let mut steps = vec![Step {
        location: declared.location,
        text: format!("the application takes it as {role}"),
    }];
    if targets.is_empty() {
        let name = declared.key.inner_name();
        let help = format!(
            "annotate `{name}` with `#[injectable]`, and add it to the providers of a module"
        );
        let text = format!("nothing provides `{key}`");
        return Fault::new(FaultKind::Missing, text, steps, help);
    }
    steps.extend(targets.iter().map(|target| provided_here(graph, *target)));
    let text = format!("`{key}` has {} providers in the application", targets.len());
    let help = "make exactly one of them visible to the application's module, as its own provider \
        or through an import";
    Fault::new(FaultKind::Ambiguous, text, steps, help.to_owned())
}

/// The resolved dependencies of a binding.
fn resolve_dependencies(
    graph: &BoundGraph,
    number: usize,
    visible: &Visibility,
    faults: &mut Vec<Fault>,
) -> Vec<ResolvedDependency> {
    let binding = &graph.bindings[number];
    let Some(module) = binding.module else {
        return Vec::new();
    };
    let consumer = Consumer {
        name: &binding.name,
        crate_name: binding.crate_name,
        module,
    };
    binding
        .dependencies
        .iter()
        .map(|dependency| resolve_dependency(graph, &consumer, dependency, visible, faults))
        .collect()
}

fn resolve_dependency(
    graph: &BoundGraph,
    consumer: &Consumer<'_>,
    dependency: &ResolvedDependency,
    visible: &Visibility,
    faults: &mut Vec<Fault>,
) -> ResolvedDependency {
    let declared = dependency.declared;
    if !dependency.targets.is_empty() {
        return ResolvedDependency {
            declared,
            targets: dependency.targets.clone(),
        };
    }
    let targets = visible.seen(consumer.module, declared.key);
    match (declared.arity, targets.len()) {
        (Arity::Many, _) | (Arity::Optional, 0) | (_, 1) => {}
        (Arity::One | Arity::Deferred, 0) => {
            faults.push(not_seen(graph, consumer, &declared, visible));
        }
        _ => faults.push(ambiguous(graph, consumer, &declared, &targets)),
    }
    ResolvedDependency { declared, targets }
}

fn ambiguous(
    graph: &BoundGraph,
    consumer: &Consumer<'_>,
    declared: &DeclaredDependency,
    targets: &[usize],
) -> Fault {
    let key = graph.name_of(declared.key);
    let mut steps = vec![consumer.needs(graph, declared)];
    steps.extend(targets.iter().map(|target| provided_here(graph, *target)));
    Fault::new(
        FaultKind::Ambiguous,
        format!(
            "`{key}` has {} providers in `{}`",
            targets.len(),
            graph.modules[consumer.module].name
        ),
        steps,
        format!(
            "make only one of them visible to the module (it sees its own providers and the exports \
             of its imports), or take all of them as `Vec<{key}>`"
        ),
    )
}

fn provided_here(graph: &BoundGraph, target: usize) -> Step {
    let binding = &graph.bindings[target];
    let text = match binding.module {
        Some(module) => format!(
            "`{}` in `{}` provides it",
            binding.name, graph.modules[module].name
        ),
        None => format!(
            "`{}` is added to the graph, and visible in every module",
            binding.name
        ),
    };
    Step {
        location: binding.location,
        text,
    }
}

/// The fault of a dependency that the consumer's module does not see: another module provides it,
/// or nothing does.
fn not_seen(
    graph: &BoundGraph,
    consumer: &Consumer<'_>,
    declared: &DeclaredDependency,
    visible: &Visibility,
) -> Fault {
    let elsewhere: Vec<usize> = (0..graph.bindings.len())
        .filter(|binding| graph.bindings[*binding].key == declared.key)
        .filter(|binding| !graph.bindings[*binding].is_pruned)
        .collect();
    if elsewhere.is_empty() {
        missing::fault(graph, consumer, declared)
    } else {
        not_visible(graph, consumer, declared, &elsewhere, visible)
    }
}

/// The fault of a dependency that is provided by other modules, but not visibly to the consumer's
/// module.
fn not_visible(
    graph: &BoundGraph,
    consumer: &Consumer<'_>,
    declared: &DeclaredDependency,
    elsewhere: &[usize],
    visible: &Visibility,
) -> Fault {
    let here = &graph.modules[consumer.module];
    let mut steps = vec![consumer.needs(graph, declared)];
    let mut helps = Vec::new();
    for target in elsewhere {
        let binding = &graph.bindings[*target];
        let Some(owner) = binding.module else {
            continue;
        };
        let exported = visible.exports(owner, *target);
        let imported = here.imports.contains(&owner) || graph.modules[owner].is_global;
        let name = &binding.name;
        let owner = &graph.modules[owner];
        let export = format!(
            "add `{name}` to the exports of `{}` ({})",
            owner.name, owner.location
        );
        let import = format!(
            "`{}` to the imports of `{}` ({})",
            owner.name, here.name, here.location
        );
        let (why, help) = match (exported, imported) {
            (true, _) => (
                format!("`{}` does not import that module", here.name),
                format!("add {import}"),
            ),
            (false, true) => ("that module does not export it".to_owned(), export),
            (false, false) => (
                format!(
                    "that module does not export it, and `{}` does not import that module",
                    here.name
                ),
                format!("{export} and {import}"),
            ),
        };
        let text = format!("`{name}` in `{}` provides it, but {why}", owner.name);
        steps.push(Step {
            location: binding.location,
            text,
        });
        helps.push(help);
    }
    let key = graph.name_of(declared.key);
    Fault::new(
        FaultKind::NotVisible,
        format!("`{key}` is provided, but `{}` does not see it", here.name),
        steps,
        helps.join("; or "),
    )
}
