//! The running container: all singletons, and the plans of scopes. Must not know when scopes are
//! opened.

use std::any::TypeId;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::GraphView;
use crate::container_state::ContainerState;
use crate::error::{HookFailure, HookKind};
use crate::lifecycle::shut_down;
use crate::root::RootInfo;
use crate::scope_plan::ScopePlan;
use crate::slot::Input;

/// The singletons of an application.
///
/// Clones are handles to the same container. [`ScopePlan`]s and open scopes keep it alive, too.
/// When the last of them is dropped, the singletons are dropped in reverse order of their
/// construction. Dropping runs no `on_shutdown` hooks: call [`shutdown`](Self::shutdown) first.
#[derive(Clone)]
pub struct Container(Arc<ContainerState>);

impl Container {
    pub(crate) fn new(state: ContainerState) -> Self {
        Self(Arc::new(state))
    }

    /// The singleton of type `V`, for example `Arc<Pool>`, whichever module provides it.
    ///
    /// If several modules provide the type, the result is the one that the application's module
    /// sees. `None` if nothing provides the type. `None` also if several modules provide it, and
    /// the application's module sees none of them or more than one.
    pub fn get<V: Clone + Send + Sync + 'static>(&self) -> Option<V> {
        match self.0.lookup.get(&TypeId::of::<V>())? {
            Input::Singleton(slot) => self.0.singletons.get::<V>(*slot),
            _ => None,
        }
    }

    /// The roots of all modules. Roots of imported modules precede those of the modules that import
    /// them, and the roots of one module are in the order of its list.
    pub fn roots(&self) -> &[RootInfo] {
        &self.0.wiring.infos
    }

    /// The graph as text or diagram.
    pub fn view(&self) -> GraphView {
        self.0.wiring.view()
    }

    /// Plans the scope in which the given roots are built, each named by its [`RootInfo::index`].
    ///
    /// Planning compiles the scope, which is slow compared with opening it: plan once, and open
    /// the plan as often as needed.
    ///
    /// # Panics
    ///
    /// If there is no root with one of the indices, or if the scope needs more than 65,535 values,
    /// which can only happen when the same roots are named many times.
    pub fn scope(&self, roots: &[usize]) -> ScopePlan {
        ScopePlan::new(self.0.clone(), roots)
    }

    /// Runs the `on_init` hooks in the order of construction, so that dependencies come first. If
    /// one fails, the singletons before it are shut down.
    pub(crate) async fn init<S, L>(&self, limit: &S) -> Result<(), HookFailure>
    where
        S: Fn() -> L,
        L: Future<Output = ()>,
    {
        let singletons = &self.0.singletons;
        for (position, value) in self.0.hooked_values().enumerate() {
            let run = value.run(HookKind::Init, singletons, limit());
            let Err(failure) = run.await else { continue };
            self.0.is_shut_down.store(true, Ordering::Relaxed);
            let before: Vec<_> = self.0.hooked_values().take(position).collect();
            for failure in shut_down(before.into_iter(), singletons, limit).await {
                tracing::error!(target: "specter::di", %failure, "a shutdown hook failed after \
                    the start was aborted");
            }
            return Err(failure);
        }
        Ok(())
    }

    /// Runs the `on_shutdown` hooks of the singletons in reverse order of construction, one after
    /// another.
    ///
    /// `limit` makes a time limit for each hook, for example `|| sleep(Duration::from_secs(10))`.
    /// A hook that has not ended when its limit is ready is dropped. The result is the hooks that
    /// failed, panicked or were dropped; none of them stops the others. Only the first call runs
    /// the hooks, and every other call returns an empty list. If the future is dropped before it is
    /// ready, the remaining hooks never run.
    pub async fn shutdown<S, L>(&self, limit: S) -> Vec<HookFailure>
    where
        S: Fn() -> L,
        L: Future<Output = ()>,
    {
        if self.0.is_shut_down.swap(true, Ordering::Relaxed) {
            return Vec::new();
        }
        shut_down(self.0.hooked_values(), &self.0.singletons, &limit).await
    }
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Container")
            .field("singletons", &self.0.singletons.len())
            .finish_non_exhaustive()
    }
}
