//! The values with which a scope is opened, in one allocation.

use std::any::{Any, TypeId};
use std::fmt;

/// The values that a scope is opened with, one of each declared seed type that its roots reach.
///
/// Given in the order in which they were declared, they need not be brought into it.
pub struct Seeds<L = ()> {
    pub(crate) values: L,
}

/// A list of seeds: `()` is empty, `(L, V)` is `L` and one more. [`Seeds::with`] makes it.
pub trait SeedList: Send + Sync + 'static {
    /// How many there are.
    #[doc(hidden)]
    fn len() -> usize
    where
        Self: Sized;

    /// The type of the one at a place.
    #[doc(hidden)]
    fn type_at(place: usize) -> Option<TypeId>
    where
        Self: Sized;

    /// The one at a place.
    #[doc(hidden)]
    fn value(&self, place: usize) -> Option<&dyn Any>;
}

impl SeedList for () {
    fn len() -> usize {
        0
    }

    fn type_at(_: usize) -> Option<TypeId> {
        None
    }

    fn value(&self, _: usize) -> Option<&dyn Any> {
        None
    }
}

impl<L: SeedList, V: Clone + Send + Sync + 'static> SeedList for (L, V) {
    fn len() -> usize {
        L::len() + 1
    }

    fn type_at(place: usize) -> Option<TypeId> {
        if place == L::len() {
            Some(TypeId::of::<V>())
        } else {
            L::type_at(place)
        }
    }

    fn value(&self, place: usize) -> Option<&dyn Any> {
        if place == L::len() {
            Some(&self.1)
        } else {
            self.0.value(place)
        }
    }
}

/// A seed that may be given, and whether anything takes it.
pub(crate) struct PlannedSeed {
    pub(crate) type_id: TypeId,
    pub(crate) is_needed: bool,
}

impl Seeds {
    /// No seeds yet.
    pub fn new() -> Self {
        Self { values: () }
    }
}

impl Default for Seeds {
    fn default() -> Self {
        Self::new()
    }
}

impl<L: SeedList> Seeds<L> {
    /// Adds a seed. One that was not declared is ignored.
    pub fn with<V: Clone + Send + Sync + 'static>(self, value: V) -> Seeds<(L, V)> {
        Seeds {
            values: (self.values, value),
        }
    }

    /// Whether they are in the order that a scope's plan knows.
    pub(crate) fn are_ordered(planned: &[PlannedSeed]) -> bool {
        let mut places = (0..).zip(planned);
        L::len() == planned.len()
            && places.all(|(place, seed)| L::type_at(place) == Some(seed.type_id))
    }

    /// Brings them into that order. The place of one that is needed and not there is the error.
    pub(crate) fn reordered(self, planned: &[PlannedSeed]) -> Result<Reordered<L>, usize> {
        let given = |seed: &PlannedSeed| {
            (0..L::len()).find(|place| L::type_at(*place) == Some(seed.type_id))
        };
        let order: Vec<_> = planned.iter().map(given).collect();
        let mut places = order.iter().zip(planned);
        match places.position(|(place, seed)| place.is_none() && seed.is_needed) {
            Some(missing) => Err(missing),
            None => Ok(Reordered {
                order,
                values: self.values,
            }),
        }
    }
}

impl<L: SeedList> fmt::Debug for Seeds<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seeds").field("len", &L::len()).finish()
    }
}

/// Seeds that were given in another order than they were declared in, or not all of them.
pub(crate) struct Reordered<L> {
    /// Where each declared one stands among the values.
    order: Vec<Option<usize>>,
    values: L,
}

impl<L: SeedList> SeedList for Reordered<L> {
    fn len() -> usize {
        L::len()
    }

    fn type_at(place: usize) -> Option<TypeId> {
        L::type_at(place)
    }

    fn value(&self, place: usize) -> Option<&dyn Any> {
        self.values.value((*self.order.get(place)?)?)
    }
}
