//! A validated graph, compiled: what remains is to run it. Owns the start of the singletons.
//! Must not find faults; a graph that has any never becomes a plan.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::ops::Range;
use std::sync::Arc;

use crate::container::Container;
use crate::dependency::Resolved;
use crate::error::StartError;
use crate::fault::{Fault, FaultKind};
use crate::graph::{
    Binding, BoundGraph, BoundRoot, BuildStep, CompiledRow, Compiler, LateInput, ModuleNode,
    TooLarge, provide_late,
};
use crate::late::LateValues;
use crate::lifecycle::HookedValue;
use crate::root::RootInfo;
use crate::slot::{Input, Slot, Slots, ValueSources};
use crate::{GraphView, Scope};

/// A validated graph, ready to start.
pub struct Plan {
    wiring: Wiring,
    values: Vec<Slot>,
    steps: Box<[BuildStep]>,
    late: Box<[LateInput]>,
    lookup: HashMap<TypeId, Input>,
}

/// What is known of a graph once it is valid.
pub(crate) struct Wiring {
    pub(crate) scope_name: &'static str,
    pub(crate) modules: Vec<ModuleNode>,
    pub(crate) bindings: Vec<Binding>,
    pub(crate) roots: Vec<BoundRoot>,
    pub(crate) infos: Vec<RootInfo>,
    /// The bindings that are seeds.
    pub(crate) seeds: Range<usize>,
    /// Where the singletons lie, by binding.
    pub(crate) singletons: Vec<Option<Input>>,
}

impl Wiring {
    pub(crate) fn view(&self) -> GraphView {
        let roots = (self.roots.as_slice(), self.infos.as_slice());
        GraphView::new(self.scope_name, &self.modules, &self.bindings, roots)
    }
}

impl Plan {
    /// Compiles a draft without faults. `lookup` has the bindings that are found by type alone.
    pub(crate) fn compile(
        graph: BoundGraph,
        order: &[usize],
        lookup: HashMap<TypeId, usize>,
    ) -> Result<Self, Fault> {
        let CompiledRow {
            steps,
            known: singletons,
            late,
        } = singletons(&graph, order).map_err(|TooLarge| too_large())?;
        let lookup = lookup
            .into_iter()
            .filter_map(|(key, binding)| Some((key, singletons.get(binding).copied().flatten()?)))
            .collect();
        let wiring = Wiring {
            seeds: graph.seed_bindings(),
            scope_name: graph.scope_name,
            modules: graph.modules,
            bindings: graph.bindings,
            roots: graph.roots,
            infos: graph.infos,
            singletons,
        };
        // No scope is larger than the one of all roots.
        let all: Vec<usize> = (0..wiring.roots.len()).collect();
        wiring.scope_row(&all).map_err(|TooLarge| too_large())?;
        Ok(Self {
            wiring,
            values: graph.values,
            steps,
            late,
            lookup,
        })
    }

    /// The roots: those of imported modules first, depth first, then the module's own in the order
    /// of its list.
    pub fn roots(&self) -> &[RootInfo] {
        &self.wiring.infos
    }

    /// The types of the singletons that [`Container::get`] will find.
    pub fn singletons(&self) -> impl Iterator<Item = TypeId> {
        self.lookup.keys().copied()
    }

    /// The graph to look at.
    pub fn view(&self) -> GraphView {
        self.wiring.view()
    }

    /// Builds every singleton, dependencies first, one after another.
    ///
    /// # Errors
    ///
    /// The first provider that fails or panics. What was built before it is dropped in reverse
    /// order; so it is when the future is dropped. Or the first `on_init` that does not end well:
    /// then `on_shutdown` runs for the providers before it.
    pub async fn start(self) -> Result<Container, StartError> {
        self.start_within(std::future::pending).await
    }

    /// As [`start`](Self::start), with a time limit for each hook: `||
    /// sleep(Duration::from_secs(10))`.
    ///
    /// # Errors
    ///
    /// As `start`.
    pub async fn start_within<S, L>(self, limit: S) -> Result<Container, StartError>
    where
        S: Fn() -> L,
        L: Future<Output = ()>,
    {
        let Self {
            wiring,
            values,
            steps,
            late: inputs,
            lookup,
        } = self;
        let mut singletons = Slots::with_capacity(values.len() + steps.len());
        for value in values {
            singletons.push(value.into_boxed());
        }
        let none = Slots::default();
        let late = Arc::new(LateValues::default());
        for step in &steps {
            let binding = &wiring.bindings[step.binding];
            let values = ValueSources::of_singletons(&singletons, &none);
            let resolved = Resolved::new(&values, &step.inputs, Some(&late));
            let value = binding.source.build(resolved).await;
            let value = value.map_err(|cause| StartError::Provider(binding.failure(cause)))?;
            tracing::debug!(target: "specter::di", provider = %binding.name, location = %binding.location, "built");
            singletons.push(value.into_boxed());
        }
        provide_late(
            &late,
            &inputs,
            ValueSources::of_singletons(&singletons, &none),
        );
        let container = Container::new(wiring, singletons, steps, lookup);
        container.init(&limit).await.map_err(StartError::Init)?;
        Ok(container)
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("roots", &self.wiring.infos)
            .finish_non_exhaustive()
    }
}

/// The bindings that some steps built, and their slots: those after the `given` ones.
pub(crate) fn built<'a>(
    wiring: &'a Wiring,
    steps: &'a [BuildStep],
    given: usize,
) -> impl DoubleEndedIterator<Item = HookedValue<'a>> {
    let slots = given..given + steps.len();
    steps.iter().zip(slots).filter_map(|(step, slot)| {
        // Always so: the compiler numbered them.
        let slot = u16::try_from(slot).ok()?;
        Some(wiring.bindings[step.binding].hooked_value(slot))
    })
}

fn singletons(graph: &BoundGraph, order: &[usize]) -> Result<CompiledRow, TooLarge> {
    let mut compiler = Compiler::new(
        &graph.bindings,
        Vec::new(),
        graph.value_bindings(),
        Input::Singleton,
    )?;
    for binding in order {
        if graph.bindings[*binding].scope == Scope::Singleton && !graph.bindings[*binding].is_pruned
        {
            compiler.emit(*binding)?;
        }
    }
    compiler.finish()
}

fn too_large() -> Fault {
    Fault::new(
        FaultKind::TooLarge,
        format!("the graph needs more than {} values at once", u16::MAX),
        Vec::new(),
        "make transient providers singletons: each place that needs a transient one has its own \
         value"
            .to_owned(),
    )
}
