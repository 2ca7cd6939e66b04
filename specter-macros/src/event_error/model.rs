//! The parsed error type.

use proc_macro2::{Ident, Span};
use syn::{Generics, Member};

use crate::syntax::runtime::Runtime;

/// An error type: an enum, or a struct as its only case.
pub(crate) struct ErrorType {
    pub(crate) runtime: Runtime,
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    pub(crate) cases: Vec<Case>,
}

/// A variant, or the whole struct.
pub(crate) struct Case {
    /// The variant's name. `None` for a struct.
    pub(crate) variant: Option<Ident>,
    pub(crate) shown: Shown,
}

/// The field that is sent as data.
pub(crate) struct Data {
    pub(crate) field: Member,
    pub(crate) span: Span,
}

/// What clients see of a case.
pub(crate) enum Shown {
    /// Its text, its code and optionally one of its fields.
    Text { code: String, data: Option<Data> },
    /// Only `internal error`, and the id under which the log has the error.
    Nothing,
}
