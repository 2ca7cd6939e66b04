//! Finds the bindings that an override makes unreachable: replaced providers, and what only they
//! needed.

use super::bind::{Binding, BoundGraph};

/// Marks what nobody needs any more as displaced, and cuts it off.
pub(super) fn prune(graph: &mut BoundGraph) {
    let overridden = graph.overridden.iter().copied();
    let doubted = reached(graph, overridden, |number| {
        // Another name of what is in doubt is no reason to keep it.
        let named = |(other, binding): (usize, &Binding)| {
            (binding.alias_of == Some(number)).then_some(other)
        };
        let bindings = graph.bindings.iter().enumerate();
        bindings.filter_map(named).collect()
    });
    let roots = graph
        .roots
        .iter()
        .flat_map(|root| root.dependencies.iter().chain(&root.required))
        .chain(&graph.required)
        .flat_map(|dependency| dependency.targets.iter().copied());
    let certain = (0..graph.bindings.len()).filter(|number| !doubted[*number]);
    let kept = reached(graph, certain.chain(roots), |_| Vec::new());
    for (number, binding) in graph.bindings.iter_mut().enumerate() {
        if binding.module.is_some() && !kept[number] {
            binding.is_pruned = true;
            binding.dependencies.clear();
        }
    }
}

/// The bindings that can be reached from some over what they need, and over `more`.
fn reached(
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
