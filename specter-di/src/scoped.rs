//! What goes into a scope when it is opened, and an open scope. Must not know how its values are built.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::lifecycle::{HookFailure, shut_down};
use crate::scope_plan::{PlannedSeed, ScopePlan};
use crate::slot::{Slot, Slots};

/// The values that a scope is opened with, one of each declared seed type that its roots reach.
///
/// Given in the order in which they were declared they are not moved again.
#[derive(Default)]
pub struct Seeds(Slots);

impl Seeds {
    /// No seeds yet. [`ScopePlan::seeds`] makes them with the right capacity.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Slots::with_capacity(capacity))
    }

    /// Adds a seed. One that was not declared is ignored.
    pub fn with<V: Clone + Send + Sync + 'static>(mut self, value: V) -> Self {
        self.0.push(Some(Slot::boxed(value)));
        self
    }

    /// Brings the seeds into the order of their slots. The position of one that is needed and not there is the error.
    pub(crate) fn arrange(self, planned: &[PlannedSeed]) -> Result<Slots, usize> {
        let Self(mut slots) = self;
        let fits = |(slot, seed): (&Option<Slot>, &PlannedSeed)| is(slot.as_ref(), seed);
        if slots.len() == planned.len() && slots.as_mut_slice().iter().zip(planned).all(fits) {
            return Ok(slots);
        }
        let mut arranged = Slots::with_capacity(planned.len());
        for (position, seed) in planned.iter().enumerate() {
            let given = slots
                .as_mut_slice()
                .iter_mut()
                .find(|slot| is(slot.as_ref(), seed))
                .and_then(Option::take);
            if given.is_none() && seed.needed {
                return Err(position);
            }
            arranged.push(given);
        }
        Ok(arranged)
    }
}

fn is(slot: Option<&Slot>, seed: &PlannedSeed) -> bool {
    slot.is_some_and(|value| value.is_boxed(seed.type_id))
}

impl fmt::Debug for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seeds").field("len", &self.0.len()).finish()
    }
}

/// An open scope: its built roots and the values they share. Dropped, or closed, it drops what is left of the roots,
/// then its values in reverse order of their construction.
pub struct Scoped {
    // Only so that a scope can be shared: a root need not be `Sync`. Nobody locks it.
    roots: Mutex<Roots>,
    slots: Slots,
    plan: ScopePlan,
    is_shut_down: AtomicBool,
}

/// Built roots; the first without an allocation, since most scopes have one.
#[derive(Default)]
pub(crate) struct Roots {
    first: Option<Box<dyn Any + Send>>,
    rest: Vec<Option<Box<dyn Any + Send>>>,
    count: usize,
}

impl Roots {
    pub(crate) fn push(&mut self, root: Box<dyn Any + Send>) {
        if self.count == 0 {
            self.first = Some(root);
        } else {
            self.rest.push(Some(root));
        }
        self.count += 1;
    }

    fn take(&mut self, position: usize) -> Option<Box<dyn Any + Send>> {
        match position.checked_sub(1) {
            None => self.first.take(),
            Some(position) => self.rest.get_mut(position)?.take(),
        }
    }
}

impl Scoped {
    pub(crate) fn new(plan: ScopePlan, slots: Slots, roots: Roots) -> Self {
        Self {
            roots: Mutex::new(roots),
            slots,
            plan,
            is_shut_down: AtomicBool::new(false),
        }
    }

    /// The root at a position of the list that the scope was planned with; once.
    pub fn take_root(&mut self, position: usize) -> Option<Box<dyn Any + Send>> {
        self.roots
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take(position)
    }

    /// A value that the root at a position depends on or requires.
    pub fn get<V: Clone + Send + Sync + 'static>(&self, position: usize) -> Option<V> {
        self.plan.visible(position, &self.slots)
    }

    /// Tears the scope down: what is left of the roots is dropped, the `on_shutdown` hooks of its values run in
    /// reverse order of their construction, then the values are dropped.
    ///
    /// What is returned are the hooks that did not end well. They stop no other hook.
    pub async fn close(self) -> Vec<HookFailure> {
        self.close_within(std::future::pending).await
    }

    /// As [`close`](Self::close), with a time limit for each hook: `|| sleep(Duration::from_secs(10))`.
    pub async fn close_within<S, L>(mut self, limit: S) -> Vec<HookFailure>
    where
        S: Fn() -> L,
        L: Future<Output = ()>,
    {
        let roots = self.roots.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(std::mem::take(roots));
        self.shut_down(limit).await
    }

    /// Runs the `on_shutdown` hooks of a scope that is shared, in reverse order of construction, each until it ends or its limit
    /// does. Only the first call runs them. The values are dropped with the scope.
    ///
    /// What is returned are the hooks that did not end well. They stop no other hook.
    pub async fn shut_down<S, L>(&self, limit: S) -> Vec<HookFailure>
    where
        S: Fn() -> L,
        L: Future<Output = ()>,
    {
        if self.is_shut_down.swap(true, Ordering::Relaxed) {
            return Vec::new();
        }
        shut_down(self.plan.built(), &self.slots, &limit).await
    }
}

impl fmt::Debug for Scoped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scoped")
            .field("values", &self.slots.len())
            .finish_non_exhaustive()
    }
}
