//! The compiled plan of a scope, and how it is opened: seeds in, built roots out.
//! Must not look anything up by type; that was done when the plan was made.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

use crate::build::{build, build_now};
use crate::container::Container;
use crate::dependency::{Arity, Resolved};
use crate::error::{BuildCause, BuildFailure};
use crate::graph::{Binding, Compiler, LateInput, Need, Source, Step, TooLarge, hand_over};
use crate::lazy::Late;
use crate::panic::caught;
use crate::plan::{Wiring, built};
use crate::provider::BoxFuture;
use crate::scoped::{Roots, Scoped, Seeds};
use crate::slot::{Input, Slots};

/// How a scope with certain roots is built. Cheap to clone.
#[derive(Clone)]
pub struct ScopePlan(Arc<Planned>);

struct Planned {
    container: Container,
    steps: Box<[Step]>,
    seeds: Box<[PlannedSeed]>,
    roots: Box<[PlannedRoot]>,
    late: Box<[LateInput]>,
    /// Whether some step has to be awaited.
    waits: bool,
}

/// A seed that may be given, and whether anything takes it.
pub(crate) struct PlannedSeed {
    pub(crate) type_id: TypeId,
    pub(crate) needed: bool,
}

/// A root of the scope.
pub(crate) struct PlannedRoot {
    index: usize,
    inputs: Box<[Input]>,
    /// Its dependencies and what it requires, by type.
    visible: Box<[(TypeId, Input)]>,
}

/// A scope that is being opened.
pub enum Opening {
    /// No provider of the scope has to be awaited: it is open, or failed.
    Ready(Result<Scoped, BuildFailure>),
    /// Some factory is asynchronous.
    Pending(BoxFuture<Result<Scoped, BuildFailure>>),
}

impl Opening {
    /// The open scope, after waiting if need be.
    ///
    /// # Errors
    ///
    /// The first provider or root that fails or panics. What was built before it is dropped in reverse order.
    pub async fn opened(self) -> Result<Scoped, BuildFailure> {
        match self {
            Self::Ready(outcome) => outcome,
            Self::Pending(opening) => opening.await,
        }
    }
}

impl ScopePlan {
    pub(crate) fn new(container: &Container, roots: &[usize]) -> Self {
        let wiring = &container.running().wiring;
        let ScopeRow { steps, roots, late } = match wiring.scope_row(roots) {
            Ok(row) => row,
            Err(TooLarge) => panic!("a scope has more than {} values", u16::MAX),
        };
        let taken = || {
            let built = steps.iter().flat_map(|step| &step.inputs);
            let late = late.iter().map(|late| &late.input);
            built.chain(late).chain(roots.iter().flat_map(|root| {
                root.inputs
                    .iter()
                    .chain(root.visible.iter().map(|(_, input)| input))
            }))
        };
        let seeds = wiring
            .seeds
            .clone()
            .enumerate()
            .map(|(slot, binding)| PlannedSeed {
                type_id: wiring.bindings[binding].key.type_id(),
                needed: taken().any(
                    |input| matches!(input, Input::Scoped(taken) if usize::from(*taken) == slot),
                ),
            });
        let seeds = seeds.collect();
        let waits = steps
            .iter()
            .any(|step| matches!(wiring.bindings[step.binding].source, Source::Async(_)));
        Self(Arc::new(Planned {
            steps,
            seeds,
            roots,
            late,
            waits,
            container: container.clone(),
        }))
    }

    /// Seeds with room for all values of the scope, so that they need not be moved when it is opened.
    pub fn seeds(&self) -> Seeds {
        Seeds::with_capacity(self.0.seeds.len() + self.0.steps.len())
    }

    /// Builds what the roots reach, and the roots.
    ///
    /// The result is at hand without a future when every provider in the scope is synchronous.
    pub fn open(&self, seeds: Seeds) -> Opening {
        let slots = match self.seeded(seeds) {
            Ok(slots) => slots,
            Err(failure) => return Opening::Ready(Err(failure)),
        };
        if self.0.waits {
            Opening::Pending(Box::pin(self.clone().open_waiting(slots)))
        } else {
            Opening::Ready(self.open_now(slots))
        }
    }

    fn seeded(&self, seeds: Seeds) -> Result<Slots, BuildFailure> {
        let mut slots = seeds.arrange(&self.0.seeds).map_err(|missing| {
            let wiring = &self.0.container.running().wiring;
            wiring.bindings[wiring.seeds.start + missing].failure(BuildCause::SeedMissing)
        })?;
        slots.reserve_total(self.0.seeds.len() + self.0.steps.len());
        Ok(slots)
    }

    /// What hands the late values over, where there are any.
    fn late(&self) -> Option<Arc<Late>> {
        (!self.0.late.is_empty()).then(Arc::default)
    }

    fn open_now(&self, mut slots: Slots) -> Result<Scoped, BuildFailure> {
        let late = self.late();
        let running = self.0.container.running();
        for step in &self.0.steps {
            let binding = &running.wiring.bindings[step.binding];
            let resolved = Resolved::new(&running.singletons, &slots, &step.inputs, late.as_ref());
            let built = match &binding.source {
                Source::Sync(build) => build_now(build, resolved),
                // `waits` is false: there are none.
                Source::Async(_) | Source::Given => Err(BuildCause::SeedMissing),
            };
            slots.push(Some(built.map_err(|cause| binding.failure(cause))?));
        }
        self.with_roots(slots, late.as_ref())
    }

    async fn open_waiting(self, mut slots: Slots) -> Result<Scoped, BuildFailure> {
        let late = self.late();
        let running = self.0.container.running();
        for step in &self.0.steps {
            let resolved = Resolved::new(&running.singletons, &slots, &step.inputs, late.as_ref());
            let value = build(&running.wiring.bindings[step.binding], resolved).await?;
            slots.push(Some(value));
        }
        self.with_roots(slots, late.as_ref())
    }

    fn with_roots(&self, slots: Slots, late: Option<&Arc<Late>>) -> Result<Scoped, BuildFailure> {
        let mut roots = Roots::default();
        for planned in &self.0.roots {
            roots.push(self.build_root(planned, &slots, late)?);
        }
        if let Some(late) = late {
            let singletons = &self.0.container.running().singletons;
            hand_over(late, &self.0.late, singletons, &slots);
        }
        Ok(Scoped::new(self.clone(), slots, roots))
    }

    fn build_root(
        &self,
        planned: &PlannedRoot,
        slots: &Slots,
        late: Option<&Arc<Late>>,
    ) -> Result<Box<dyn Any + Send>, BuildFailure> {
        let running = self.0.container.running();
        let root = &running.wiring.roots[planned.index];
        let mut resolved = Resolved::new(&running.singletons, slots, &planned.inputs, late);
        caught(|| (root.build)(&mut resolved)).map_err(|panicked| {
            let info = &running.wiring.infos[planned.index];
            BuildFailure::new(info.name.to_owned(), info.location, panicked.into())
        })
    }

    /// The bindings that were built for the scope, in order, and their slots.
    pub(crate) fn built(&self) -> impl DoubleEndedIterator<Item = (&Binding, u16)> {
        built(
            &self.0.container.running().wiring,
            &self.0.steps,
            self.0.seeds.len(),
        )
    }

    /// A singleton that the root at a position depends on or requires, without opening a scope.
    ///
    /// `None` also where the value belongs to the scope.
    pub fn singleton<V: Clone + Send + Sync + 'static>(&self, position: usize) -> Option<V> {
        self.visible(position, &Slots::default())
    }

    /// A value that the root at `position` sees.
    pub(crate) fn visible<V: Clone + 'static>(&self, position: usize, slots: &Slots) -> Option<V> {
        let visible = &self.0.roots.get(position)?.visible;
        let wanted = TypeId::of::<V>();
        match visible.iter().find(|(type_id, _)| *type_id == wanted)?.1 {
            Input::Singleton(slot) => self.0.container.running().singletons.get::<V>(slot),
            Input::Scoped(slot) => slots.get::<V>(slot),
            Input::Late(_) | Input::Absent | Input::Many(_) => None,
        }
    }
}

impl fmt::Debug for ScopePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopePlan")
            .field("roots", &self.0.roots.len())
            .field("steps", &self.0.steps.len())
            .field("waits", &self.0.waits)
            .finish_non_exhaustive()
    }
}

/// The steps of a scope, then its roots.
pub(crate) struct ScopeRow {
    steps: Box<[Step]>,
    roots: Box<[PlannedRoot]>,
    late: Box<[LateInput]>,
}

impl Wiring {
    /// The steps of the scope of some roots, and the roots.
    pub(crate) fn scope_row(&self, roots: &[usize]) -> Result<ScopeRow, TooLarge> {
        let mut compiler = Compiler::new(
            &self.bindings,
            self.singletons.clone(),
            self.seeds.clone(),
            Input::Scoped,
        )?;
        let mut planned = Vec::with_capacity(roots.len());
        for index in roots {
            let root = &self.roots[*index];
            let inputs = compiler.inputs(&root.needs)?;
            let required = compiler.inputs(&root.required)?;
            let visible = by_type(&root.needs, &inputs)
                .chain(by_type(&root.required, &required))
                .collect();
            planned.push(PlannedRoot {
                index: *index,
                inputs,
                visible,
            });
        }
        let row = compiler.finish()?;
        Ok(ScopeRow {
            steps: row.steps,
            late: row.late,
            roots: planned.into(),
        })
    }
}

/// The single values among some dependencies.
fn by_type<'a>(
    needs: &'a [Need],
    inputs: &'a [Input],
) -> impl Iterator<Item = (TypeId, Input)> + 'a {
    let mut inputs = inputs.iter().copied();
    needs.iter().filter_map(move |need| {
        let input = inputs.next()?;
        match need.declared.arity {
            Arity::Many => {
                inputs.by_ref().take(need.targets.len()).for_each(drop);
                None
            }
            Arity::Deferred => None,
            Arity::One | Arity::Optional => Some((need.declared.key.type_id(), input)),
        }
    })
}
