//! Where built values lie: rows of type-erased slots, addressed by number.
//! Must not know what the values are or how they are built.

use std::any::{Any, TypeId};
use std::sync::Arc;

/// A built value, its type erased.
pub(crate) enum Slot {
    /// What `Arc<T>` points to, without a box around the `Arc`.
    Shared(Arc<dyn Shared>),
    /// Any other value.
    Boxed(Box<dyn Any + Send + Sync>),
}

impl Slot {
    pub(crate) fn boxed<V: Send + Sync + 'static>(value: V) -> Self {
        Self::Boxed(Box::new(value))
    }

    #[inline]
    fn get<V: Clone + 'static>(&self) -> Option<V> {
        match self {
            Self::Shared(shared) => {
                let mut handle: Option<V> = None;
                shared.clone().hand_out(&mut handle);
                handle
            }
            Self::Boxed(value) => value.downcast_ref().cloned(),
        }
    }

    /// Whether a boxed value is of this type.
    pub(crate) fn is_boxed(&self, type_id: TypeId) -> bool {
        match self {
            Self::Shared(_) => false,
            // Through the box: a `Box<dyn Any>` is itself `Any`.
            Self::Boxed(value) => (**value).type_id() == type_id,
        }
    }
}

/// What an erased `Arc` points to. It alone knows the type that the handle has to have.
pub(crate) trait Shared: Send + Sync {
    /// Puts the handle into an `Option<Arc<Self>>`.
    fn hand_out(self: Arc<Self>, into: &mut dyn Any);
}

impl<T: Send + Sync + 'static> Shared for T {
    fn hand_out(self: Arc<Self>, into: &mut dyn Any) {
        if let Some(into) = into.downcast_mut::<Option<Arc<T>>>() {
            *into = Some(self);
        }
    }
}

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

    /// The value in a slot; `None` where there is none or it is of another type.
    #[inline]
    pub(crate) fn get<V: Clone + 'static>(&self, slot: u16) -> Option<V> {
        self.0.get(usize::from(slot))?.as_ref()?.get()
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
