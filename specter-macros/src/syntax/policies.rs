//! The options `guards`, `interceptors` and `filters`, which modules, controllers and events share.

use proc_macro2::{Ident, TokenStream};

use crate::{
    diag::Diagnostics,
    syntax::{
        args::Arguments,
        list::{self, ListElement},
    },
};

/// The policies of one attribute.
#[derive(Default)]
pub(crate) struct Policies {
    pub(crate) guards: Vec<ListElement>,
    pub(crate) interceptors: Vec<ListElement>,
    pub(crate) filters: Vec<ListElement>,
}

impl Policies {
    pub(crate) fn parse(arguments: &mut Arguments, diag: &mut Diagnostics) -> Self {
        Self {
            guards: arguments.types("guards(A, B)", diag),
            interceptors: arguments.types("interceptors(A, B)", diag),
            filters: arguments.types("filters(A, B)", diag),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.guards.is_empty() && self.interceptors.is_empty() && self.filters.is_empty()
    }

    /// The body of a function that adds them to `into`.
    pub(crate) fn declared(&self, into: &Ident) -> TokenStream {
        let mut declared = list::added(&self.guards, into, "guard");
        declared.extend(list::added(&self.interceptors, into, "interceptor"));
        declared.extend(list::added(&self.filters, into, "filter"));
        declared
    }
}
