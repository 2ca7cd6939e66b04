//! Explains a dependency that nothing provides: what the program most likely lacks, and what to
//! change.

use std::fmt::Write;

use super::bind::{Binding, BoundGraph};
use crate::Key;
use crate::dependency::DeclaredDependency;
use crate::fault::{Fault, FaultKind, Step};

/// The most providers that a help names as candidates.
const MAX_CANDIDATES: usize = 3;

/// The provider or root that has a dependency.
pub(super) struct Consumer<'a> {
    pub(super) name: &'a str,
    /// The crate that declares it.
    pub(super) crate_name: &'static str,
    pub(super) module: usize,
}

impl Consumer<'_> {
    /// The step of a fault that shows who needs a dependency.
    pub(super) fn needs(&self, graph: &BoundGraph, declared: &DeclaredDependency) -> Step {
        let module = graph.modules[self.module].name;
        Step {
            location: declared.location,
            text: format!(
                "`{}` in `{module}` needs it as `{}`",
                self.name, declared.label
            ),
        }
    }

    /// The end of a help that says where to list a provider: "add it to the providers of …".
    fn list_provider(&self, graph: &BoundGraph) -> String {
        let module = &graph.modules[self.module];
        match module.without_providers {
            Some(help) => help.to_owned(),
            None => format!(
                "add it to the providers of `{}` ({})",
                module.name, module.location
            ),
        }
    }
}

/// The fault of a dependency that nothing provides.
pub(super) fn fault(
    graph: &BoundGraph,
    consumer: &Consumer<'_>,
    declared: &DeclaredDependency,
) -> Fault {
    let key = declared.key;
    let mut steps = vec![consumer.needs(graph, declared)];
    let namesakes = graph.bindings.iter();
    steps.extend(
        namesakes
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
    let help = match key.pointee() {
        _ if steps.len() > 1 => {
            "take the type that is provided, or provide this one as well".to_owned()
        }
        None => format!(
            "remove it, or take a provider's value as `Arc<T>`: only values of the framework are \
             injected by value, and `{key}` is not one of them here"
        ),
        Some(name) if name.starts_with("dyn ") => trait_object(graph, consumer, &name),
        Some(name) => by_value(graph, key, &name)
            .or_else(|| foreign(graph, consumer, key, &name))
            .unwrap_or_else(|| {
                format!(
                    "annotate `{name}`, or a function that returns it, with `#[injectable]`, and {}",
                    consumer.list_provider(graph)
                )
            }),
    };
    Fault::new(
        FaultKind::Missing,
        format!("nothing provides `{}`", graph.name_of(key)),
        steps,
        help,
    )
}

/// The help for a trait object, for example `dyn Repository`. The graph does not know which types
/// implement the trait. It names the listed providers that nothing injects by their own type.
fn trait_object(graph: &BoundGraph, consumer: &Consumer<'_>, name: &str) -> String {
    let annotate = format!("put `#[injectable(as = {name})]` on the type that implements it");
    let candidates = candidates(graph, consumer, name);
    let mut named = candidates
        .iter()
        .take(MAX_CANDIDATES)
        .map(|binding| format!("`{}` ({})", binding.name, binding.location));
    let Some(mut list) = named.next() else {
        return format!("{annotate}, and {}", consumer.list_provider(graph));
    };
    for candidate in named {
        let _ = write!(list, " or {candidate}");
    }
    format!("{annotate}, which may be {list}: it is listed, and nothing injects it by its own type")
}

/// The listed providers that may lack an alias for a trait object: nothing injects them. If the
/// names of some contain the trait's name, as `MemoryRepository` contains `Repository`, only these.
fn candidates<'g>(graph: &'g BoundGraph, consumer: &Consumer<'_>, name: &str) -> Vec<&'g Binding> {
    let injected = |key: Key| {
        let dependencies = graph.all_dependencies().chain(&graph.required);
        dependencies
            .map(|dependency| dependency.declared.key)
            .any(|other| other == key)
    };
    let unused: Vec<_> = graph
        .bindings
        .iter()
        .filter(|binding| binding.module.is_some() && binding.alias_of.is_none())
        .filter(|binding| binding.name != consumer.name && !injected(binding.key))
        .collect();
    let of_name: Vec<_> = {
        let name = trait_name(name);
        let unused = unused.iter().copied();
        unused
            .filter(|binding| binding.name.contains(name))
            .collect()
    };
    if of_name.is_empty() { unused } else { of_name }
}

/// The trait's own name: `Store` of `dyn Store<User> + Send`.
fn trait_name(name: &str) -> &str {
    let name = name.strip_prefix("dyn ").unwrap_or(name);
    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
    &name[..end.unwrap_or(name.len())]
}

/// The help for an `Arc<T>`, if `T` itself is a value or seed.
fn by_value(graph: &BoundGraph, key: Key, name: &str) -> Option<String> {
    let mut external = graph
        .bindings
        .iter()
        .filter(|binding| binding.module.is_none());
    external.any(|binding| binding.key.name() == name).then(|| {
        format!(
            "take `{name}` instead of `{key}`: it is a value of the framework, which is \
                 injected by value"
        )
    })
}

/// The help for a type of another crate, which the program cannot annotate.
fn foreign(graph: &BoundGraph, consumer: &Consumer<'_>, key: Key, name: &str) -> Option<String> {
    let crate_name = key.pointee_crate()?;
    if crate_name == consumer.crate_name {
        return None;
    }
    let origin = match crate_name {
        "std" | "core" | "alloc" => "the standard library's".to_owned(),
        _ => format!("of the crate `{crate_name}`"),
    };
    let (consumer_name, list) = (consumer.name, consumer.list_provider(graph));
    Some(format!(
        "if each `{consumer_name}` has a value of its own, mark the field with `#[state]`; if all \
         share one, hold it in a struct of yours that is `#[injectable]`, or annotate a function \
         that returns it, and {list}. `{name}` is {origin}, so it cannot be annotated here"
    ))
}

#[cfg(test)]
mod tests {
    use super::trait_name;

    #[test]
    fn the_name_of_a_trait_has_no_parameters_and_no_bounds() {
        assert_eq!(trait_name("dyn Store"), "Store");
        assert_eq!(trait_name("dyn Store<User> + Send + Sync"), "Store");
    }
}
