//! What several attributes have in common: parsing their arguments, the items that they are for,
//! injected fields, and how expansions name the runtime. Nothing here depends on a single
//! attribute.

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
pub(crate) mod trait_object;
pub(crate) mod types;
