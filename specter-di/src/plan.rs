//! The compiled form of a valid graph, and the start of its singletons. The only fault that is
//! found here is a graph with too many values; all others are found before a graph is compiled.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::container::Container;
use crate::container_state::ContainerState;
use crate::dependency::Resolved;
use crate::error::StartError;
use crate::fault::{Fault, FaultKind};
use crate::graph::{
    BoundGraph, BuildStep, CompiledRow, Compiler, LateInput, TooLarge, provide_late,
};
use crate::late::LateValues;
use crate::root::RootInfo;
use crate::scope_layout::ScopeLayout;
use crate::slot::{Input, Slot, Slots, ValueSources};
use crate::wiring::Wiring;
use crate::{GraphView, Scope};

/// A valid graph that is ready to start.
pub struct Plan {
    wiring: Wiring,
    values: Vec<Slot>,
    steps: Box<[BuildStep]>,
    late: Box<[LateInput]>,
    lookup: HashMap<TypeId, Input>,
}

impl Plan {
    /// Compiles a graph without faults. `order` lists the bindings so that dependencies come first;
    /// `lookup` has the bindings that can be found by type alone.
    pub(crate) fn compile(
        graph: BoundGraph,
        order: &[usize],
        lookup: HashMap<TypeId, usize>,
    ) -> Result<Self, Fault> {
        let CompiledRow {
            steps,
            inputs: singletons,
            late,
        } = compile_singletons(&graph, order).map_err(|TooLarge| too_large())?;
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
        // No scope that names each root at most once is larger than the scope of all roots.
        let all: Vec<usize> = (0..wiring.roots.len()).collect();
        ScopeLayout::compile(&wiring, &all).map_err(|TooLarge| too_large())?;
        Ok(Self {
            wiring,
            values: graph.values,
            steps,
            late,
            lookup,
        })
    }

    /// The roots of all modules. Roots of imported modules precede those of the modules that import
    /// them, and the roots of one module are in the order of its list.
    pub fn roots(&self) -> &[RootInfo] {
        &self.wiring.infos
    }

    /// The types for which [`Container::get`] will return a singleton, in no particular order.
    pub fn singletons(&self) -> impl Iterator<Item = TypeId> {
        self.lookup.keys().copied()
    }

    /// The graph as text or diagram.
    pub fn view(&self) -> GraphView {
        self.wiring.view()
    }

    /// Builds every singleton, one after another and dependencies first, then runs the `on_init`
    /// hooks in the same order.
    ///
    /// If the future is dropped before it is ready, the values that were built are dropped in
    /// reverse order; no `on_shutdown` hook runs.
    ///
    /// # Errors
    ///
    /// [`StartError::Provider`] for the first provider that fails or panics. The values that were
    /// built before it are dropped in reverse order. [`StartError::Init`] for the first `on_init`
    /// hook that fails or panics. The `on_shutdown` hooks of the singletons before it then run in
    /// reverse order, and all singletons are dropped.
    pub async fn start(self) -> Result<Container, StartError> {
        self.start_within(std::future::pending).await
    }

    /// [Starts](Self::start) with a time limit for each hook. `limit` makes it, for example
    /// `|| sleep(Duration::from_secs(10))`. Building a value has no limit.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start). A hook that has not ended when its limit is ready is dropped, and
    /// counts as failed.
    pub async fn start_within<S, L>(self, limit: S) -> Result<Container, StartError>
    where
        S: Fn() -> L,
        L: Future<Output = ()>,
    {
        let Self {
            wiring,
            values,
            steps,
            late: late_inputs,
            lookup,
        } = self;
        let mut singletons = Slots::with_capacity(values.len() + steps.len());
        for value in values {
            singletons.push(value.into_boxed());
        }
        let no_slots = Slots::default();
        let late = Arc::new(LateValues::default());
        for step in &steps {
            let binding = &wiring.bindings[step.binding];
            let sources = ValueSources::of_singletons(&singletons, &no_slots);
            let resolved = Resolved::new(&sources, &step.inputs, Some(&late));
            let value = binding.source.build(resolved).await;
            let value = value.map_err(|cause| StartError::Provider(binding.failure(cause)))?;
            tracing::debug!(
                target: "specter::di",
                provider = %binding.name,
                location = %binding.location,
                "built a singleton"
            );
            singletons.push(value.into_boxed());
        }
        let sources = ValueSources::of_singletons(&singletons, &no_slots);
        provide_late(&late, &late_inputs, sources);
        let container = Container::new(ContainerState {
            singletons,
            wiring,
            steps,
            lookup,
            is_shut_down: AtomicBool::new(false),
        });
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

fn compile_singletons(graph: &BoundGraph, order: &[usize]) -> Result<CompiledRow, TooLarge> {
    let mut compiler = Compiler::new(
        &graph.bindings,
        Vec::new(),
        graph.value_bindings(),
        Input::Singleton,
    )?;
    for binding in order {
        let is_pruned = graph.bindings[*binding].is_pruned;
        if graph.bindings[*binding].scope == Scope::Singleton && !is_pruned {
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
        "make transient providers singletons, because every place that takes a transient provider \
         gets a value of its own"
            .to_owned(),
    )
}
