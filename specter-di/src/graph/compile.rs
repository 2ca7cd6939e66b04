//! Compiles resolved bindings to steps that fill numbered slots. Must not run the steps.

use std::collections::VecDeque;

use super::bind::{Binding, ResolvedDependency};
use crate::Scope;
use crate::dependency::Arity;
use crate::late::{Defer, LateValues};
use crate::slot::{Input, ValueSources};

/// A step that builds one value into the next slot.
pub(crate) struct BuildStep {
    pub(crate) binding: usize,
    pub(crate) inputs: Box<[Input]>,
}

/// The value of a deferred dependency, which is provided when its row is filled.
pub(crate) struct LateInput {
    pub(crate) input: Input,
    pub(crate) defer: Defer,
}

/// Provides the values of deferred dependencies, after their row is filled.
pub(crate) fn provide_late(late: &LateValues, inputs: &[LateInput], values: ValueSources<'_>) {
    late.fill(inputs.iter().map(|LateInput { input, defer }| {
        // A deferred dependency is resolved to exactly one binding, so the value exists.
        defer
            .weak_reference(&values, *input)
            .unwrap_or_else(|| Box::new(()))
    }));
}

/// The steps that fill a row of slots, and the inputs that address the values afterwards.
pub(crate) struct CompiledRow {
    pub(crate) steps: Box<[BuildStep]>,
    /// The input of each binding; `None` for bindings without a slot.
    pub(crate) inputs: Vec<Option<Input>>,
    pub(crate) late: Box<[LateInput]>,
}

/// The input that addresses a slot of the row that is being filled.
pub(crate) type SlotInput = fn(u16) -> Input;

/// The error of a row that needs more values than `u16` can number.
#[derive(Debug)]
pub(crate) struct TooLarge;

/// The compiler of one row of slots.
pub(crate) struct Compiler<'a> {
    bindings: &'a [Binding],
    /// The input of each binding whose value has an address already: a slot of this row or of
    /// another, or a seed.
    inputs: Vec<Option<Input>>,
    steps: Vec<BuildStep>,
    /// The number of slots that are filled before the first step.
    external_values: usize,
    slot_input: SlotInput,
    late: Vec<LateInput>,
    /// The targets of deferred dependencies that are not yet in `late`. They follow its elements.
    pending_late: VecDeque<(usize, Defer)>,
}

impl<'a> Compiler<'a> {
    /// `inputs` addresses the values of other rows. The bindings in `external_values` fill the
    /// first slots of this row.
    pub(crate) fn new(
        bindings: &'a [Binding],
        mut inputs: Vec<Option<Input>>,
        external_values: std::ops::Range<usize>,
        slot_input: SlotInput,
    ) -> Result<Self, TooLarge> {
        inputs.resize(bindings.len(), None);
        let count = external_values.len();
        for (slot, binding) in external_values.enumerate() {
            inputs[binding] = Some(slot_input(number(slot)?));
        }
        Ok(Self {
            bindings,
            inputs,
            steps: Vec::new(),
            external_values: count,
            slot_input,
            late: Vec::new(),
            pending_late: VecDeque::new(),
        })
    }

    /// The input of a binding's value. Emits the steps that build it, unless that was done before.
    pub(crate) fn emit(&mut self, binding: usize) -> Result<Input, TooLarge> {
        if let Some(input) = self.inputs[binding] {
            return Ok(input);
        }
        let bindings = self.bindings;
        let inputs = self.inputs(&bindings[binding].dependencies)?;
        let input = (self.slot_input)(number(self.external_values + self.steps.len())?);
        self.steps.push(BuildStep { binding, inputs });
        if bindings[binding].scope != Scope::Transient {
            self.inputs[binding] = Some(input);
        }
        Ok(input)
    }

    /// The inputs of some dependencies. Emits the steps that build their values.
    pub(crate) fn inputs(
        &mut self,
        dependencies: &[ResolvedDependency],
    ) -> Result<Box<[Input]>, TooLarge> {
        let mut inputs = Vec::with_capacity(dependencies.len());
        for dependency in dependencies {
            if let Some(defer) = dependency.declared.defer {
                for target in &dependency.targets {
                    inputs.push(Input::Late(number(
                        self.late.len() + self.pending_late.len(),
                    )?));
                    self.pending_late.push_back((*target, defer));
                }
                continue;
            }
            match dependency.declared.arity {
                Arity::Many => inputs.push(Input::Many(number(dependency.targets.len())?)),
                Arity::Optional if dependency.targets.is_empty() => inputs.push(Input::Absent),
                Arity::One | Arity::Optional | Arity::Deferred => {}
            }
            for target in &dependency.targets {
                inputs.push(self.emit(*target)?);
            }
        }
        Ok(inputs.into())
    }

    /// The compiled row, including the steps for the values of deferred dependencies.
    pub(crate) fn finish(mut self) -> Result<CompiledRow, TooLarge> {
        while let Some((target, defer)) = self.pending_late.front().copied() {
            // The target stays in the queue until `emit` has returned: `emit` may add deferred
            // dependencies, whose indices are computed from the lengths of both lists.
            let input = self.emit(target)?;
            self.pending_late.pop_front();
            self.late.push(LateInput { input, defer });
        }
        Ok(CompiledRow {
            steps: self.steps.into(),
            inputs: self.inputs,
            late: self.late.into(),
        })
    }
}

fn number(count: usize) -> Result<u16, TooLarge> {
    u16::try_from(count).map_err(|_| TooLarge)
}
