//! A container together with the layout of one of its scopes. A `ScopePlan` and all scopes that
//! were opened from it share a `PlannedScope`.

use std::any::TypeId;
use std::sync::Arc;

use crate::container_state::ContainerState;
use crate::error::{BuildCause, BuildFailure};
use crate::lifecycle::HookedValue;
use crate::scope_layout::ScopeLayout;
use crate::seeds::SeedList;
use crate::slot::{Slots, ValueSources};

/// A container and the layout of a scope that can be opened.
pub(crate) struct PlannedScope {
    pub(crate) container: Arc<ContainerState>,
    pub(crate) layout: ScopeLayout,
}

/// The value or root that is being built.
#[derive(Clone, Copy)]
pub(crate) enum BuildPosition {
    Step(usize),
    Root(usize),
}

impl PlannedScope {
    /// What a build function of the scope can take values from.
    pub(crate) fn sources<'a>(
        &'a self,
        scoped: &'a Slots,
        seeds: &'a dyn SeedList,
    ) -> ValueSources<'a> {
        ValueSources {
            singletons: &self.container.singletons,
            scoped,
            seeds,
        }
    }

    /// The value of type `V` that the root at `position` depends on or requires.
    pub(crate) fn visible<V: Clone + 'static>(
        &self,
        position: usize,
        scoped: &Slots,
        seeds: &dyn SeedList,
    ) -> Option<V> {
        let visible = &self.layout.roots.get(position)?.visible;
        let wanted = TypeId::of::<V>();
        let (_, input) = visible.iter().find(|(type_id, _)| *type_id == wanted)?;
        self.sources(scoped, seeds).get(*input)
    }

    /// The values that the steps built for the scope, in the order of construction.
    pub(crate) fn hooked_values(&self) -> impl DoubleEndedIterator<Item = HookedValue<'_>> {
        self.container.wiring.hooked_values(&self.layout.steps, 0)
    }

    /// The failure of the value or root at a position.
    #[cold]
    pub(crate) fn failure(&self, position: BuildPosition, cause: BuildCause) -> BuildFailure {
        let wiring = &self.container.wiring;
        match position {
            BuildPosition::Step(number) => {
                wiring.bindings[self.layout.steps[number].binding].failure(cause)
            }
            BuildPosition::Root(number) => {
                let info = &wiring.infos[self.layout.roots[number].index];
                BuildFailure::new(info.name.to_owned(), info.location, cause)
            }
        }
    }

    /// The failure of a scope that is opened without the seed at an index.
    #[cold]
    pub(crate) fn seed_missing(&self, seed: usize) -> BuildFailure {
        let wiring = &self.container.wiring;
        wiring.bindings[wiring.seeds.start + seed].failure(BuildCause::SeedMissing)
    }
}
