//! What is known of a module before anything is generated.

use proc_macro2::Ident;

use super::import::Import;
use crate::syntax::{list::ListElement, policies::Policies, runtime::Runtime};

/// An annotated struct and its lists.
pub(crate) struct Module {
    pub(crate) runtime: Runtime,
    pub(crate) name: Ident,
    /// Every module sees what it exports.
    pub(crate) is_global: bool,
    pub(super) imports: Vec<Import>,
    pub(crate) controllers: Vec<ListElement>,
    /// Objects that subscribe to events.
    pub(crate) handlers: Vec<ListElement>,
    pub(crate) providers: Vec<ListElement>,
    pub(crate) exports: Vec<ListElement>,
    /// They stand around each controller of the module.
    pub(crate) policies: Policies,
}
