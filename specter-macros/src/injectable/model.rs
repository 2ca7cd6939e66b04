//! The parsed provider.

use proc_macro2::{Ident, Span};
use syn::{Generics, Type, Visibility};

use crate::syntax::{fields::Construction, list::ListElement, runtime::Runtime};

/// An annotated struct or function.
pub(crate) struct Provider {
    pub(crate) runtime: Runtime,
    pub(crate) name: Ident,
    pub(crate) scope: Scope,
    /// Type and constant parameters. A module that lists the provider names their arguments.
    pub(crate) generics: Generics,
    /// The other types under which the value is injected: `dyn Trait`.
    pub(crate) aliases: Vec<ListElement>,
    pub(crate) on_init: Option<Ident>,
    pub(crate) on_shutdown: Option<Ident>,
    pub(crate) source: Source,
}

/// How long the value lives.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Scope {
    /// As long as the application.
    #[default]
    Singleton,
    /// As long as its socket.
    Socket,
    /// As long as the value that injects it. Each of them has a value of its own.
    Transient,
}

/// How the value is built.
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
    /// The type of its error, if it may fail: `_` if the return type is an alias of `Result` that
    /// does not name it.
    pub(crate) error: Option<Type>,
    pub(crate) parameters: Vec<Dependency>,
}

/// A parameter of a factory.
pub(crate) struct Dependency {
    pub(crate) label: String,
    pub(crate) ty: Type,
    pub(crate) span: Span,
}
