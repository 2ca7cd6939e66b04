//! The graph of an application: its modules, and what the embedder adds to them. This file has the
//! public interface and the order of the validation's steps. Must not build anything.

mod bind;
mod check;
mod collect;
mod compile;
mod external;
mod missing;
mod overrides;
mod prune;
mod resolve;
mod visibility;
mod walk;

use std::sync::Arc;

pub(crate) use bind::{Binding, BoundGraph, BoundRoot, ModuleNode, ResolvedDependency};
pub(crate) use compile::{BuildStep, CompiledRow, Compiler, LateInput, TooLarge, provide_late};

use self::bind::GraphParts;
use self::collect::CollectedModules;
use self::external::ExternalValue;
use self::overrides::Overrides;
use crate::dependency::DeclaredDependency;
use crate::fault::Report;
use crate::module::{ConfiguredModule, Module, ModuleBuilder};
use crate::plan::Plan;
use crate::slot::Slot;
use crate::{GraphView, Key, Location, Provide};

/// The modules of an application, and the values and seeds that the embedder adds.
///
/// The application's module is the one from which the graph was made by [`Graph::of`]. The default
/// graph has no modules.
pub struct Graph {
    name: &'static str,
    collected: CollectedModules,
    values: Vec<(ExternalValue, Slot)>,
    seeds: Vec<ExternalValue>,
    scope_name: &'static str,
    overrides: Overrides,
    required: Vec<DeclaredDependency>,
}

impl Default for Graph {
    fn default() -> Self {
        Self {
            name: "nothing",
            collected: CollectedModules::default(),
            values: Vec::new(),
            seeds: Vec::new(),
            scope_name: "scope",
            overrides: Overrides::default(),
            required: Vec::new(),
        }
    }
}

impl Graph {
    /// The graph of `M`, the application's module, and of all modules that it imports, directly or
    /// indirectly.
    pub fn of<M: Module>() -> Self {
        let application = ModuleBuilder::of::<M>();
        Self {
            name: application.name,
            collected: CollectedModules::from(application),
            ..Self::default()
        }
    }

    /// The name of the application's module. `nothing` if the graph has no modules.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The data that [`Root::meta`](crate::Root::meta) attached to the roots, in the order of the
    /// roots. Roots without data of type `M` are skipped.
    pub fn root_metas<M: std::any::Any>(&self) -> impl Iterator<Item = &M> {
        let roots = self
            .collected
            .modules
            .iter()
            .flat_map(|module| &module.roots);
        roots.filter_map(|root| root.meta.as_deref()?.downcast_ref())
    }

    /// Sets the name that reports use for [`Scope::Scoped`](crate::Scope::Scoped), for example
    /// `request`. Default: `scope`.
    pub fn scope_name(&mut self, name: &'static str) {
        self.scope_name = name;
    }

    /// Declares a seed: a value of type `V` that is passed whenever a scope is opened. Every module
    /// sees it. A singleton that depends on it is a fault. `name` is shown in reports.
    #[track_caller]
    pub fn seed<V: Clone + Send + Sync + 'static>(&mut self, name: &'static str) {
        self.seeds.push(ExternalValue {
            key: Key::of::<V>(),
            name: name.to_owned(),
            location: Location::caller(),
        });
    }

    /// Adds a singleton of type `V`, which every module sees.
    #[track_caller]
    pub fn value<V: Clone + Send + Sync + 'static>(&mut self, value: V) {
        let external = ExternalValue::of(Key::of::<V>(), Location::caller());
        self.values.push((external, Slot::boxed(value)));
    }

    /// Adds a singleton, which every module sees as `Arc<T>`.
    #[track_caller]
    pub fn provide<T: Send + Sync + 'static>(&mut self, value: T) {
        self.value(Arc::new(value));
    }

    /// Declares that the embedder will take the singleton `key` by [`Container::get`]. A type that
    /// nothing provides, that has several candidates or that is not a singleton is a fault.
    ///
    /// `role` names the use of the value in reports, for example `guard`.
    ///
    /// [`Container::get`]: crate::Container::get
    pub fn require_singleton(&mut self, role: &'static str, key: Key, location: Location) {
        self.required
            .push(DeclaredDependency::singleton(role, key, role, location));
    }

    /// Adds an import to the application's module, as if the module listed it. This serves options
    /// that are known only at run time: `graph.import(ConfigModule::with(options))`.
    pub fn import<M: Module>(&mut self, module: ConfiguredModule<M>) {
        self.collected.import(module.into());
    }

    /// Replaces a provider by a value. The value has the module, the types and the visibility of
    /// the provider. This serves tests.
    ///
    /// The provider is not built and its hooks do not run. What only this provider depended on is
    /// not built either. Replacing a provider that no module lists is a fault.
    #[track_caller]
    pub fn replace<P: Provide<Value: Clone + Send + Sync>>(&mut self, value: impl Into<P::Value>) {
        self.overrides
            .replace::<P>(value.into(), Location::caller());
    }

    /// Replaces all providers of `Arc<T>` by a value, which every module sees. There need not be
    /// any provider, but then something has to inject `Arc<T>`: a binding that nothing injects and
    /// that replaces nothing is a fault. This serves tests:
    /// `graph.bind::<dyn Repository>(Arc::new(Fake))`.
    ///
    /// A provider that only dependencies on `Arc<T>` take is not built, and its hooks do not run.
    /// What only that provider depended on is not built either.
    #[track_caller]
    pub fn bind<T: ?Sized + Send + Sync + 'static>(&mut self, value: Arc<T>) {
        let external = ExternalValue::of(Key::of::<Arc<T>>(), Location::caller());
        self.overrides.bind(external, Slot::boxed(value));
    }

    /// Validates the whole graph and compiles it. Nothing is built.
    ///
    /// # Errors
    ///
    /// The report of all faults, not only of the first.
    pub fn validate(self) -> Result<Plan, Report> {
        let name = self.name;
        let CheckedGraph {
            graph,
            order,
            visible,
            faults,
        } = self.check();
        if !faults.is_empty() {
            return Err(Report::new(name, faults));
        }
        let lookup = visible.lookup(&graph);
        Plan::compile(graph, &order, lookup).map_err(|fault| Report::new(name, vec![fault]))
    }

    /// The graph as text or diagram. The graph may have faults.
    pub fn view(self) -> GraphView {
        let graph = self.check().graph;
        let roots = (graph.roots.as_slice(), graph.infos.as_slice());
        GraphView::new(graph.scope_name, &graph.modules, &graph.bindings, roots)
    }

    fn check(self) -> CheckedGraph {
        let mut faults = Vec::new();
        let configured = self.collected.configured_twice();
        let parts = GraphParts {
            modules: self.collected.modules,
            values: self.values,
            seeds: self.seeds,
            overrides: self.overrides,
            required: self.required,
            scope_name: self.scope_name,
        };
        let mut graph = BoundGraph::new(parts, &mut faults);
        check::configurations(&graph, &configured, &mut faults);
        check::module_cycles(&graph, &mut faults);
        let visible = visibility::Visibility::of(&graph, &mut faults);
        let unresolved = resolve::resolve(&mut graph, &visible);
        let required = resolve::required(&mut graph, &visible);
        let unused = check::unused_bindings(&graph);
        prune::prune(&mut graph);
        // A pruned binding is not built, so its faults do not matter.
        let is_built = |consumer: Option<usize>| {
            consumer.is_none_or(|number| !graph.bindings[number].is_pruned)
        };
        let unresolved = unresolved.into_iter();
        faults
            .extend(unresolved.filter_map(|(consumer, fault)| is_built(consumer).then_some(fault)));
        faults.extend(required);
        faults.extend(unused);
        let order = check::dependency_order(&graph, &mut faults);
        check::scopes(&graph, &mut faults);
        check::required_singletons(&graph, &mut faults);
        CheckedGraph {
            graph,
            order,
            visible,
            faults,
        }
    }
}

/// A graph after all checks, with its faults.
struct CheckedGraph {
    graph: BoundGraph,
    order: Vec<usize>,
    visible: visibility::Visibility,
    faults: Vec<crate::Fault>,
}
