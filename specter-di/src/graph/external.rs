//! Values and seeds that the embedder adds to a graph. The value of a seed is passed when a scope
//! is opened.

use crate::{Key, Location};

/// The type of a value or seed of the embedder, and the place that added it.
pub(crate) struct ExternalValue {
    pub(crate) key: Key,
    /// How reports name it.
    pub(crate) name: String,
    pub(crate) location: Location,
}

impl ExternalValue {
    /// An external value that is named after its type.
    pub(super) fn of(key: Key, location: Location) -> Self {
        Self {
            key,
            name: key.name(),
            location,
        }
    }
}
