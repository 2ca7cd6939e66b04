//! Where built values lie: rows of type-erased slots, addressed by number.
//! Must not know what the values are or how they are built.

use std::any::Any;

/// A built value, its type erased.
pub(crate) type Slot = Box<dyn Any + Send + Sync>;

/// Built values in the order in which they were built; dropped in reverse.
#[derive(Default)]
pub(crate) struct Slots(Vec<Option<Slot>>);

impl Slots {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    pub(crate) fn reserve_total(&mut self, total: usize) {
        self.0.reserve_exact(total.saturating_sub(self.0.len()));
    }

    pub(crate) fn push(&mut self, value: Option<Slot>) {
        self.0.push(value);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [Option<Slot>] {
        &mut self.0
    }

    /// The value in a slot, its type erased.
    pub(crate) fn any(&self, slot: u16) -> Option<&(dyn Any + Send + Sync)> {
        self.0.get(usize::from(slot))?.as_deref()
    }

    /// The value in a slot; `None` where there is none or it is of another type.
    pub(crate) fn get<V: 'static>(&self, slot: u16) -> Option<&V> {
        // Through the box: a `Box<dyn Any>` is itself `Any`.
        self.0.get(usize::from(slot))?.as_deref()?.downcast_ref()
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        while let Some(value) = self.0.pop() {
            drop(value);
        }
    }
}

/// Where a build function's next dependency comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Input {
    /// A slot of the container.
    Singleton(u16),
    /// A slot of the scope that is being opened.
    Scoped(u16),
    /// What is built later: the place among the row's late values.
    Late(u16),
    /// An optional dependency that nobody provides.
    Absent,
    /// So many of the following inputs make up one list.
    Many(u16),
}
