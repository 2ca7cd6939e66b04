//! The compiled form of a scope: the steps that fill its slots, and the inputs of its roots.
//! Must not build anything.

use std::any::TypeId;

use crate::build::Source;
use crate::dependency::Arity;
use crate::graph::{BuildStep, Compiler, LateInput, ResolvedDependency, TooLarge};
use crate::seeds::PlannedSeed;
use crate::slot::Input;
use crate::wiring::Wiring;

/// How a scope with certain roots is filled.
pub(crate) struct ScopeLayout {
    /// The steps that build the scope's values, dependencies first.
    pub(crate) steps: Box<[BuildStep]>,
    /// All declared seeds, in the order of their declaration.
    pub(crate) seeds: Box<[PlannedSeed]>,
    pub(crate) roots: Box<[PlannedRoot]>,
    pub(crate) late: Box<[LateInput]>,
    /// Whether a step has to be awaited.
    pub(crate) is_async: bool,
}

/// A root of a scope.
pub(crate) struct PlannedRoot {
    /// The index among all roots of the graph.
    pub(crate) index: usize,
    pub(crate) inputs: Box<[Input]>,
    /// The single values that the root depends on or requires, by type.
    pub(crate) visible: Box<[(TypeId, Input)]>,
}

impl ScopeLayout {
    /// Compiles the scope of some roots, which are named by their index.
    ///
    /// # Panics
    ///
    /// If there is no root with one of the indices.
    pub(crate) fn compile(wiring: &Wiring, roots: &[usize]) -> Result<Self, TooLarge> {
        let mut inputs = wiring.singletons.clone();
        for (index, binding) in wiring.seeds.clone().enumerate() {
            let index = u16::try_from(index).map_err(|_| TooLarge)?;
            inputs[binding] = Some(Input::Seed(index));
        }
        let mut compiler = Compiler::new(&wiring.bindings, inputs, 0..0, Input::Scoped)?;
        let mut planned = Vec::with_capacity(roots.len());
        for index in roots {
            let root = &wiring.roots[*index];
            let inputs = compiler.inputs(&root.dependencies)?;
            let required = compiler.inputs(&root.required)?;
            let visible = by_type(&root.dependencies, &inputs)
                .chain(by_type(&root.required, &required))
                .collect();
            planned.push(PlannedRoot {
                index: *index,
                inputs,
                visible,
            });
        }
        let row = compiler.finish()?;
        let is_async = row.steps.iter().any(|step| {
            let source = &wiring.bindings[step.binding].source;
            matches!(source, Source::Async(_))
        });
        let mut layout = Self {
            steps: row.steps,
            seeds: Box::default(),
            roots: planned.into(),
            late: row.late,
            is_async,
        };
        let bindings = wiring.seeds.clone().enumerate();
        layout.seeds = bindings
            .map(|(index, binding)| PlannedSeed {
                type_id: wiring.bindings[binding].key.type_id(),
                is_needed: layout.takes_seed(index),
            })
            .collect();
        Ok(layout)
    }

    /// Whether a step or a root takes the seed at an index.
    fn takes_seed(&self, index: usize) -> bool {
        let steps = self.steps.iter().flat_map(|step| &step.inputs);
        let late = self.late.iter().map(|late| &late.input);
        let roots = self.roots.iter().flat_map(|root| {
            let visible = root.visible.iter().map(|(_, input)| input);
            root.inputs.iter().chain(visible)
        });
        steps
            .chain(late)
            .chain(roots)
            .any(|input| matches!(input, Input::Seed(seed) if usize::from(*seed) == index))
    }
}

/// The dependencies that take a single value at once, by the type of the value.
fn by_type<'a>(
    dependencies: &'a [ResolvedDependency],
    inputs: &'a [Input],
) -> impl Iterator<Item = (TypeId, Input)> + 'a {
    let mut inputs = inputs.iter().copied();
    dependencies.iter().filter_map(move |dependency| {
        let input = inputs.next()?;
        match dependency.declared.arity {
            Arity::Many => {
                // The inputs of the list's elements follow.
                let elements = dependency.targets.len();
                inputs.by_ref().take(elements).for_each(drop);
                None
            }
            Arity::Deferred => None,
            Arity::One | Arity::Optional => Some((dependency.declared.key.type_id(), input)),
        }
    })
}
