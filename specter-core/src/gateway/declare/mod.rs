//! What a program declares, as plain values that are collected at start: controllers and their
//! handlers, policies, and the table of a namespace that is made of them.

pub(crate) mod controller;
pub(crate) mod descriptor;
pub(crate) mod endpoint_setting;
mod framework_dependencies;
pub(crate) mod policies;
pub(crate) mod table;
pub(crate) mod unannotated;
