//! Turns resolved bindings into steps that fill numbered slots. Must not run them.

use std::collections::VecDeque;

use super::bind::{Binding, ResolvedDependency};
use crate::Scope;
use crate::dependency::Arity;
use crate::late::{Defer, LateValues};
use crate::slot::{Input, ValueSources};

/// Builds one value into the next slot.
pub(crate) struct BuildStep {
    pub(crate) binding: usize,
    pub(crate) inputs: Box<[Input]>,
}

/// A value that is handed over when its row is filled.
pub(crate) struct LateInput {
    pub(crate) input: Input,
    pub(crate) defer: Defer,
}

/// Hands the late values of a filled row over to those who wait for them.
pub(crate) fn provide_late(late: &LateValues, inputs: &[LateInput], values: ValueSources<'_>) {
    late.fill(inputs.iter().map(|LateInput { input, defer }| {
        // Always there: nothing else is resolved to one binding.
        defer
            .weak_reference(&values, *input)
            .unwrap_or_else(|| Box::new(()))
    }));
}

/// The steps that fill a row of slots, and where the values of bindings lie then.
pub(crate) struct CompiledRow {
    pub(crate) steps: Box<[BuildStep]>,
    pub(crate) inputs: Vec<Option<Input>>,
    pub(crate) late: Box<[LateInput]>,
}

/// How a slot of the row that is being filled is addressed.
pub(crate) type Place = fn(u16) -> Input;

/// More values than slots can be numbered.
#[derive(Debug)]
pub(crate) struct TooLarge;

/// Emits the steps that fill one row of slots.
pub(crate) struct Compiler<'a> {
    bindings: &'a [Binding],
    /// Where the value of a binding lies already.
    known: Vec<Option<Input>>,
    steps: Vec<BuildStep>,
    /// How many slots are filled before the first step.
    given: usize,
    place: Place,
    late: Vec<LateInput>,
    /// The bindings of `late` from its length on.
    waiting: VecDeque<(usize, Defer)>,
}

impl<'a> Compiler<'a> {
    /// `known` says what lies in other rows; the bindings in `given` fill the first slots of this
    /// one.
    pub(crate) fn new(
        bindings: &'a [Binding],
        mut known: Vec<Option<Input>>,
        given: std::ops::Range<usize>,
        place: Place,
    ) -> Result<Self, TooLarge> {
        known.resize(bindings.len(), None);
        let count = given.len();
        for (slot, binding) in given.enumerate() {
            known[binding] = Some(place(number(slot)?));
        }
        Ok(Self {
            bindings,
            known,
            steps: Vec::new(),
            given: count,
            place,
            late: Vec::new(),
            waiting: VecDeque::new(),
        })
    }

    /// Where the value of a binding will lie; emits the steps that build it.
    pub(crate) fn emit(&mut self, binding: usize) -> Result<Input, TooLarge> {
        if let Some(input) = self.known[binding] {
            return Ok(input);
        }
        let bindings = self.bindings;
        let inputs = self.inputs(&bindings[binding].dependencies)?;
        let input = (self.place)(number(self.given + self.steps.len())?);
        self.steps.push(BuildStep { binding, inputs });
        if bindings[binding].scope != Scope::Transient {
            self.known[binding] = Some(input);
        }
        Ok(input)
    }

    /// Where the values of some dependencies will lie.
    pub(crate) fn inputs(
        &mut self,
        dependencies: &[ResolvedDependency],
    ) -> Result<Box<[Input]>, TooLarge> {
        let mut inputs = Vec::with_capacity(dependencies.len());
        for dependency in dependencies {
            if let Some(defer) = dependency.declared.defer {
                for target in &dependency.targets {
                    inputs.push(Input::Late(number(self.late.len() + self.waiting.len())?));
                    self.waiting.push_back((*target, defer));
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

    /// The row, what its late values need included.
    pub(crate) fn finish(mut self) -> Result<CompiledRow, TooLarge> {
        while let Some((target, defer)) = self.waiting.front().copied() {
            // It keeps its number while more may come to wait.
            let input = self.emit(target)?;
            self.waiting.pop_front();
            self.late.push(LateInput { input, defer });
        }
        Ok(CompiledRow {
            steps: self.steps.into(),
            inputs: self.known,
            late: self.late.into(),
        })
    }
}

fn number(count: usize) -> Result<u16, TooLarge> {
    u16::try_from(count).map_err(|_| TooLarge)
}
