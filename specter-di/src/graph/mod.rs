//! The graph of an application: its modules and what the embedder adds to them, collected and
//! validated. Owns the order of the checks. Must not build anything.

mod bind;
mod check;
mod collect;
mod compile;
mod external;
mod overrides;
mod prune;
mod resolve;
mod visibility;
mod walk;

use std::sync::Arc;

pub(crate) use bind::{Binding, BoundGraph, BoundRoot, ModuleNode, ResolvedDependency};
pub(crate) use compile::{BuildStep, CompiledRow, Compiler, LateInput, TooLarge, provide_late};

use self::bind::GraphParts;
use self::collect::Collected;
use self::external::ExternalValue;
use self::overrides::Overrides;
use crate::dependency::DeclaredDependency;
use crate::fault::Report;
use crate::module::{ConfiguredModule, Module, ModuleBuilder};
use crate::plan::Plan;
use crate::slot::Slot;
use crate::{GraphView, Key, Location, Provide};

/// The modules of an application, reached from one of them, and what every module sees besides.
///
/// The default one has no modules.
pub struct Graph {
    name: &'static str,
    collected: Collected,
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
            collected: Collected::default(),
            values: Vec::new(),
            seeds: Vec::new(),
            scope_name: "scope",
            overrides: Overrides::default(),
            required: Vec::new(),
        }
    }
}

impl Graph {
    /// Collects `M` and all that it imports.
    pub fn of<M: Module>() -> Self {
        let root = ModuleBuilder::of::<M>();
        Self {
            name: root.name,
            collected: Collected::from(root),
            ..Self::default()
        }
    }

    /// The name of the module that it was collected from.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What [`Root::meta`](crate::Root::meta) attached to the roots, in their order; those without
    /// an `M` are left out.
    pub fn root_metas<M: std::any::Any>(&self) -> impl Iterator<Item = &M> {
        let roots = self
            .collected
            .modules
            .iter()
            .flat_map(|module| &module.roots);
        roots.filter_map(|root| root.meta.as_deref()?.downcast_ref())
    }

    /// Says what [`Scope::Scoped`](crate::Scope::Scoped) is called in reports, `request` for
    /// example.
    pub fn scope_name(&mut self, name: &'static str) {
        self.scope_name = name;
    }

    /// Declares a value that is given whenever a scope is opened. Every module sees it; singletons
    /// must not reach it.
    #[track_caller]
    pub fn seed<V: Clone + Send + Sync + 'static>(&mut self, name: &'static str) {
        self.seeds.push(ExternalValue {
            key: Key::of::<V>(),
            name: name.to_owned(),
            location: Location::caller(),
        });
    }

    /// Adds a singleton that every module sees.
    #[track_caller]
    pub fn value<V: Clone + Send + Sync + 'static>(&mut self, value: V) {
        let external = ExternalValue::of(Key::of::<V>(), Location::caller());
        self.values.push((external, Slot::boxed(value)));
    }

    /// Adds a singleton that every module sees as `Arc<T>`.
    #[track_caller]
    pub fn provide<T: Send + Sync + 'static>(&mut self, value: T) {
        self.value(Arc::new(value));
    }

    /// Declares a singleton that the embedder takes out of the container by its type alone:
    /// [`Container::get`](crate::Container::get). `role` says what for, `guard` for example.
    pub fn require_singleton(&mut self, role: &'static str, key: Key, location: Location) {
        self.required
            .push(DeclaredDependency::singleton(role, key, role, location));
    }

    /// Lets the application's module import another one, as if it stood in its list: for options
    /// that are known at run time only, `graph.import(ConfigModule::with(options))`.
    pub fn import<M: Module>(&mut self, module: ConfiguredModule<M>) {
        self.collected.import(module.into());
    }

    /// Lets a value stand in for a provider: in its module, under all its types, as visible as it.
    /// For tests.
    ///
    /// The provider is not built, nor are its hooks called, nor is built what only it needed. One
    /// that no module lists is a fault.
    #[track_caller]
    pub fn replace<P: Provide<Value: Clone + Send + Sync>>(&mut self, value: impl Into<P::Value>) {
        self.overrides
            .replace::<P>(value.into(), Location::caller());
    }

    /// Lets a value stand in for whatever provides `Arc<T>`, if anything does: every module sees
    /// it, and nothing else of that type. For tests: `graph.bind::<dyn
    /// Repository>(Arc::new(Fake))`.
    ///
    /// A provider that is needed only as `Arc<T>` is not built, nor is what only it needed.
    #[track_caller]
    pub fn bind<T: ?Sized + Send + Sync + 'static>(&mut self, value: Arc<T>) {
        let external = ExternalValue::of(Key::of::<Arc<T>>(), Location::caller());
        self.overrides.bind(external, Slot::boxed(value));
    }

    /// Checks everything and compiles the plan.
    ///
    /// # Errors
    ///
    /// All that is wrong, not only the first.
    pub fn validate(self) -> Result<Plan, Report> {
        let name = self.name;
        let Checked {
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

    /// The graph to look at, faults or not.
    pub fn view(self) -> GraphView {
        let graph = self.check().graph;
        let roots = (graph.roots.as_slice(), graph.infos.as_slice());
        GraphView::new(graph.scope_name, &graph.modules, &graph.bindings, roots)
    }

    fn check(self) -> Checked {
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
        prune::prune(&mut graph);
        let stands = |consumer: Option<usize>| {
            consumer.is_none_or(|number| !graph.bindings[number].is_pruned)
        };
        let unresolved = unresolved.into_iter();
        faults.extend(unresolved.filter_map(|(consumer, fault)| stands(consumer).then_some(fault)));
        faults.extend(required);
        let order = check::dependency_order(&graph, &mut faults);
        check::scopes(&graph, &mut faults);
        check::required_singletons(&graph, &mut faults);
        Checked {
            graph,
            order,
            visible,
            faults,
        }
    }
}

/// A graph, and all that is wrong with it.
struct Checked {
    graph: BoundGraph,
    order: Vec<usize>,
    visible: visibility::Visibility,
    faults: Vec<crate::Fault>,
}
