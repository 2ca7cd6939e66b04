//! What a program declares: controllers and their handlers, policies, and endpoint settings. They
//! are collected at start, and each namespace's `table` is built from them.

pub(crate) mod controller;
pub(crate) mod descriptor;
pub(crate) mod endpoint_setting;
mod framework_dependencies;
pub(crate) mod policies;
pub(crate) mod table;
pub(crate) mod unannotated;
