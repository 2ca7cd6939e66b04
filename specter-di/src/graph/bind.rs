//! Numbers every value, seed and provider of the collected modules as a binding, and finds
//! providers and roots that are listed twice. Must not know to which binding a dependency is
//! resolved.

use std::any::TypeId;
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use super::external::ExternalValue;
use super::overrides::Overrides;
use crate::build::Source;
use crate::dependency::DeclaredDependency;
use crate::error::{BuildCause, BuildFailure};
use crate::fault::{Fault, FaultKind, Step};
use crate::lifecycle::{HookedValue, Hooks};
use crate::module::{Export, ModuleBuilder, ProviderEntry};
use crate::provider::{Alias, Provider};
use crate::root::{Root, RootBuild, RootInfo};
use crate::slot::Slot;
use crate::{Key, Location, Scope};

/// The modules of a graph and what the embedder adds to them, before anything is numbered.
pub(super) struct GraphParts {
    /// Imported modules precede those that import them.
    pub(super) modules: Vec<ModuleBuilder>,
    pub(super) values: Vec<(ExternalValue, Slot)>,
    pub(super) seeds: Vec<ExternalValue>,
    pub(super) overrides: Overrides,
    /// The singletons that the embedder takes by type alone.
    pub(super) required: Vec<DeclaredDependency>,
    pub(super) scope_name: &'static str,
}

/// A graph whose modules, bindings and roots refer to one another by index.
pub(crate) struct BoundGraph {
    pub(crate) modules: Vec<ModuleNode>,
    /// The embedder's values, followed by the seeds, followed by the providers in module order.
    pub(crate) bindings: Vec<Binding>,
    pub(crate) values: Vec<Slot>,
    /// The number of seeds.
    pub(crate) seeds: usize,
    pub(crate) roots: Vec<BoundRoot>,
    pub(crate) infos: Vec<RootInfo>,
    pub(crate) scope_name: &'static str,
    /// The singletons that the embedder takes by type alone.
    pub(super) required: Vec<ResolvedDependency>,
    /// The providers that an override replaces.
    pub(super) overridden: Vec<usize>,
    /// The values of `Graph::bind` that replace no provider.
    pub(super) bound_without_provider: Vec<usize>,
}

/// A module, which refers to other modules and bindings by index.
pub(crate) struct ModuleNode {
    pub(crate) name: &'static str,
    pub(crate) location: Location,
    pub(crate) is_global: bool,
    /// See [`ModuleBuilder::without_providers`].
    pub(crate) without_providers: Option<&'static str>,
    pub(crate) imports: Vec<usize>,
    /// The bindings of its own providers, each with the type of the provider.
    pub(crate) own: Vec<(TypeId, usize)>,
    pub(crate) exports: Vec<Export>,
    /// The imported modules among the exports.
    pub(crate) reexports: Vec<usize>,
    pub(crate) imported_ids: Vec<TypeId>,
}

/// A provider, an alias or an external value, with the key under which its value is found.
pub(crate) struct Binding {
    pub(crate) key: Key,
    pub(crate) name: String,
    pub(crate) scope: Scope,
    pub(crate) location: Location,
    /// The crate that declares the provider. Empty for values and seeds.
    pub(crate) crate_name: &'static str,
    /// The module that owns the binding. `None` for values and seeds, which every module sees.
    pub(crate) module: Option<usize>,
    /// The binding whose value this one provides under another type.
    pub(crate) alias_of: Option<usize>,
    /// Whether an override made the binding unreachable, so that it is not built.
    pub(crate) is_pruned: bool,
    pub(crate) source: Source,
    pub(crate) dependencies: Vec<ResolvedDependency>,
    pub(crate) hooks: Hooks,
}

/// A dependency and the bindings to which it was resolved.
pub(crate) struct ResolvedDependency {
    pub(crate) declared: DeclaredDependency,
    pub(crate) targets: Vec<usize>,
}

/// A root, with its dependencies resolved.
pub(crate) struct BoundRoot {
    pub(crate) module: usize,
    /// The crate that declares the root.
    pub(crate) crate_name: &'static str,
    pub(crate) dependencies: Vec<ResolvedDependency>,
    pub(crate) required: Vec<ResolvedDependency>,
    pub(crate) build: RootBuild,
}

impl BoundGraph {
    pub(super) fn new(parts: GraphParts, faults: &mut Vec<Fault>) -> Self {
        let GraphParts {
            modules,
            values,
            seeds,
            mut overrides,
            required,
            scope_name,
        } = parts;
        let mut graph = Self {
            modules: Vec::with_capacity(modules.len()),
            bindings: Vec::new(),
            values: Vec::with_capacity(values.len()),
            seeds: seeds.len(),
            roots: Vec::new(),
            infos: Vec::new(),
            scope_name,
            required: unresolved(required),
            overridden: Vec::new(),
            bound_without_provider: Vec::new(),
        };
        graph.bind_external(values, seeds, &mut overrides);
        let numbers = modules
            .iter()
            .enumerate()
            .map(|(number, module)| (module.id, number))
            .collect();
        let mut owners = Owners::default();
        for (number, module) in modules.into_iter().enumerate() {
            graph.bind_module(number, module, &numbers, (&mut owners, &mut overrides));
        }
        owners.report(&graph, faults);
        graph.bound_without_provider = graph
            .value_bindings()
            .filter(|number| overrides.replaces_nothing(graph.bindings[*number].key))
            .collect();
        overrides.report_unused(faults);
        graph
    }

    /// Binds the embedder's values and seeds. Values of `Graph::bind` come first.
    fn bind_external(
        &mut self,
        values: Vec<(ExternalValue, Slot)>,
        seeds: Vec<ExternalValue>,
        overrides: &mut Overrides,
    ) {
        let (replaced, values): (Vec<_>, Vec<_>) = values
            .into_iter()
            .partition(|(external, _)| overrides.binds(external.key));
        for (external, _) in &replaced {
            overrides.note_replaced(external.key);
        }
        for (external, value) in overrides.take_bound().into_iter().chain(values) {
            let binding = Binding::external(external, Scope::Singleton);
            self.bindings.push(binding);
            self.values.push(value);
        }
        self.bindings.extend(
            seeds
                .into_iter()
                .map(|seed| Binding::external(seed, Scope::Scoped)),
        );
    }

    fn bind_module(
        &mut self,
        number: usize,
        module: ModuleBuilder,
        numbers: &HashMap<TypeId, usize>,
        (owners, overrides): (&mut Owners, &mut Overrides),
    ) {
        let mut own = Vec::with_capacity(module.providers.len());
        for listed in module.providers {
            let id = listed.id;
            let entry = (listed.provider.name.clone(), listed.provider.location);
            let bound = owners.providers.record(id, number, entry);
            if bound.is_empty() {
                *bound = self.bind_provider(number, listed, overrides);
            }
            own.extend(bound.iter().map(|binding| (id, *binding)));
        }
        for root in module.roots {
            let entry = (root.name.into(), root.location);
            let bound = owners.roots.record(root.type_id, number, entry);
            if bound.is_empty() {
                bound.push(self.roots.len());
                self.bind_root(number, module.name, root);
            }
        }
        let numbered = |id: &TypeId| numbers.get(id).copied();
        let imports: Vec<usize> = module
            .imports
            .iter()
            .filter_map(|import| numbered(&import.id))
            .collect();
        let imported_ids = module.imports.iter().map(|import| import.id).collect();
        let reexports = module.exports.iter().filter(|export| export.is_module);
        self.modules.push(ModuleNode {
            name: module.name,
            location: module.location,
            is_global: module.is_global,
            without_providers: module.without_providers,
            own,
            reexports: reexports
                .filter_map(|export| numbered(&export.id))
                .filter(|number| imports.contains(number))
                .collect(),
            imports,
            imported_ids,
            exports: module.exports,
        });
    }

    /// Binds a provider. Returns the bindings under which its value is found: that of the provider
    /// or of its replacement, and one for each alias.
    fn bind_provider(
        &mut self,
        module: usize,
        listed: ProviderEntry,
        overrides: &mut Overrides,
    ) -> Vec<usize> {
        let ProviderEntry {
            id,
            crate_name,
            provider,
        } = listed;
        let key = provider.key;
        let bind_alias = provider
            .aliases
            .iter()
            .any(|alias| overrides.binds(alias.key));
        let replacement = overrides.take(id).map(|replacement| replacement.build);
        let bound = self.bindings[..self.values.len()]
            .iter()
            .position(|binding| binding.key == key)
            .filter(|_| overrides.binds(key));
        if bound.is_some() {
            overrides.note_replaced(key);
        }
        let own = self.bindings.len();
        if bind_alias || bound.is_some() || replacement.is_some() {
            self.overridden.push(own);
        }
        let (name, scope, location) = (
            provider.name.clone().into_owned(),
            provider.scope,
            provider.location,
        );
        let aliases = self.bind_own(module, crate_name, provider);
        let shared = |key, source| Binding {
            key,
            name: name.clone(),
            scope,
            location,
            crate_name,
            module: Some(module),
            alias_of: None,
            is_pruned: false,
            source,
            dependencies: Vec::new(),
            hooks: Hooks::default(),
        };
        let primary = match (replacement, bound) {
            (Some(build), _) => {
                self.bindings.push(shared(key, Source::Sync(build)));
                self.bindings.len() - 1
            }
            (None, Some(bound)) => bound,
            (None, None) => own,
        };
        let mut found = vec![primary];
        for alias in aliases {
            if overrides.binds(alias.key) {
                overrides.note_replaced(alias.key);
                continue;
            }
            let declared = DeclaredDependency::one(key, "value", location);
            found.push(self.bindings.len());
            self.bindings.push(Binding {
                alias_of: Some(primary),
                dependencies: vec![ResolvedDependency {
                    declared,
                    targets: vec![primary],
                }],
                ..shared(alias.key, Source::Sync(alias.convert))
            });
        }
        found
    }

    /// Adds the binding of the provider itself, and returns the provider's aliases.
    fn bind_own(
        &mut self,
        module: usize,
        crate_name: &'static str,
        provider: Provider,
    ) -> Vec<Alias> {
        self.bindings.push(Binding {
            key: provider.key,
            name: provider.name.into_owned(),
            scope: provider.scope,
            location: provider.location,
            crate_name,
            module: Some(module),
            alias_of: None,
            is_pruned: false,
            source: provider.build,
            dependencies: unresolved(provider.dependencies),
            hooks: provider.hooks,
        });
        provider.aliases
    }

    fn bind_root(&mut self, module: usize, module_name: &'static str, root: Root) {
        self.infos.push(RootInfo {
            index: self.infos.len(),
            name: root.name,
            location: root.location,
            module: module_name,
            meta: root.meta,
        });
        self.roots.push(BoundRoot {
            module,
            crate_name: root.crate_name,
            dependencies: unresolved(root.dependencies),
            required: unresolved(root.required),
            build: root.build,
        });
    }

    /// The bindings that are the embedder's values.
    pub(crate) fn value_bindings(&self) -> Range<usize> {
        0..self.values.len()
    }

    /// The bindings that are seeds.
    pub(crate) fn seed_bindings(&self) -> Range<usize> {
        self.values.len()..self.values.len() + self.seeds
    }

    /// The dependencies of all bindings and roots.
    pub(super) fn all_dependencies(&self) -> impl Iterator<Item = &ResolvedDependency> {
        let of_bindings = self
            .bindings
            .iter()
            .flat_map(|binding| &binding.dependencies);
        let of_roots = self
            .roots
            .iter()
            .flat_map(|root| root.dependencies.iter().chain(&root.required));
        of_bindings.chain(of_roots)
    }

    /// The name of a type in reports. It has a path if another type of the graph has the same short
    /// name.
    pub(super) fn name_of(&self, key: Key) -> String {
        let name = key.name();
        let keys = self.bindings.iter().map(|binding| binding.key).chain(
            self.all_dependencies()
                .map(|dependency| dependency.declared.key),
        );
        if keys
            .into_iter()
            .any(|other| other != key && other.name() == name)
        {
            key.path()
        } else {
            name
        }
    }
}

impl Binding {
    /// The failure of this binding's build function.
    pub(crate) fn failure(&self, cause: BuildCause) -> BuildFailure {
        BuildFailure::new(self.name.clone(), self.location, cause)
    }

    /// The value of this binding, which is in `slot`, with its hooks.
    pub(crate) fn hooked_value(&self, slot: u16) -> HookedValue<'_> {
        HookedValue {
            provider: &self.name,
            location: self.location,
            hooks: &self.hooks,
            slot,
        }
    }

    fn external(external: ExternalValue, scope: Scope) -> Self {
        Self {
            key: external.key,
            name: external.name,
            scope,
            location: external.location,
            crate_name: "",
            module: None,
            alias_of: None,
            is_pruned: false,
            source: Source::ExternalValue,
            dependencies: Vec::new(),
            hooks: Hooks::default(),
        }
    }
}

fn unresolved(dependencies: Vec<DeclaredDependency>) -> Vec<ResolvedDependency> {
    dependencies
        .into_iter()
        .map(|declared| ResolvedDependency {
            declared,
            targets: Vec::new(),
        })
        .collect()
}

/// The modules that list each provider and each root.
#[derive(Default)]
struct Owners {
    providers: Listings,
    roots: Listings,
}

/// Providers or roots in the order in which modules first list them.
#[derive(Default)]
struct Listings {
    numbers: HashMap<TypeId, usize>,
    entries: Vec<Listing>,
}

/// A provider or root, and the modules that list it.
struct Listing {
    name: Cow<'static, str>,
    location: Location,
    modules: Vec<usize>,
    /// The provider's bindings, or the root's index.
    bound: Vec<usize>,
}

impl Listings {
    /// Records that `module` lists a provider or root. Returns the list of its bindings, which is
    /// empty the first time. The caller fills it.
    fn record(
        &mut self,
        id: TypeId,
        module: usize,
        (name, location): (Cow<'static, str>, Location),
    ) -> &mut Vec<usize> {
        let number = *self.numbers.entry(id).or_insert_with(|| {
            self.entries.push(Listing {
                name,
                location,
                modules: Vec::new(),
                bound: Vec::new(),
            });
            self.entries.len() - 1
        });
        let entry = &mut self.entries[number];
        entry.modules.push(module);
        &mut entry.bound
    }
}

impl Owners {
    fn report(&self, graph: &BoundGraph, faults: &mut Vec<Fault>) {
        let kinds = [
            (FaultKind::DuplicateOwner, &self.providers),
            (FaultKind::DuplicateRoot, &self.roots),
        ];
        for (kind, listings) in kinds {
            let twice = listings
                .entries
                .iter()
                .filter(|entry| entry.modules.len() > 1);
            faults.extend(twice.map(|entry| duplicate(graph, kind, entry)));
        }
    }
}

fn duplicate(graph: &BoundGraph, kind: FaultKind, entry: &Listing) -> Fault {
    let name = &entry.name;
    let mut owners = entry.modules.clone();
    owners.dedup();
    let names: Vec<_> = owners
        .iter()
        .map(|module| format!("`{}`", graph.modules[*module].name))
        .collect();
    let mut steps = vec![Step {
        location: entry.location,
        text: format!("`{name}` is declared here"),
    }];
    steps.extend(owners.iter().map(|module| {
        let module = &graph.modules[*module];
        Step {
            location: module.location,
            text: format!("`{}` lists it", module.name),
        }
    }));
    let (text, help) = match (owners.as_slice(), kind) {
        ([_], _) => (
            format!("{} lists `{name}` more than once", names.concat()),
            "remove all entries but one".to_owned(),
        ),
        (_, kind) => (
            format!(
                "`{name}` is listed by several modules: {}",
                names.join(", ")
            ),
            if kind == FaultKind::DuplicateRoot {
                format!("keep `{name}` in one of them, and remove it from the others")
            } else {
                format!(
                    "keep `{name}` in one of them, export it there, and import that module in the \
                     others"
                )
            },
        ),
    };
    Fault::new(kind, text, steps, help)
}
