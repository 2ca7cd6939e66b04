//! What several attributes have in common: their arguments, the items they stand on, the fields
//! that are injected, and the way expansions name the runtime. It must not know which attribute
//! asks.

pub(crate) mod args;
pub(crate) mod docs;
pub(crate) mod fields;
pub(crate) mod item;
pub(crate) mod list;
pub(crate) mod nearest;
pub(crate) mod pattern;
pub(crate) mod policies;
pub(crate) mod readable;
pub(crate) mod runtime;
pub(crate) mod strip;
pub(crate) mod types;
