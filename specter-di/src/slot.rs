//! Rows of slots that hold built values with their types erased, and the inputs that address them
//! by number.

use std::any::Any;
use std::sync::Arc;

use crate::seeds::SeedList;

/// A built value with its type erased.
pub(crate) enum Slot {
    /// A value of type `Arc<T>`, without a box around the `Arc`.
    Shared(Arc<dyn Shared>),
    /// Any other value.
    Boxed(Box<dyn Any + Send + Sync>),
}

impl Slot {
    pub(crate) fn boxed<V: Send + Sync + 'static>(value: V) -> Self {
        Self::Boxed(Box::new(value))
    }

    /// Puts an `Arc` into a box. This costs an allocation, and saves a virtual call each time the
    /// value is taken. It pays for singletons, which are taken often.
    pub(crate) fn into_boxed(self) -> Self {
        match self {
            Self::Shared(shared) => Self::Boxed(shared.into_handle()),
            boxed @ Self::Boxed(_) => boxed,
        }
    }

    #[inline]
    fn get<V: Clone + 'static>(&self) -> Option<V> {
        match self {
            Self::Shared(shared) => {
                let mut handle: Option<V> = None;
                shared.clone().store_in(&mut handle);
                handle
            }
            Self::Boxed(value) => value.downcast_ref().cloned(),
        }
    }
}

/// The target of an erased `Arc`, which knows the type that the `Arc` had.
pub(crate) trait Shared: Send + Sync {
    /// Stores the `Arc` in `into`, if that is an `Option<Arc<Self>>`.
    fn store_in(self: Arc<Self>, into: &mut dyn Any);

    /// The `Arc` in a box.
    fn into_handle(self: Arc<Self>) -> Box<dyn Any + Send + Sync>;
}

impl<T: Send + Sync + 'static> Shared for T {
    fn store_in(self: Arc<Self>, into: &mut dyn Any) {
        if let Some(into) = into.downcast_mut::<Option<Arc<T>>>() {
            *into = Some(self);
        }
    }

    fn into_handle(self: Arc<Self>) -> Box<dyn Any + Send + Sync> {
        Box::new(self)
    }
}

/// The number of values that a row holds without an allocation of its own.
const INLINE: usize = 2;

/// A row of built values in the order of construction. They are dropped in reverse order, which the
/// order of the fields ensures.
#[derive(Default)]
pub(crate) struct Slots {
    rest: LaterSlots,
    /// The first values, in reverse order.
    first: [Option<Slot>; INLINE],
}

/// The values after the first [`INLINE`] ones. They are dropped in reverse order.
#[derive(Default)]
struct LaterSlots(Vec<Slot>);

impl Drop for LaterSlots {
    fn drop(&mut self) {
        while let Some(value) = self.0.pop() {
            drop(value);
        }
    }
}

impl Slots {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            rest: LaterSlots(Vec::with_capacity(capacity.saturating_sub(INLINE))),
            first: Default::default(),
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, value: Slot) {
        match self.first.iter_mut().rfind(|slot| slot.is_none()) {
            Some(slot) => *slot = Some(value),
            None => self.rest.0.push(value),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.first.iter().flatten().count() + self.rest.0.len()
    }

    /// The value in a slot. `None` if the slot is empty or the value has another type.
    #[inline]
    pub(crate) fn get<V: Clone + 'static>(&self, slot: u16) -> Option<V> {
        let slot = usize::from(slot);
        match (INLINE - 1).checked_sub(slot) {
            Some(index) => self.first.get(index)?.as_ref()?.get(),
            None => self.rest.0.get(slot - INLINE)?.get(),
        }
    }
}

/// Where a build function takes a dependency from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Input {
    /// A slot of the container.
    Singleton(u16),
    /// A slot of the scope that is being opened.
    Scoped(u16),
    /// The index of a seed.
    Seed(u16),
    /// The index of a deferred dependency among the row's late values.
    Late(u16),
    /// An optional dependency without provider.
    Absent,
    /// A list: the next N inputs are its elements.
    Many(u16),
}

/// The values that a build function can take.
#[derive(Clone, Copy)]
pub(crate) struct ValueSources<'a> {
    pub(crate) singletons: &'a Slots,
    pub(crate) scoped: &'a Slots,
    pub(crate) seeds: &'a dyn SeedList,
}

impl<'a> ValueSources<'a> {
    /// The singletons alone. `empty` is a row without values, in place of the row of a scope.
    pub(crate) fn of_singletons(singletons: &'a Slots, empty: &'a Slots) -> Self {
        Self {
            singletons,
            scoped: empty,
            seeds: &(),
        }
    }

    /// The value of an input that is a single value. `None` for every other input, and if the value
    /// has another type.
    #[inline]
    pub(crate) fn get<V: Clone + 'static>(&self, input: Input) -> Option<V> {
        match input {
            Input::Singleton(slot) => self.singletons.get(slot),
            Input::Scoped(slot) => self.scoped.get(slot),
            Input::Seed(index) => self
                .seeds
                .value(usize::from(index))?
                .downcast_ref()
                .cloned(),
            Input::Late(_) | Input::Absent | Input::Many(_) => None,
        }
    }
}
