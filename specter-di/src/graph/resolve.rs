//! Finds for each dependency the binding it means, and says where it is when the module cannot see
//! it. Must not know how long values live or in which order they are built.

use super::bind::{BoundGraph, ResolvedDependency};
use super::visibility::Visibility;
use crate::dependency::{Arity, DeclaredDependency};
use crate::fault::{Fault, FaultKind, Step};
use crate::{Key, Scope};

/// Who needs something.
struct Consumer<'a> {
    name: &'a str,
    module: usize,
}

/// Resolves every dependency of every provider and root. Each fault comes with the binding that it
/// is one of; without one it is a root's.
pub(super) fn resolve(graph: &mut BoundGraph, visible: &Visibility) -> Vec<(Option<usize>, Fault)> {
    let mut all = Vec::new();
    // Taken out while the graph is read, then put back.
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
            module: root.module,
        };
        let mut of = |dependencies: &[ResolvedDependency]| -> Vec<ResolvedDependency> {
            dependencies
                .iter()
                .map(|dependency| {
                    resolve_dependency(graph, &consumer, dependency, visible, &mut faults)
                })
                .collect()
        };
        roots.push((of(&root.dependencies), of(&root.required)));
    }
    for (root, (dependencies, required)) in graph.roots.iter_mut().zip(roots) {
        root.dependencies = dependencies;
        root.required = required;
    }
    all.extend(faults.into_iter().map(|fault| (None, fault)));
    all
}

/// Resolves what the embedder takes by type alone: what the application's module sees one of, else
/// what there is one of.
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
            faults.push(not_one(graph, &dependency.declared, targets));
        }
    }
    for (dependency, targets) in graph.required.iter_mut().zip(found) {
        dependency.targets = targets;
    }
    faults
}

/// The bindings of a key that are given or that stand in a module's list.
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

/// A fault for what the embedder takes by type alone, where there is none or there are several.
fn not_one(graph: &BoundGraph, declared: &DeclaredDependency, targets: &[usize]) -> Fault {
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
    let help = "let the application's module see one of them: by its providers or its imports";
    Fault::new(FaultKind::Ambiguous, text, steps, help.to_owned())
}

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
            faults.push(unseen(graph, consumer, &declared, visible));
        }
        _ => faults.push(ambiguous(graph, consumer, &declared, &targets)),
    }
    ResolvedDependency { declared, targets }
}

fn needed_here(graph: &BoundGraph, consumer: &Consumer<'_>, declared: &DeclaredDependency) -> Step {
    let module = graph.modules[consumer.module].name;
    Step {
        location: declared.location,
        text: format!(
            "`{}` in `{module}` needs it as `{}`",
            consumer.name, declared.label
        ),
    }
}

fn ambiguous(
    graph: &BoundGraph,
    consumer: &Consumer<'_>,
    declared: &DeclaredDependency,
    targets: &[usize],
) -> Fault {
    let key = graph.name_of(declared.key);
    let mut steps = vec![needed_here(graph, consumer, declared)];
    steps.extend(targets.iter().map(|target| provided_here(graph, *target)));
    Fault::new(
        FaultKind::Ambiguous,
        format!(
            "`{key}` has {} providers in `{}`",
            targets.len(),
            graph.modules[consumer.module].name
        ),
        steps,
        format!("leave one of them in the module's sight, or take all of them as `Vec<{key}>`"),
    )
}

fn provided_here(graph: &BoundGraph, target: usize) -> Step {
    let binding = &graph.bindings[target];
    let text = match binding.module {
        Some(module) => format!(
            "`{}` in `{}` provides it",
            binding.name, graph.modules[module].name
        ),
        None => format!("`{}` is given to every module", binding.name),
    };
    Step {
        location: binding.location,
        text,
    }
}

/// A fault for a key that the consumer's module does not see: provided elsewhere, or nowhere.
fn unseen(
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
        missing(graph, consumer, declared)
    } else {
        hidden(graph, consumer, declared, &elsewhere, visible)
    }
}

fn hidden(
    graph: &BoundGraph,
    consumer: &Consumer<'_>,
    declared: &DeclaredDependency,
    elsewhere: &[usize],
    visible: &Visibility,
) -> Fault {
    let here = &graph.modules[consumer.module];
    let mut steps = vec![needed_here(graph, consumer, declared)];
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

fn missing(graph: &BoundGraph, consumer: &Consumer<'_>, declared: &DeclaredDependency) -> Fault {
    let key = declared.key;
    let mut steps = vec![needed_here(graph, consumer, declared)];
    steps.extend(
        graph
            .bindings
            .iter()
            .filter(|binding| binding.key.name() == key.name())
            .map(|binding| Step {
                location: binding.location,
                text: format!(
                    "`{}` provides another type of that name: `{}`",
                    binding.name,
                    binding.key.path()
                ),
            }),
    );
    let module = &graph.modules[consumer.module];
    let help = match key.pointee() {
        _ if steps.len() > 1 => "use the type that is provided, or provide this one too".to_owned(),
        Some(pointee) if pointee.starts_with("dyn ") => format!(
            "annotate a function that returns `{key}` with `#[injectable]`, and add it to the \
             providers of `{}` ({})",
            module.name, module.location
        ),
        Some(pointee) => by_value(graph, key, &pointee).unwrap_or_else(|| {
            format!(
                "annotate `{pointee}`, or a function that returns it, with `#[injectable]`, and add it to the \
                 providers of `{}` ({})",
                module.name, module.location
            )
        }),
        None => format!("`{key}` is taken by value, so the framework would have to give it, and \
            does not: take it out"),
    };
    Fault::new(
        FaultKind::Missing,
        format!("nothing provides `{}`", graph.name_of(key)),
        steps,
        help,
    )
}

/// For an `Arc<T>` that nobody provides: whether `T` itself is a value of the embedder.
fn by_value(graph: &BoundGraph, key: Key, pointee: &str) -> Option<String> {
    let given = graph
        .bindings
        .iter()
        .filter(|binding| binding.module.is_none());
    given
        .map(|binding| binding.key.name())
        .find(|name| name == pointee)
        .map(|name| format!("the framework gives `{name}` by value: take `{name}`, not `{key}`"))
}
