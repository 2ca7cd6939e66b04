//! What is known of an error type before anything is generated.

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
    /// The variant's name; none for a struct.
    pub(crate) variant: Option<Ident>,
    pub(crate) shown: Shown,
}

/// The field that is sent along.
pub(crate) struct Data {
    pub(crate) field: Member,
    pub(crate) span: Span,
}

/// What a client sees of a case.
pub(crate) enum Shown {
    /// Its text, its code, and one of its fields.
    Text { code: String, data: Option<Data> },
    /// That something failed, and an id that the log has too.
    Nothing,
}
