//! Seeds: the values with which a scope is opened. They need no allocation of their own.

use std::any::{Any, TypeId};
use std::fmt;

/// The values with which a scope is opened: one for each seed type that its roots or their
/// dependencies take.
///
/// Opening is cheapest if all declared seeds are added, in the order of their declaration.
/// Otherwise they are brought into that order first, which takes an allocation.
pub struct Seeds<L = ()> {
    pub(crate) values: L,
}

/// A list of seeds: `()` is the empty list, and `(L, V)` is the list `L` with one more value.
/// [`Seeds::with`] makes it.
pub trait SeedList: Send + Sync + 'static {
    /// The number of seeds.
    #[doc(hidden)]
    fn len() -> usize
    where
        Self: Sized;

    /// The type of the seed at an index.
    #[doc(hidden)]
    fn type_at(index: usize) -> Option<TypeId>
    where
        Self: Sized;

    /// The seed at an index.
    #[doc(hidden)]
    fn value(&self, index: usize) -> Option<&dyn Any>;
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

    fn type_at(index: usize) -> Option<TypeId> {
        if index == L::len() {
            Some(TypeId::of::<V>())
        } else {
            L::type_at(index)
        }
    }

    fn value(&self, index: usize) -> Option<&dyn Any> {
        if index == L::len() {
            Some(&self.1)
        } else {
            self.0.value(index)
        }
    }
}

/// A declared seed, and whether the scope needs it.
pub(crate) struct PlannedSeed {
    pub(crate) type_id: TypeId,
    pub(crate) is_needed: bool,
}

impl Seeds {
    /// An empty list.
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
    /// Adds a seed. A seed whose type was not declared by [`Graph::seed`](crate::Graph::seed) is
    /// ignored. Of several seeds of one type, the first counts.
    pub fn with<V: Clone + Send + Sync + 'static>(self, value: V) -> Seeds<(L, V)> {
        Seeds {
            values: (self.values, value),
        }
    }

    /// Whether the list has all declared seeds, in the order of their declaration.
    pub(crate) fn are_ordered(planned: &[PlannedSeed]) -> bool {
        let mut indices = (0..).zip(planned);
        L::len() == planned.len()
            && indices.all(|(index, seed)| L::type_at(index) == Some(seed.type_id))
    }

    /// Brings the seeds into the order of their declaration. The error is the index of a declared
    /// seed that is needed and missing.
    pub(crate) fn reordered(self, planned: &[PlannedSeed]) -> Result<ReorderedSeeds<L>, usize> {
        let find = |seed: &PlannedSeed| {
            (0..L::len()).find(|index| L::type_at(*index) == Some(seed.type_id))
        };
        let order: Vec<_> = planned.iter().map(find).collect();
        let mut found = order.iter().zip(planned);
        match found.position(|(index, seed)| index.is_none() && seed.is_needed) {
            Some(missing) => Err(missing),
            None => Ok(ReorderedSeeds {
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

/// Seeds that were not added in the order of their declaration, or of which some are missing.
pub(crate) struct ReorderedSeeds<L> {
    /// The index of each declared seed among the values.
    order: Vec<Option<usize>>,
    values: L,
}

impl<L: SeedList> SeedList for ReorderedSeeds<L> {
    fn len() -> usize {
        L::len()
    }

    fn type_at(index: usize) -> Option<TypeId> {
        L::type_at(index)
    }

    fn value(&self, index: usize) -> Option<&dyn Any> {
        self.values.value((*self.order.get(index)?)?)
    }
}
