//! The compiled plan of a scope, and how it is opened: seeds in, built roots out.
//! Must not look anything up by type; that was done when the plan was made.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;

use crate::build::{BuildFuture, Source};
use crate::container::Container;
use crate::dependency::{Arity, Resolved};
use crate::error::{BuildCause, BuildFailure};
use crate::graph::{BuildStep, Compiler, LateInput, ResolvedDependency, TooLarge, provide_late};
use crate::late::LateValues;
use crate::lifecycle::HookedValue;
use crate::open_scope::{OpenScope, Roots, ScopeState};
use crate::panic::catch_unwind;
use crate::plan::{Wiring, built};
use crate::seeds::{PlannedSeed, SeedList, Seeds};
use crate::slot::{Input, Slots, ValueSources};

/// How a scope with certain roots is built. Cheap to clone.
#[derive(Clone)]
pub struct ScopePlan(Arc<Planned>);

struct Planned {
    container: Container,
    steps: Box<[BuildStep]>,
    seeds: Box<[PlannedSeed]>,
    roots: Box<[PlannedRoot]>,
    late: Box<[LateInput]>,
    /// Whether some step has to be awaited.
    waits: bool,
}

/// A root of the scope.
pub(crate) struct PlannedRoot {
    index: usize,
    inputs: Box<[Input]>,
    /// Its dependencies and what it requires, by type.
    visible: Box<[(TypeId, Input)]>,
}

/// A scope that is being opened.
pub enum OpenScopeFuture {
    /// No provider of the scope has to be awaited: it is open, or failed.
    Ready(Result<OpenScope, BuildFailure>),
    /// Some factory is asynchronous.
    Pending(BuildFuture<Result<OpenScope, BuildFailure>>),
}

impl OpenScopeFuture {
    /// The open scope, after waiting if need be.
    ///
    /// # Errors
    ///
    /// The first provider or root that fails or panics. What was built before it is dropped in
    /// reverse order.
    pub async fn opened(self) -> Result<OpenScope, BuildFailure> {
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
            .map(|(place, binding)| PlannedSeed {
                type_id: wiring.bindings[binding].key.type_id(),
                needed: taken().any(
                    |input| matches!(input, Input::Seed(taken) if usize::from(*taken) == place),
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

    /// No seeds yet, to be filled in by [`Seeds::with`].
    pub fn seeds(&self) -> Seeds {
        Seeds::new()
    }

    /// Builds what the roots reach, and the roots.
    ///
    /// The result is at hand without a future when every provider in the scope is synchronous.
    pub fn open<L: SeedList>(&self, seeds: Seeds<L>) -> OpenScopeFuture {
        if Seeds::<L>::are_ordered(&self.0.seeds) {
            return self.open_with(seeds.values);
        }
        match seeds.reordered(&self.0.seeds) {
            Ok(seeds) => self.open_with(seeds),
            Err(missing) => OpenScopeFuture::Ready(Err(self.missing(missing))),
        }
    }

    fn open_with(&self, seeds: impl SeedList) -> OpenScopeFuture {
        let scope = ScopeState::boxed(self.clone(), seeds, self.0.steps.len());
        if self.0.waits {
            OpenScopeFuture::Pending(Box::pin(self.clone().open_waiting(scope)))
        } else {
            OpenScopeFuture::Ready(self.open_now(scope))
        }
    }

    #[cold]
    fn missing(&self, seed: usize) -> BuildFailure {
        let wiring = &self.0.container.running().wiring;
        wiring.bindings[wiring.seeds.start + seed].failure(BuildCause::SeedMissing)
    }

    /// What hands the late values over, where there are any.
    fn late(&self) -> Option<Arc<LateValues>> {
        (!self.0.late.is_empty()).then(Arc::default)
    }

    fn open_now(&self, mut scope: Box<ScopeState>) -> Result<OpenScope, BuildFailure> {
        let late = self.late();
        let mut at = At::BuildStep(0);
        match catch_unwind(|| self.fill(&mut scope, late.as_ref(), &mut at)) {
            Ok(Ok(())) => Ok(OpenScope::new(scope)),
            Ok(Err(cause)) => Err(self.failure(at, cause)),
            Err(panicked) => Err(self.failure(at, panicked.into())),
        }
    }

    /// Builds everything, synchronously. `at` says how far it came.
    fn fill(
        &self,
        scope: &mut ScopeState,
        late: Option<&Arc<LateValues>>,
        at: &mut At,
    ) -> Result<(), BuildCause> {
        let running = self.0.container.running();
        for (number, step) in self.0.steps.iter().enumerate() {
            *at = At::BuildStep(number);
            // `waits` is false: there is nothing else.
            let Source::Sync(build) = &running.wiring.bindings[step.binding].source else {
                return Err(BuildCause::SeedMissing);
            };
            let reach = self.reach(scope);
            let value = build.call(&mut Resolved::new(&reach, &step.inputs, late))?;
            scope.slots.push(value);
        }
        self.fill_roots(scope, late, at);
        Ok(())
    }

    fn fill_roots(&self, scope: &mut ScopeState, late: Option<&Arc<LateValues>>, at: &mut At) {
        let running = self.0.container.running();
        let reach = self.reach(scope);
        let mut build = |(number, planned): (usize, &PlannedRoot)| {
            *at = At::Root(number);
            let root = &running.wiring.roots[planned.index];
            (root.build)(&mut Resolved::new(&reach, &planned.inputs, late))
        };
        let roots = self.0.roots.iter().enumerate();
        *scope.roots() = match &*self.0.roots {
            [root] => Roots::One(Some(build((0, root)))),
            _ => Roots::Many(roots.map(build).map(Some).collect()),
        };
        if let Some(late) = late {
            provide_late(late, &self.0.late, self.reach(scope));
        }
    }

    async fn open_waiting(self, mut scope: Box<ScopeState>) -> Result<OpenScope, BuildFailure> {
        let late = self.late();
        let running = self.0.container.running();
        for step in &self.0.steps {
            let reach = self.reach(&scope);
            let resolved = Resolved::new(&reach, &step.inputs, late.as_ref());
            let binding = &running.wiring.bindings[step.binding];
            let value = binding.source.build(resolved).await;
            let value = value.map_err(|cause| binding.failure(cause))?;
            scope.slots.push(value);
        }
        let mut at = At::Root(0);
        catch_unwind(|| self.fill_roots(&mut scope, late.as_ref(), &mut at))
            .map_err(|panicked| self.failure(at, panicked.into()))?;
        Ok(OpenScope::new(scope))
    }

    #[cold]
    fn failure(&self, at: At, cause: BuildCause) -> BuildFailure {
        let wiring = &self.0.container.running().wiring;
        match at {
            At::BuildStep(number) => wiring.bindings[self.0.steps[number].binding].failure(cause),
            At::Root(number) => {
                let info = &wiring.infos[self.0.roots[number].index];
                BuildFailure::new(info.name.to_owned(), info.location, cause)
            }
        }
    }

    fn reach<'a>(&'a self, scope: &'a ScopeState) -> ValueSources<'a> {
        ValueSources {
            singletons: &self.0.container.running().singletons,
            scoped: &scope.slots,
            seeds: &scope.seeds,
        }
    }

    /// The bindings that were built for the scope, in order, and their slots.
    pub(crate) fn built(&self) -> impl DoubleEndedIterator<Item = HookedValue<'_>> {
        built(&self.0.container.running().wiring, &self.0.steps, 0)
    }

    /// A singleton that the root at a position depends on or requires, without opening a scope.
    ///
    /// `None` also where the value belongs to the scope.
    pub fn singleton<V: Clone + Send + Sync + 'static>(&self, position: usize) -> Option<V> {
        self.visible(position, &Slots::default(), &())
    }

    /// A value that the root at `position` sees.
    pub(crate) fn visible<V: Clone + 'static>(
        &self,
        position: usize,
        scoped: &Slots,
        seeds: &dyn SeedList,
    ) -> Option<V> {
        let visible = &self.0.roots.get(position)?.visible;
        let wanted = TypeId::of::<V>();
        let (_, input) = visible.iter().find(|(type_id, _)| *type_id == wanted)?;
        let singletons = &self.0.container.running().singletons;
        ValueSources {
            singletons,
            scoped,
            seeds,
        }
        .get(*input)
    }
}

/// What is being built.
#[derive(Clone, Copy)]
enum At {
    BuildStep(usize),
    Root(usize),
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
    steps: Box<[BuildStep]>,
    roots: Box<[PlannedRoot]>,
    late: Box<[LateInput]>,
}

impl Wiring {
    /// The steps of the scope of some roots, and the roots.
    pub(crate) fn scope_row(&self, roots: &[usize]) -> Result<ScopeRow, TooLarge> {
        let mut known = self.singletons.clone();
        for (place, binding) in self.seeds.clone().enumerate() {
            known[binding] = Some(Input::Seed(u16::try_from(place).map_err(|_| TooLarge)?));
        }
        let mut compiler = Compiler::new(&self.bindings, known, 0..0, Input::Scoped)?;
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
    needs: &'a [ResolvedDependency],
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
