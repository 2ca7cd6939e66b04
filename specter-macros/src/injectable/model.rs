//! What is known of a provider before anything is generated.

use proc_macro2::{Ident, Span};
use syn::{Type, Visibility};

use crate::syntax::{fields::Construction, runtime::Runtime};

/// An annotated struct or function.
pub(crate) struct Provider {
    pub(crate) runtime: Runtime,
    pub(crate) name: Ident,
    pub(crate) scope: Scope,
    pub(crate) source: Source,
}

/// How long what is provided lives.
#[derive(Clone, Copy, Default)]
pub(crate) enum Scope {
    /// As long as the application.
    #[default]
    Singleton,
    /// As long as its socket.
    Socket,
}

/// What builds the value.
pub(crate) enum Source {
    Struct(Construction),
    Factory(Box<Factory>),
}

/// A function that builds a value from its parameters.
pub(crate) struct Factory {
    pub(crate) visibility: Visibility,
    pub(crate) is_async: bool,
    /// The built value's type, without `Result`.
    pub(crate) value: Type,
    /// What it fails with, if it can: `_` where an alias of `Result` does not say.
    pub(crate) error: Option<Type>,
    pub(crate) parameters: Vec<Dependency>,
}

/// A parameter of a factory.
pub(crate) struct Dependency {
    pub(crate) label: String,
    pub(crate) ty: Type,
    pub(crate) span: Span,
}
