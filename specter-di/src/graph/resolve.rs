//! Finds for each dependency the binding it means, and says where it is when the module cannot see
//! it. Must not know how long values live or in which order they are built.

use super::bind::{Draft, Need};
use super::visibility::Visibility;
use crate::dependency::{Arity, Declared};
use crate::fault::{Fault, FaultKind, Step};
use crate::{Key, Scope};

/// Who needs something.
struct Consumer<'a> {
    name: &'a str,
    module: usize,
}

/// Resolves every dependency of every provider and root. Each fault comes with the binding that it
/// is one of; without one it is a root's.
pub(super) fn resolve(draft: &mut Draft, visible: &Visibility) -> Vec<(Option<usize>, Fault)> {
    let mut all = Vec::new();
    // Taken out while the draft is read, then put back.
    let mut needs: Vec<Vec<Need>> = Vec::with_capacity(draft.bindings.len());
    for number in 0..draft.bindings.len() {
        let mut faults = Vec::new();
        needs.push(resolved_needs(draft, number, visible, &mut faults));
        all.extend(faults.into_iter().map(|fault| (Some(number), fault)));
    }
    for (binding, needs) in draft.bindings.iter_mut().zip(needs) {
        binding.needs = needs;
    }
    let mut faults = Vec::new();
    let mut roots = Vec::with_capacity(draft.roots.len());
    for (root, info) in draft.roots.iter().zip(&draft.infos) {
        let consumer = Consumer {
            name: info.name,
            module: root.module,
        };
        let mut of = |needs: &[Need]| -> Vec<Need> {
            needs
                .iter()
                .map(|need| resolve_need(draft, &consumer, need, visible, &mut faults))
                .collect()
        };
        roots.push((of(&root.needs), of(&root.required)));
    }
    for (root, (needs, required)) in draft.roots.iter_mut().zip(roots) {
        root.needs = needs;
        root.required = required;
    }
    all.extend(faults.into_iter().map(|fault| (None, fault)));
    all
}

/// Resolves what the embedder takes by type alone: what the application's module sees one of, else
/// what there is one of.
pub(super) fn required(draft: &mut Draft, visible: &Visibility) -> Vec<Fault> {
    let mut faults = Vec::new();
    let found: Vec<_> = draft
        .required
        .iter()
        .map(|need| {
            let key = need.declared.key;
            let listed = listed(draft, key);
            let is_singleton = |binding: &usize| draft.bindings[*binding].scope == Scope::Singleton;
            let singletons: Vec<_> = listed.iter().copied().filter(is_singleton).collect();
            let all = if singletons.is_empty() {
                listed
            } else {
                singletons
            };
            visible.by_type(draft, key, all)
        })
        .collect();
    for (need, targets) in draft.required.iter().zip(&found) {
        if targets.len() != 1 {
            faults.push(not_one(draft, &need.declared, targets));
        }
    }
    for (need, targets) in draft.required.iter_mut().zip(found) {
        need.targets = targets;
    }
    faults
}

/// The bindings of a key that are given or that stand in a module's list.
fn listed(draft: &Draft, key: Key) -> Vec<usize> {
    let is_listed = |number: usize| match draft.bindings[number].module {
        Some(module) => draft.modules[module]
            .own
            .iter()
            .any(|(_, own)| *own == number),
        None => true,
    };
    let bindings = 0..draft.bindings.len();
    bindings
        .filter(|number| draft.bindings[*number].key == key && is_listed(*number))
        .collect()
}

/// A fault for what the embedder takes by type alone, where there is none or there are several.
fn not_one(draft: &Draft, declared: &Declared, targets: &[usize]) -> Fault {
    let key = draft.name_of(declared.key);
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
    steps.extend(targets.iter().map(|target| provided_here(draft, *target)));
    let text = format!("`{key}` has {} providers in the application", targets.len());
    let help = "let the application's module see one of them: by its providers or its imports";
    Fault::new(FaultKind::Ambiguous, text, steps, help.to_owned())
}

fn resolved_needs(
    draft: &Draft,
    number: usize,
    visible: &Visibility,
    faults: &mut Vec<Fault>,
) -> Vec<Need> {
    let binding = &draft.bindings[number];
    let Some(module) = binding.module else {
        return Vec::new();
    };
    let consumer = Consumer {
        name: &binding.name,
        module,
    };
    binding
        .needs
        .iter()
        .map(|need| resolve_need(draft, &consumer, need, visible, faults))
        .collect()
}

fn resolve_need(
    draft: &Draft,
    consumer: &Consumer<'_>,
    need: &Need,
    visible: &Visibility,
    faults: &mut Vec<Fault>,
) -> Need {
    let declared = need.declared;
    if !need.targets.is_empty() {
        return Need {
            declared,
            targets: need.targets.clone(),
        };
    }
    let targets = visible.seen(consumer.module, declared.key);
    match (declared.arity, targets.len()) {
        (Arity::Many, _) | (Arity::Optional, 0) | (_, 1) => {}
        (Arity::One | Arity::Deferred, 0) => {
            faults.push(unseen(draft, consumer, &declared, visible));
        }
        _ => faults.push(ambiguous(draft, consumer, &declared, &targets)),
    }
    Need { declared, targets }
}

fn needed_here(draft: &Draft, consumer: &Consumer<'_>, declared: &Declared) -> Step {
    let module = draft.modules[consumer.module].name;
    Step {
        location: declared.location,
        text: format!(
            "`{}` in `{module}` needs it as `{}`",
            consumer.name, declared.label
        ),
    }
}

fn ambiguous(
    draft: &Draft,
    consumer: &Consumer<'_>,
    declared: &Declared,
    targets: &[usize],
) -> Fault {
    let key = draft.name_of(declared.key);
    let mut steps = vec![needed_here(draft, consumer, declared)];
    steps.extend(targets.iter().map(|target| provided_here(draft, *target)));
    Fault::new(
        FaultKind::Ambiguous,
        format!(
            "`{key}` has {} providers in `{}`",
            targets.len(),
            draft.modules[consumer.module].name
        ),
        steps,
        format!("leave one of them in the module's sight, or take all of them as `Vec<{key}>`"),
    )
}

fn provided_here(draft: &Draft, target: usize) -> Step {
    let binding = &draft.bindings[target];
    let text = match binding.module {
        Some(module) => format!(
            "`{}` in `{}` provides it",
            binding.name, draft.modules[module].name
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
    draft: &Draft,
    consumer: &Consumer<'_>,
    declared: &Declared,
    visible: &Visibility,
) -> Fault {
    let elsewhere: Vec<usize> = (0..draft.bindings.len())
        .filter(|binding| draft.bindings[*binding].key == declared.key)
        .filter(|binding| !draft.bindings[*binding].is_displaced)
        .collect();
    if elsewhere.is_empty() {
        missing(draft, consumer, declared)
    } else {
        hidden(draft, consumer, declared, &elsewhere, visible)
    }
}

fn hidden(
    draft: &Draft,
    consumer: &Consumer<'_>,
    declared: &Declared,
    elsewhere: &[usize],
    visible: &Visibility,
) -> Fault {
    let here = &draft.modules[consumer.module];
    let mut steps = vec![needed_here(draft, consumer, declared)];
    let mut helps = Vec::new();
    for target in elsewhere {
        let binding = &draft.bindings[*target];
        let Some(owner) = binding.module else {
            continue;
        };
        let exported = visible.exports(owner, *target);
        let imported = here.imports.contains(&owner) || draft.modules[owner].is_global;
        let name = &binding.name;
        let owner = &draft.modules[owner];
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
    let key = draft.name_of(declared.key);
    Fault::new(
        FaultKind::NotVisible,
        format!("`{key}` is provided, but `{}` does not see it", here.name),
        steps,
        helps.join("; or "),
    )
}

fn missing(draft: &Draft, consumer: &Consumer<'_>, declared: &Declared) -> Fault {
    let key = declared.key;
    let mut steps = vec![needed_here(draft, consumer, declared)];
    steps.extend(
        draft
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
    let module = &draft.modules[consumer.module];
    let help = match key.pointee() {
        _ if steps.len() > 1 => "use the type that is provided, or provide this one too".to_owned(),
        Some(pointee) if pointee.starts_with("dyn ") => format!(
            "annotate a function that returns `{key}` with `#[injectable]`, and add it to the providers of `{}` ({})",
            module.name, module.location
        ),
        Some(pointee) => by_value(draft, key, &pointee).unwrap_or_else(|| {
            format!(
                "annotate `{pointee}`, or a function that returns it, with `#[injectable]`, and add it to the \
                 providers of `{}` ({})",
                module.name, module.location
            )
        }),
        None => format!("`{key}` is taken by value, so the framework would have to give it, and does not: take it out"),
    };
    Fault::new(
        FaultKind::Missing,
        format!("nothing provides `{}`", draft.name_of(key)),
        steps,
        help,
    )
}

/// For an `Arc<T>` that nobody provides: whether `T` itself is a value of the embedder.
fn by_value(draft: &Draft, key: Key, pointee: &str) -> Option<String> {
    let given = draft
        .bindings
        .iter()
        .filter(|binding| binding.module.is_none());
    given
        .map(|binding| binding.key.name())
        .find(|name| name == pointee)
        .map(|name| format!("the framework gives `{name}` by value: take `{name}`, not `{key}`"))
}
