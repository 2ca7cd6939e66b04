//! Checks of the resolved graph: modules that are configured twice, circles of modules, circles of
//! providers, singletons that depend on values with a shorter life, values that have to be
//! singletons, and bound values that nothing uses. Must not change the graph.

use std::collections::BTreeSet;

use super::bind::{Binding, BoundGraph};
use super::walk::walk;
use crate::dependency::{Arity, DeclaredDependency};
use crate::fault::{Fault, FaultKind, Step};
use crate::{Location, Scope};

/// Reports modules that were configured in several places.
pub(super) fn configurations(
    graph: &BoundGraph,
    twice: &[(usize, Vec<Location>)],
    faults: &mut Vec<Fault>,
) {
    for (number, places) in twice {
        let name = graph.modules[*number].name;
        let steps = places.iter().map(|location| Step {
            location: *location,
            text: format!("`{name}` is configured here"),
        });
        faults.push(Fault::new(
            FaultKind::ConfiguredTwice,
            format!("`{name}` is configured more than once"),
            steps.collect(),
            format!(
                "configure `{name}` in one place, and import it without configuration in the others"
            ),
        ));
    }
}

/// Reports modules that import each other or themselves.
pub(super) fn module_cycles(graph: &BoundGraph, faults: &mut Vec<Fault>) {
    let edges: Vec<_> = graph
        .modules
        .iter()
        .map(|module| module.imports.clone())
        .collect();
    // The application's module comes last. The walk starts there, so that a path reads in the order
    // in which a user follows the imports.
    for cycle in walk(&edges, (0..edges.len()).rev()).cycles {
        let module = |number: usize| &graph.modules[number];
        let steps = pairs(&cycle).map(|(from, to)| Step {
            location: module(from).location,
            text: format!("`{}` imports `{}`", module(from).name, module(to).name),
        });
        let path = path_of(cycle.iter().map(|number| module(*number).name));
        let text = format!("modules import each other: {path}");
        let help =
            "remove one of these imports: a module of its own, which imports none of them, can \
            provide what several of them need"
                .to_owned();
        faults.push(Fault::new(
            FaultKind::CircularModules,
            text,
            steps.collect(),
            help,
        ));
    }
}

/// All bindings in an order in which dependencies come first. Reports circles of dependencies.
pub(super) fn dependency_order(graph: &BoundGraph, faults: &mut Vec<Fault>) -> Vec<usize> {
    let edges: Vec<Vec<usize>> = graph
        .bindings
        .iter()
        .map(|binding| {
            binding
                .dependencies
                .iter()
                // A deferred dependency is built later, so it closes no circle.
                .filter(|dependency| dependency.declared.arity != Arity::Deferred)
                .flat_map(|dependency| dependency.targets.iter().copied())
                .collect()
        })
        .collect();
    let found = walk(&edges, 0..edges.len());
    for cycle in found.cycles {
        let steps = pairs(&cycle)
            .map(|(from, to)| takes(graph, from, to))
            .collect();
        let path = path_of(
            cycle
                .iter()
                .map(|number| graph.bindings[*number].name.as_str()),
        );
        let text = format!("providers depend on each other: {path}");
        let lazy = pairs(&cycle).find_map(|(from, to)| lazy_instead(graph, from, to));
        let lazy = lazy.map_or(String::new(), |lazy| format!("{lazy}, "));
        let help = format!(
            "{lazy}move what they share into a provider of its own, or pass one of them to the \
             other's methods"
        );
        faults.push(Fault::new(FaultKind::Circular, text, steps, help));
    }
    found.order
}

/// Reports singletons that depend, directly or through transient providers, on values that exist
/// only within a scope.
pub(super) fn scopes(graph: &BoundGraph, faults: &mut Vec<Fault>) {
    for (number, binding) in graph.bindings.iter().enumerate() {
        if binding.scope == Scope::Singleton {
            find_scoped(
                graph,
                &mut vec![number],
                &mut vec![false; graph.bindings.len()],
                faults,
            );
        }
    }
}

/// Follows the dependencies of the last binding of `path` through transient providers. `seen` marks
/// the bindings that were visited for the singleton at the start of `path`, so that each scoped
/// binding is reported once for it.
fn find_scoped(
    graph: &BoundGraph,
    path: &mut Vec<usize>,
    seen: &mut [bool],
    faults: &mut Vec<Fault>,
) {
    let Some(&last) = path.last() else { return };
    for target in graph.bindings[last]
        .dependencies
        .iter()
        .flat_map(|dependency| &dependency.targets)
    {
        if std::mem::replace(&mut seen[*target], true) {
            continue;
        }
        path.push(*target);
        match graph.bindings[*target].scope {
            Scope::Singleton => {}
            Scope::Scoped => faults.push(scope_violation(graph, path)),
            Scope::Transient => find_scoped(graph, path, seen, faults),
        }
        path.pop();
    }
}

fn scope_violation(graph: &BoundGraph, path: &[usize]) -> Fault {
    let scoped = graph.scope_name;
    let name =
        |number: Option<&usize>| number.map_or("", |number| graph.bindings[*number].name.as_str());
    let (first, last) = (name(path.first()), name(path.last()));
    let mut steps: Vec<Step> = path
        .windows(2)
        .map(|pair| takes(graph, pair[0], pair[1]))
        .collect();
    if let Some(binding) = path.last().map(|number| &graph.bindings[*number]) {
        steps.push(Step {
            location: binding.location,
            text: declared_as(binding, scoped),
        });
    }
    let names = path
        .iter()
        .map(|number| graph.bindings[*number].name.as_str());
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    Fault::new(
        FaultKind::ScopeViolation,
        format!(
            "a singleton depends on a value that lives in a {scoped} scope: {}",
            names.join(" -> ")
        ),
        steps,
        format!(
            "make `{first}` {scoped}-scoped (`scope = {scoped}`), or pass `{last}` to its methods"
        ),
    )
}

/// Reports values that have to be singletons and are not. A place that several roots share is
/// reported once.
pub(super) fn required_singletons(graph: &BoundGraph, faults: &mut Vec<Fault>) {
    let roots = graph
        .roots
        .iter()
        .zip(&graph.infos)
        .flat_map(|(root, info)| {
            let dependencies = root.required.iter();
            dependencies.map(move |dependency| {
                (
                    dependency,
                    format!("`{}` in `{}` takes it", info.name, info.module),
                )
            })
        });
    let required = graph.required.iter();
    let required = required.map(|dependency| (dependency, "the application takes it".to_owned()));
    let mut seen = Vec::new();
    for (dependency, consumer) in required.chain(roots) {
        let DeclaredDependency {
            singleton_role: Some(role),
            location,
            ..
        } = dependency.declared
        else {
            continue;
        };
        for target in &dependency.targets {
            let binding = &graph.bindings[*target];
            if binding.scope == Scope::Singleton || seen.contains(&(*target, location)) {
                continue;
            }
            seen.push((*target, location));
            faults.push(not_singleton(
                graph,
                binding,
                role,
                (location, consumer.clone()),
            ));
        }
    }
}

/// The faults of bound values that replace nothing and that nothing injects.
pub(super) fn unused_bindings(graph: &BoundGraph) -> Vec<Fault> {
    let is_injected = |number: usize| {
        graph
            .all_dependencies()
            .chain(&graph.required)
            .any(|dependency| dependency.targets.contains(&number))
    };
    let unused = graph.bound_without_provider.iter().copied();
    let unused = unused.filter(|number| !is_injected(*number));
    unused.map(|number| unused_binding(graph, number)).collect()
}

fn unused_binding(graph: &BoundGraph, number: usize) -> Fault {
    let binding = &graph.bindings[number];
    let key = graph.name_of(binding.key);
    let traits: BTreeSet<String> = graph
        .all_dependencies()
        .filter_map(|dependency| dependency.declared.key.pointee())
        .filter(|name| name.starts_with("dyn "))
        .map(|name| format!("`bind::<{name}>(…)`"))
        .collect();
    let example = if traits.is_empty() {
        "`bind::<dyn Repository>(…)`".to_owned()
    } else {
        traits.into_iter().collect::<Vec<_>>().join(" or ")
    };
    Fault::new(
        FaultKind::UnusedBinding,
        format!("a value is bound to `{key}`, but nothing injects or provides `{key}`"),
        vec![Step {
            location: binding.location,
            text: "it is bound here".to_owned(),
        }],
        format!(
            "bind it to the type that is injected, for example {example}; a value that only routes \
             inject is passed to `provide`"
        ),
    )
}

fn not_singleton(
    graph: &BoundGraph,
    binding: &Binding,
    role: &str,
    (location, consumer): (Location, String),
) -> Fault {
    let (name, scoped) = (&binding.name, graph.scope_name);
    let steps = vec![
        Step {
            location,
            text: format!("{consumer} as {role}"),
        },
        Step {
            location: binding.location,
            text: declared_as(binding, scoped),
        },
    ];
    Fault::new(
        FaultKind::NotSingleton,
        format!("{role} `{name}` is not a singleton"),
        steps,
        format!(
            "declare `{name}` without `scope`: all {scoped}s share one instance, and what belongs \
             to one {scoped} is passed to its methods"
        ),
    )
}

/// The text of the step that shows where a value with a shorter life is declared.
fn declared_as(binding: &Binding, scoped: &str) -> String {
    match binding.module {
        Some(_) if binding.scope == Scope::Transient => {
            format!("`{}` has `scope = transient`", binding.name)
        }
        Some(_) => format!("`{}` has `scope = {scoped}`", binding.name),
        None => format!(
            "`{}` is a seed, which each {scoped} scope has of its own",
            binding.name
        ),
    }
}

/// The step of a path that leads from one binding to another.
fn takes(graph: &BoundGraph, from: usize, to: usize) -> Step {
    let binding = &graph.bindings[from];
    let dependency = binding
        .dependencies
        .iter()
        .find(|dependency| dependency.targets.contains(&to));
    let (location, text) = dependency.map_or((binding.location, String::new()), |dependency| {
        let key = graph.name_of(dependency.declared.key);
        (
            dependency.declared.location,
            format!(
                "`{}` takes `{key}` as `{}`",
                binding.name, dependency.declared.label
            ),
        )
    });
    Step { location, text }
}

/// The change that opens a circle at the edge between two bindings: "take `b` of `A` as `Lazy<B>`
/// (src/a.rs:4:5)". `None` if the edge is no dependency of the program on one `Arc<T>`.
fn lazy_instead(graph: &BoundGraph, from: usize, to: usize) -> Option<String> {
    let binding = &graph.bindings[from];
    let dependency = binding
        .dependencies
        .iter()
        .find(|dependency| dependency.targets.contains(&to))?;
    let declared = dependency.declared;
    if binding.alias_of.is_some() || declared.arity != Arity::One {
        return None;
    }
    let pointee = declared.key.pointee()?;
    Some(format!(
        "take `{}` of `{}` as `Lazy<{pointee}>` ({}), which is built later",
        declared.label, binding.name, declared.location
    ))
}

/// The edges of a circle.
fn pairs(cycle: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    cycle
        .iter()
        .copied()
        .zip(cycle.iter().copied().cycle().skip(1))
}

/// The path through the nodes of a circle, back to the first.
fn path_of<'a>(names: impl Iterator<Item = &'a str> + Clone) -> String {
    let names: Vec<_> = names
        .clone()
        .chain(names.take(1))
        .map(|name| format!("`{name}`"))
        .collect();
    names.join(" -> ")
}
