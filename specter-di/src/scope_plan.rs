//! Opens a planned scope: takes the seeds, builds the scope's values, then its roots. Building
//! looks nothing up by type, because the inputs were resolved when the scope was planned.

use std::fmt;
use std::sync::Arc;

use crate::build::{BuildFuture, Source};
use crate::container_state::ContainerState;
use crate::dependency::Resolved;
use crate::error::{BuildCause, BuildFailure};
use crate::graph::{TooLarge, provide_late};
use crate::late::LateValues;
use crate::open_scope::{OpenScope, Roots, ScopeState};
use crate::panic::catch_unwind;
use crate::planned_scope::{BuildPosition, PlannedScope};
use crate::scope_layout::{PlannedRoot, ScopeLayout};
use crate::seeds::{SeedList, Seeds};
use crate::slot::{Slots, ValueSources};

/// The compiled plan of a scope with certain roots. [`Container::scope`](crate::Container::scope)
/// makes it.
///
/// A clone is a handle to the same plan. It keeps the container alive.
#[derive(Clone)]
pub struct ScopePlan(Arc<PlannedScope>);

/// A scope that is being opened.
#[must_use = "the scope may not be open yet: call `opened` and await it, or match the variants"]
pub enum OpenScopeFuture {
    /// The outcome. No provider of the scope has to be awaited.
    Ready(Result<OpenScope, BuildFailure>),
    /// The future of the outcome. At least one provider of the scope has to be awaited.
    Pending(BuildFuture<Result<OpenScope, BuildFailure>>),
}

impl OpenScopeFuture {
    /// Waits until the scope is open.
    ///
    /// If the future is dropped before it is ready, the values that were built are dropped in
    /// reverse order; no `on_shutdown` hook runs.
    ///
    /// # Errors
    ///
    /// The failure of the first provider or root that fails or panics, or of a seed that is needed
    /// and missing. The values that were built before it are dropped in reverse order.
    pub async fn opened(self) -> Result<OpenScope, BuildFailure> {
        match self {
            Self::Ready(outcome) => outcome,
            Self::Pending(opening) => opening.await,
        }
    }
}

impl ScopePlan {
    pub(crate) fn new(container: Arc<ContainerState>, roots: &[usize]) -> Self {
        let layout = match ScopeLayout::compile(&container.wiring, roots) {
            Ok(layout) => layout,
            Err(TooLarge) => panic!("the scope needs more than {} values", u16::MAX),
        };
        Self(Arc::new(PlannedScope { container, layout }))
    }

    /// An empty list of seeds, to which [`Seeds::with`] adds values.
    pub fn seeds(&self) -> Seeds {
        Seeds::new()
    }

    /// Opens a scope: builds the values that its roots depend on, then the roots.
    ///
    /// The result is [`Ready`](OpenScopeFuture::Ready) if every provider in the scope is
    /// synchronous. Opening a scope is cheapest if `seeds` has all declared seeds in the order of
    /// their declaration.
    pub fn open<L: SeedList>(&self, seeds: Seeds<L>) -> OpenScopeFuture {
        let planned = &self.0.layout.seeds;
        if Seeds::<L>::are_ordered(planned) {
            return self.open_with(seeds.values);
        }
        match seeds.reordered(planned) {
            Ok(seeds) => self.open_with(seeds),
            Err(missing) => OpenScopeFuture::Ready(Err(self.0.seed_missing(missing))),
        }
    }

    fn open_with(&self, seeds: impl SeedList) -> OpenScopeFuture {
        let layout = &self.0.layout;
        let scope = ScopeState::boxed(self.0.clone(), seeds, layout.steps.len());
        if layout.is_async {
            OpenScopeFuture::Pending(Box::pin(self.clone().open_async(scope)))
        } else {
            OpenScopeFuture::Ready(self.open_now(scope))
        }
    }

    /// The values of deferred dependencies; `None` if the scope has no deferred dependencies.
    fn late_values(&self) -> Option<Arc<LateValues>> {
        (!self.0.layout.late.is_empty()).then(Arc::default)
    }

    fn open_now(&self, mut scope: Box<ScopeState>) -> Result<OpenScope, BuildFailure> {
        let late = self.late_values();
        let mut position = BuildPosition::Step(0);
        match catch_unwind(|| self.fill(&mut scope, late.as_ref(), &mut position)) {
            Ok(Ok(())) => Ok(OpenScope::new(scope)),
            Ok(Err(cause)) => Err(self.0.failure(position, cause)),
            Err(panicked) => Err(self.0.failure(position, panicked.into())),
        }
    }

    /// Builds all values and roots synchronously. After an error or panic, `position` names the
    /// value or root that failed.
    fn fill(
        &self,
        scope: &mut ScopeState,
        late: Option<&Arc<LateValues>>,
        position: &mut BuildPosition,
    ) -> Result<(), BuildCause> {
        let bindings = &self.0.container.wiring.bindings;
        for (number, step) in self.0.layout.steps.iter().enumerate() {
            *position = BuildPosition::Step(number);
            // `is_async` is false, and external values have no step, so no other source occurs.
            let Source::Sync(build) = &bindings[step.binding].source else {
                return Err(BuildCause::SeedMissing);
            };
            let sources = self.sources(scope);
            let value = build.call(&mut Resolved::new(&sources, &step.inputs, late))?;
            scope.slots.push(value);
        }
        self.fill_roots(scope, late, position);
        Ok(())
    }

    fn fill_roots(
        &self,
        scope: &mut ScopeState,
        late: Option<&Arc<LateValues>>,
        position: &mut BuildPosition,
    ) {
        let bound_roots = &self.0.container.wiring.roots;
        let layout = &self.0.layout;
        let sources = self.sources(scope);
        let mut build = |(number, planned): (usize, &PlannedRoot)| {
            *position = BuildPosition::Root(number);
            let root = &bound_roots[planned.index];
            (root.build)(&mut Resolved::new(&sources, &planned.inputs, late))
        };
        let roots = layout.roots.iter().enumerate();
        *scope.roots() = match &*layout.roots {
            [root] => Roots::One(Some(build((0, root)))),
            _ => Roots::Many(roots.map(build).map(Some).collect()),
        };
        if let Some(late) = late {
            provide_late(late, &layout.late, self.sources(scope));
        }
    }

    async fn open_async(self, mut scope: Box<ScopeState>) -> Result<OpenScope, BuildFailure> {
        let late = self.late_values();
        let bindings = &self.0.container.wiring.bindings;
        for step in &self.0.layout.steps {
            let sources = self.sources(&scope);
            let resolved = Resolved::new(&sources, &step.inputs, late.as_ref());
            let binding = &bindings[step.binding];
            let value = binding.source.build(resolved).await;
            scope
                .slots
                .push(value.map_err(|cause| binding.failure(cause))?);
        }
        let mut position = BuildPosition::Root(0);
        catch_unwind(|| self.fill_roots(&mut scope, late.as_ref(), &mut position))
            .map_err(|panicked| self.0.failure(position, panicked.into()))?;
        Ok(OpenScope::new(scope))
    }

    fn sources<'a>(&'a self, scope: &'a ScopeState) -> ValueSources<'a> {
        self.0.sources(&scope.slots, &scope.seeds)
    }

    /// The singleton of type `V` that the root at a position depends on or requires. It is found
    /// without opening a scope.
    ///
    /// `position` is the root's position in the list that the scope was planned with. The result is
    /// `None` if there is no such root, if the root does not take the type, or if the value belongs
    /// to the scope.
    pub fn singleton<V: Clone + Send + Sync + 'static>(&self, position: usize) -> Option<V> {
        self.0.visible(position, &Slots::default(), &())
    }
}

impl fmt::Debug for ScopePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopePlan")
            .field("roots", &self.0.layout.roots.len())
            .field("steps", &self.0.layout.steps.len())
            .field("is_async", &self.0.layout.is_async)
            .finish_non_exhaustive()
    }
}
