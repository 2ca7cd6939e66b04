//! The running container: all singletons, and the plans of scopes. Must not know when scopes are opened.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::plan::Wiring;
use crate::root::RootInfo;
use crate::scope_plan::ScopePlan;
use crate::slot::{Input, Slots};

/// The singletons of an application. Clones are handles to the same ones; with the last they are dropped, in reverse
/// order of their construction.
#[derive(Clone)]
pub struct Container(Arc<Running>);

/// What all handles share.
pub(crate) struct Running {
    pub(crate) singletons: Slots,
    pub(crate) wiring: Wiring,
    lookup: HashMap<TypeId, Input>,
}

impl Container {
    pub(crate) fn new(wiring: Wiring, singletons: Slots, lookup: HashMap<TypeId, Input>) -> Self {
        Self(Arc::new(Running {
            singletons,
            wiring,
            lookup,
        }))
    }

    pub(crate) fn running(&self) -> &Running {
        &self.0
    }

    /// A singleton of any module, `Arc<Pool>` for example.
    ///
    /// Where several modules provide the type, it is the one that the application's module sees; if that sees none
    /// or several of them, `None`.
    pub fn get<V: Clone + Send + Sync + 'static>(&self) -> Option<V> {
        match self.0.lookup.get(&TypeId::of::<V>())? {
            Input::Singleton(slot) => self.0.singletons.get::<V>(*slot).cloned(),
            Input::Scoped(_) | Input::Absent | Input::Many(_) => None,
        }
    }

    /// The roots: those of imported modules first, depth first, then the module's own in the order of its list.
    pub fn roots(&self) -> &[RootInfo] {
        &self.0.wiring.infos
    }

    /// Plans the scope in which some roots are built, given by [`RootInfo::index`]. To be done once, ahead of opening.
    ///
    /// # Panics
    ///
    /// When there is no root of such an index, or the same ones are named so often that their values cannot be numbered.
    pub fn scope(&self, roots: &[usize]) -> ScopePlan {
        ScopePlan::new(self.clone(), roots)
    }
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Container")
            .field("singletons", &self.0.singletons.len())
            .finish_non_exhaustive()
    }
}
