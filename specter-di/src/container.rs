//! The running container: all singletons, and the plans of scopes. Must not know when scopes are
//! opened.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::GraphView;
use crate::error::{HookFailure, HookKind};
use crate::graph::BuildStep;
use crate::lifecycle::{HookedValue, shut_down};
use crate::plan::{Wiring, built};
use crate::root::RootInfo;
use crate::scope_plan::ScopePlan;
use crate::slot::{Input, Slots};

/// The singletons of an application. Clones are handles to the same ones; with the last they are
/// dropped, in reverse order of their construction.
#[derive(Clone)]
pub struct Container(Arc<Running>);

/// What all handles share.
pub(crate) struct Running {
    pub(crate) singletons: Slots,
    pub(crate) wiring: Wiring,
    steps: Box<[BuildStep]>,
    lookup: HashMap<TypeId, Input>,
    shut_down: AtomicBool,
}

impl Container {
    pub(crate) fn new(
        wiring: Wiring,
        singletons: Slots,
        steps: Box<[BuildStep]>,
        lookup: HashMap<TypeId, Input>,
    ) -> Self {
        Self(Arc::new(Running {
            singletons,
            wiring,
            steps,
            lookup,
            shut_down: AtomicBool::new(false),
        }))
    }

    pub(crate) fn running(&self) -> &Running {
        &self.0
    }

    /// A singleton of any module, `Arc<Pool>` for example.
    ///
    /// Where several modules provide the type, it is the one that the application's module sees; if
    /// that sees none or several of them, `None`.
    pub fn get<V: Clone + Send + Sync + 'static>(&self) -> Option<V> {
        match self.0.lookup.get(&TypeId::of::<V>())? {
            Input::Singleton(slot) => self.0.singletons.get::<V>(*slot),
            _ => None,
        }
    }

    /// The roots: those of imported modules first, depth first, then the module's own in the order
    /// of its list.
    pub fn roots(&self) -> &[RootInfo] {
        &self.0.wiring.infos
    }

    /// The graph to look at.
    pub fn view(&self) -> GraphView {
        self.0.wiring.view()
    }

    /// Plans the scope in which some roots are built, given by [`RootInfo::index`]. To be done
    /// once, ahead of opening.
    ///
    /// # Panics
    ///
    /// When there is no root of such an index, or the same ones are named so often that their
    /// values cannot be numbered.
    pub fn scope(&self, roots: &[usize]) -> ScopePlan {
        ScopePlan::new(self, roots)
    }
}

impl Container {
    /// Runs the `on_init` hooks, dependencies first. At the first that does not end well, those
    /// before it are shut down.
    pub(crate) async fn init<S, L>(&self, limit: &S) -> Result<(), HookFailure>
    where
        S: Fn() -> L,
        L: Future<Output = ()>,
    {
        let singletons = &self.0.singletons;
        for (position, value) in self.built().enumerate() {
            let run = value.run(HookKind::Init, singletons, limit());
            let Err(failure) = run.await else { continue };
            self.0.shut_down.store(true, Ordering::Relaxed);
            let before: Vec<_> = self.built().take(position).collect();
            for failure in shut_down(before.into_iter(), singletons, limit).await {
                tracing::error!(target: "specter::di", %failure, "hook failed while the start was \
                    given up");
            }
            return Err(failure);
        }
        Ok(())
    }

    /// Runs the `on_shutdown` hooks of the singletons in reverse order of their construction, each
    /// until it ends or the future of `limit` does: `|| sleep(Duration::from_secs(10))`. Only the
    /// first call runs them.
    ///
    /// What is returned are the hooks that did not end well. They stop no other hook.
    pub async fn shutdown<S, L>(&self, limit: S) -> Vec<HookFailure>
    where
        S: Fn() -> L,
        L: Future<Output = ()>,
    {
        if self.0.shut_down.swap(true, Ordering::Relaxed) {
            return Vec::new();
        }
        shut_down(self.built(), &self.0.singletons, &limit).await
    }

    fn built(&self) -> impl DoubleEndedIterator<Item = HookedValue<'_>> {
        let given = self.0.singletons.len() - self.0.steps.len();
        built(&self.0.wiring, &self.0.steps, given)
    }
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Container")
            .field("singletons", &self.0.singletons.len())
            .finish_non_exhaustive()
    }
}
