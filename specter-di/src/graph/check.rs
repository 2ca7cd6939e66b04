//! Checks of the resolved graph: circles of modules, circles of providers, and values that outlive
//! what they hold. Must not change what was resolved.

use super::bind::{Binding, BoundGraph};
use super::walk::walk;
use crate::dependency::{Arity, DeclaredDependency};
use crate::fault::{Fault, FaultKind, Step};
use crate::{Location, Scope};

/// Modules that were configured in several places.
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
            format!("configure it in one place, and import `{name}` as it is in the others"),
        ));
    }
}

/// Modules that import each other, or themselves.
pub(super) fn module_cycles(graph: &BoundGraph, faults: &mut Vec<Fault>) {
    let edges: Vec<_> = graph
        .modules
        .iter()
        .map(|module| module.imports.clone())
        .collect();
    // The module that the graph was made of comes last; from it the paths read as a user would
    // follow them.
    for cycle in walk(&edges, (0..edges.len()).rev()).cycles {
        let module = |number: usize| &graph.modules[number];
        let steps = pairs(&cycle).map(|(from, to)| Step {
            location: module(from).location,
            text: format!("`{}` imports `{}`", module(from).name, module(to).name),
        });
        let path = path_of(cycle.iter().map(|number| module(*number).name));
        let text = format!("modules import each other: {path}");
        let help = "move what they share into a module of its own that imports neither".to_owned();
        faults.push(Fault::new(
            FaultKind::CircularModules,
            text,
            steps.collect(),
            help,
        ));
    }
}

/// All bindings, dependencies first; a fault for each circle.
pub(super) fn dependency_order(graph: &BoundGraph, faults: &mut Vec<Fault>) -> Vec<usize> {
    let edges: Vec<Vec<usize>> = graph
        .bindings
        .iter()
        .map(|binding| {
            binding
                .dependencies
                .iter()
                // What is deferred is there later: it closes no circle.
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
        let help =
            "move what they share into a provider of its own, or hand it over in a call".to_owned();
        faults.push(Fault::new(FaultKind::Circular, text, steps, help));
    }
    found.order
}

/// Singletons that hold, directly or through transients, what exists only within a scope.
pub(super) fn scopes(graph: &BoundGraph, faults: &mut Vec<Fault>) {
    for (number, binding) in graph.bindings.iter().enumerate() {
        if binding.scope == Scope::Singleton {
            reach(
                graph,
                &mut vec![number],
                &mut vec![false; graph.bindings.len()],
                faults,
            );
        }
    }
}

/// Follows the last of `path` through transients; each scoped binding is reported once a singleton.
fn reach(graph: &BoundGraph, path: &mut Vec<usize>, seen: &mut [bool], faults: &mut Vec<Fault>) {
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
            Scope::Transient => reach(graph, path, seen, faults),
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
    if let Some(held) = path.last().map(|number| &graph.bindings[*number]) {
        steps.push(Step {
            location: held.location,
            text: declared_as(held, scoped),
        });
    }
    let names = path
        .iter()
        .map(|number| graph.bindings[*number].name.as_str());
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    Fault::new(
        FaultKind::ScopeViolation,
        format!(
            "a singleton holds what lives in a {scoped} scope: {}",
            names.join(" -> ")
        ),
        steps,
        format!(
            "make `{first}` {scoped}-scoped (`scope = {scoped}`), or pass `{last}` to its methods"
        ),
    )
}

/// What only a singleton will do for, and something else is provided; each once, whoever shares it.
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
    for (dependency, taken) in required.chain(roots) {
        let DeclaredDependency {
            required_singletons: Some(role),
            location,
            ..
        } = dependency.declared
        else {
            continue;
        };
        for target in &dependency.targets {
            let held = &graph.bindings[*target];
            if held.scope == Scope::Singleton || seen.contains(&(*target, location)) {
                continue;
            }
            seen.push((*target, location));
            faults.push(not_singleton(graph, held, role, (location, taken.clone())));
        }
    }
}

fn not_singleton(
    graph: &BoundGraph,
    held: &Binding,
    role: &str,
    (location, taken): (Location, String),
) -> Fault {
    let (name, scoped) = (&held.name, graph.scope_name);
    let steps = vec![
        Step {
            location,
            text: format!("{taken} as {role}"),
        },
        Step {
            location: held.location,
            text: declared_as(held, scoped),
        },
    ];
    Fault::new(
        FaultKind::NotSingleton,
        format!("{role} `{name}` is not a singleton"),
        steps,
        format!(
            "there is one for all {scoped}s: declare `{name}` without `scope`, and hand its \
             methods what belongs to one {scoped}"
        ),
    )
}

fn declared_as(held: &Binding, scoped: &str) -> String {
    match held.module {
        Some(_) if held.scope == Scope::Transient => {
            format!("`{}` has `scope = transient`", held.name)
        }
        Some(_) => format!("`{}` has `scope = {scoped}`", held.name),
        None => format!("`{}` is given to each {scoped} scope", held.name),
    }
}

/// The step from one binding to another.
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

/// The edges of a circle.
fn pairs(cycle: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    cycle
        .iter()
        .copied()
        .zip(cycle.iter().copied().cycle().skip(1))
}

fn path_of<'a>(names: impl Iterator<Item = &'a str> + Clone) -> String {
    let names: Vec<_> = names
        .clone()
        .chain(names.take(1))
        .map(|name| format!("`{name}`"))
        .collect();
    names.join(" -> ")
}
