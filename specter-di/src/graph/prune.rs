//! Finds the bindings that an override makes unreachable: replaced providers, and the providers on
//! which only replaced providers depended.

use super::bind::{Binding, BoundGraph};

/// Marks unreachable bindings as pruned, and removes their dependencies.
pub(super) fn prune(graph: &mut BoundGraph) {
    let overridden = graph.overridden.iter().copied();
    let candidates = reachable(graph, overridden, |number| {
        // An alias of a candidate is a candidate, too.
        let alias = |(other, binding): (usize, &Binding)| {
            (binding.alias_of == Some(number)).then_some(other)
        };
        let bindings = graph.bindings.iter().enumerate();
        bindings.filter_map(alias).collect()
    });
    let roots = graph
        .roots
        .iter()
        .flat_map(|root| root.dependencies.iter().chain(&root.required))
        .chain(&graph.required)
        .flat_map(|dependency| dependency.targets.iter().copied());
    let others = (0..graph.bindings.len()).filter(|number| !candidates[*number]);
    let kept = reachable(graph, others.chain(roots), |_| Vec::new());
    for (number, binding) in graph.bindings.iter_mut().enumerate() {
        if binding.module.is_some() && !kept[number] {
            binding.is_pruned = true;
            binding.dependencies.clear();
        }
    }
}

/// The bindings that can be reached from `starts` through dependencies and through `more`, which
/// returns further edges of a binding.
fn reachable(
    graph: &BoundGraph,
    starts: impl Iterator<Item = usize>,
    more: impl Fn(usize) -> Vec<usize>,
) -> Vec<bool> {
    let mut reached = vec![false; graph.bindings.len()];
    let mut open: Vec<usize> = starts.collect();
    while let Some(number) = open.pop() {
        if std::mem::replace(&mut reached[number], true) {
            continue;
        }
        let dependencies = &graph.bindings[number].dependencies;
        open.extend(
            dependencies
                .iter()
                .flat_map(|dependency| dependency.targets.iter().copied()),
        );
        open.extend(more(number));
    }
    reached
}
