//! The parsed module.

use proc_macro2::Ident;

use super::import::Import;
use crate::syntax::{list::ListElement, policies::Policies, runtime::Runtime};

/// An annotated struct and its lists.
pub(crate) struct Module {
    pub(crate) runtime: Runtime,
    pub(crate) name: Ident,
    /// Whether every module sees the exports of this one.
    pub(crate) is_global: bool,
    pub(super) imports: Vec<Import>,
    pub(crate) controllers: Vec<ListElement>,
    /// Event handlers.
    pub(crate) handlers: Vec<ListElement>,
    pub(crate) providers: Vec<ListElement>,
    pub(crate) exports: Vec<ListElement>,
    /// The policies that apply to each controller of the module.
    pub(crate) policies: Policies,
}
