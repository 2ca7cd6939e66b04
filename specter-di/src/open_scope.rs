//! An open scope: its values, its built roots, and its tear-down.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::HookFailure;
use crate::lifecycle::shut_down;
use crate::scope_plan::ScopePlan;
use crate::seeds::SeedList;
use crate::slot::Slots;

/// An open scope: its built roots and the values they share. Dropped, or closed, it drops what is
/// left of the roots, then its values in reverse order of their construction.
pub struct OpenScope(Box<ScopeState>);

/// All of an open scope in one allocation. Dropped in the order of the fields: what was built last
/// goes first.
pub(crate) struct ScopeState<S: ?Sized = dyn SeedList> {
    // Only so that a scope can be shared: a root need not be `Sync`. Nobody locks it.
    roots: Mutex<Roots>,
    pub(crate) slots: Slots,
    plan: ScopePlan,
    is_shut_down: AtomicBool,
    pub(crate) seeds: S,
}

/// A root until it is taken.
pub(crate) type Built = Option<Box<dyn Any + Send>>;

/// Built roots; one without an allocation, since most scopes have one.
pub(crate) enum Roots {
    One(Built),
    Many(Box<[Built]>),
}

impl Default for Roots {
    fn default() -> Self {
        Self::One(None)
    }
}

impl Roots {
    fn take(&mut self, position: usize) -> Built {
        match self {
            Self::One(root) if position == 0 => root.take(),
            Self::One(_) => None,
            Self::Many(roots) => roots.get_mut(position)?.take(),
        }
    }
}

impl<S: SeedList> ScopeState<S> {
    /// A scope in which nothing is built.
    #[inline]
    pub(crate) fn boxed(plan: ScopePlan, seeds: S, capacity: usize) -> Box<ScopeState> {
        // The memory first, so that the scope is written where it stays.
        let place = Box::<Self>::new_uninit();
        let open = Self {
            roots: Mutex::default(),
            slots: Slots::with_capacity(capacity),
            plan,
            is_shut_down: AtomicBool::new(false),
            seeds,
        };
        let open: Box<Self> = Box::write(place, open);
        open
    }
}

impl ScopeState {
    pub(crate) fn roots(&mut self) -> &mut Roots {
        let roots = self.roots.get_mut();
        roots.unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenScope {
    pub(crate) fn new(open: Box<ScopeState>) -> Self {
        Self(open)
    }

    /// The root at a position of the list that the scope was planned with; once.
    pub fn take_root(&mut self, position: usize) -> Option<Box<dyn Any + Send>> {
        self.0.roots().take(position)
    }

    /// A value that the root at a position depends on or requires.
    pub fn get<V: Clone + Send + Sync + 'static>(&self, position: usize) -> Option<V> {
        let ScopeState {
            plan, slots, seeds, ..
        } = &*self.0;
        plan.visible(position, slots, seeds)
    }

    /// Tears the scope down: what is left of the roots is dropped, the `on_shutdown` hooks of its
    /// values run in reverse order of their construction, then the values are dropped.
    ///
    /// What is returned are the hooks that did not end well. They stop no other hook.
    pub async fn close(self) -> Vec<HookFailure> {
        self.close_within(std::future::pending).await
    }

    /// As [`close`](Self::close), with a time limit for each hook: `||
    /// sleep(Duration::from_secs(10))`.
    pub async fn close_within<S, L>(mut self, limit: S) -> Vec<HookFailure>
    where
        S: Fn() -> L,
        L: Future<Output = ()>,
    {
        drop(std::mem::take(self.0.roots()));
        self.shut_down(limit).await
    }

    /// Runs the `on_shutdown` hooks of a scope that is shared, in reverse order of construction,
    /// each until it ends or its limit does. Only the first call runs them. The values are dropped
    /// with the scope.
    ///
    /// What is returned are the hooks that did not end well. They stop no other hook.
    pub async fn shut_down<S, L>(&self, limit: S) -> Vec<HookFailure>
    where
        S: Fn() -> L,
        L: Future<Output = ()>,
    {
        if self.0.is_shut_down.swap(true, Ordering::Relaxed) {
            return Vec::new();
        }
        shut_down(self.0.plan.built(), &self.0.slots, &limit).await
    }
}

impl fmt::Debug for OpenScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenScope")
            .field("values", &self.0.slots.len())
            .finish_non_exhaustive()
    }
}
