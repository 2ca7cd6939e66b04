//! An open scope: its values, its roots, and how it is closed.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::HookFailure;
use crate::lifecycle::shut_down;
use crate::planned_scope::PlannedScope;
use crate::seeds::SeedList;
use crate::slot::Slots;

/// An open scope: its roots and the values that they share.
///
/// When it is dropped, the roots that were not taken are dropped first, then the values in reverse
/// order of their construction. Dropping runs no `on_shutdown` hooks; [`close`](Self::close) does.
pub struct OpenScope(Box<ScopeState>);

/// The whole state of an open scope, in one allocation. The order of the fields is the order in
/// which they are dropped: roots before the values that they depend on, values before seeds.
pub(crate) struct ScopeState<S: ?Sized = dyn SeedList> {
    // The mutex is never locked. It only makes the scope `Sync`, which a root need not be.
    roots: Mutex<Roots>,
    pub(crate) slots: Slots,
    plan: Arc<PlannedScope>,
    is_shut_down: AtomicBool,
    pub(crate) seeds: S,
}

/// A root; `None` once it is taken.
pub(crate) type BuiltRoot = Option<Box<dyn Any + Send>>;

/// The roots of a scope. Most scopes have one root, which needs no allocation for a list.
pub(crate) enum Roots {
    One(BuiltRoot),
    Many(Box<[BuiltRoot]>),
}

impl Default for Roots {
    fn default() -> Self {
        Self::One(None)
    }
}

impl Roots {
    fn take(&mut self, position: usize) -> BuiltRoot {
        match self {
            Self::One(root) if position == 0 => root.take(),
            Self::One(_) => None,
            Self::Many(roots) => roots.get_mut(position)?.take(),
        }
    }
}

impl<S: SeedList> ScopeState<S> {
    /// A scope in which nothing is built yet.
    #[inline]
    pub(crate) fn boxed(plan: Arc<PlannedScope>, seeds: S, capacity: usize) -> Box<ScopeState> {
        // The memory is allocated first, so that the scope is written in place and never moved.
        let memory = Box::<Self>::new_uninit();
        let scope = Self {
            roots: Mutex::default(),
            slots: Slots::with_capacity(capacity),
            plan,
            is_shut_down: AtomicBool::new(false),
            seeds,
        };
        let scope: Box<Self> = Box::write(memory, scope);
        scope
    }
}

impl ScopeState {
    pub(crate) fn roots(&mut self) -> &mut Roots {
        let roots = self.roots.get_mut();
        roots.unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenScope {
    pub(crate) fn new(scope: Box<ScopeState>) -> Self {
        Self(scope)
    }

    /// Takes the root at a position out of the scope.
    ///
    /// `position` is the root's position in the list that the scope was planned with. The result is
    /// `None` if there is no such root, or if it was taken before.
    pub fn take_root(&mut self, position: usize) -> Option<Box<dyn Any + Send>> {
        self.0.roots().take(position)
    }

    /// The value of type `V` that the root at a position depends on or requires.
    ///
    /// `position` is the root's position in the list that the scope was planned with. The result is
    /// `None` if there is no such root, or if the root does not take the type as a single value.
    /// It does not matter whether the root was taken.
    pub fn get<V: Clone + Send + Sync + 'static>(&self, position: usize) -> Option<V> {
        let ScopeState {
            plan, slots, seeds, ..
        } = &*self.0;
        plan.visible(position, slots, seeds)
    }

    /// Closes the scope: drops the roots that were not taken, runs the `on_shutdown` hooks of the
    /// scope's values in reverse order of construction, then drops the values.
    ///
    /// The result is the hooks that failed or panicked; none of them stops the others. If the
    /// future is dropped before it is ready, the remaining hooks never run, and the values are
    /// dropped.
    pub async fn close(self) -> Vec<HookFailure> {
        self.close_within(std::future::pending).await
    }

    /// [Closes](Self::close) the scope with a time limit for each hook. `limit` makes it, for
    /// example `|| sleep(Duration::from_secs(10))`. A hook that has not ended when its limit is
    /// ready is dropped, and is in the result.
    pub async fn close_within<S, L>(mut self, limit: S) -> Vec<HookFailure>
    where
        S: Fn() -> L,
        L: Future<Output = ()>,
    {
        drop(std::mem::take(self.0.roots()));
        self.shut_down(limit).await
    }

    /// Runs the `on_shutdown` hooks of a scope that is shared and therefore cannot be
    /// [closed](Self::close). The values are dropped with the scope.
    ///
    /// The hooks run in reverse order of construction. `limit` makes a time limit for each hook,
    /// for example `|| sleep(Duration::from_secs(10))`. The result is the hooks that failed,
    /// panicked or had not ended at their limit; none of them stops the others. Only the first call
    /// runs the hooks, and every other call returns an empty list.
    pub async fn shut_down<S, L>(&self, limit: S) -> Vec<HookFailure>
    where
        S: Fn() -> L,
        L: Future<Output = ()>,
    {
        if self.0.is_shut_down.swap(true, Ordering::Relaxed) {
            return Vec::new();
        }
        shut_down(self.0.plan.hooked_values(), &self.0.slots, &limit).await
    }
}

impl fmt::Debug for OpenScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenScope")
            .field("values", &self.0.slots.len())
            .finish_non_exhaustive()
    }
}
