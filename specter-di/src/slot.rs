//! Rows of type-erased slots that hold built values, addressed by number.

use std::any::Any;
use std::sync::Arc;

use crate::seeds::SeedList;

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

    /// As it is kept best where it stays long and is taken often: a box more, for a virtual call
    /// less each time.
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
                shared.clone().hand_out(&mut handle);
                handle
            }
            Self::Boxed(value) => value.downcast_ref().cloned(),
        }
    }
}

/// What an erased `Arc` points to. It alone knows the type that the handle has to have.
pub(crate) trait Shared: Send + Sync {
    /// Puts the handle into an `Option<Arc<Self>>`.
    fn hand_out(self: Arc<Self>, into: &mut dyn Any);

    /// The handle itself, boxed.
    fn into_handle(self: Arc<Self>) -> Box<dyn Any + Send + Sync>;
}

impl<T: Send + Sync + 'static> Shared for T {
    fn hand_out(self: Arc<Self>, into: &mut dyn Any) {
        if let Some(into) = into.downcast_mut::<Option<Arc<T>>>() {
            *into = Some(self);
        }
    }

    fn into_handle(self: Arc<Self>) -> Box<dyn Any + Send + Sync> {
        Box::new(self)
    }
}

/// How many values a row keeps without an allocation of its own. Few: an open scope is moved once.
const INLINE: usize = 2;

/// Built values in the order in which they were built; dropped in reverse, which the order of the
/// fields sees to.
#[derive(Default)]
pub(crate) struct Slots {
    rest: Rest,
    /// The first values, the last of them in front.
    first: [Option<Slot>; INLINE],
}

/// The values behind the first, dropped from the last on.
#[derive(Default)]
struct Rest(Vec<Slot>);

impl Drop for Rest {
    fn drop(&mut self) {
        while let Some(value) = self.0.pop() {
            drop(value);
        }
    }
}

impl Slots {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            rest: Rest(Vec::with_capacity(capacity.saturating_sub(INLINE))),
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

    /// The value in a slot; `None` where there is none or it is of another type.
    #[inline]
    pub(crate) fn get<V: Clone + 'static>(&self, slot: u16) -> Option<V> {
        let slot = usize::from(slot);
        match (INLINE - 1).checked_sub(slot) {
            Some(place) => self.first.get(place)?.as_ref()?.get(),
            None => self.rest.0.get(slot - INLINE)?.get(),
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
    /// A place among what the scope is opened with.
    Seed(u16),
    /// What is built later: the place among the row's late values.
    Late(u16),
    /// An optional dependency that nobody provides.
    Absent,
    /// So many of the following inputs make up one list.
    Many(u16),
}

/// Everything that a build function can reach.
#[derive(Clone, Copy)]
pub(crate) struct ValueSources<'a> {
    pub(crate) singletons: &'a Slots,
    pub(crate) scoped: &'a Slots,
    pub(crate) seeds: &'a dyn SeedList,
}

impl<'a> ValueSources<'a> {
    /// Without a scope.
    pub(crate) fn of_singletons(singletons: &'a Slots, none: &'a Slots) -> Self {
        Self {
            singletons,
            scoped: none,
            seeds: &(),
        }
    }

    /// The value that an input stands for, where it is one, and of this type.
    #[inline]
    pub(crate) fn get<V: Clone + 'static>(&self, input: Input) -> Option<V> {
        match input {
            Input::Singleton(slot) => self.singletons.get(slot),
            Input::Scoped(slot) => self.scoped.get(slot),
            Input::Seed(place) => self
                .seeds
                .value(usize::from(place))?
                .downcast_ref()
                .cloned(),
            Input::Late(_) | Input::Absent | Input::Many(_) => None,
        }
    }
}
