//! The parsed `#[handlers]` block.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use syn::{Path, Type};

use super::{event::Event, parameter::Parameter};
use crate::syntax::{
    policies::Policies,
    runtime::{Runtime, Stretch},
};

/// An annotated impl block.
pub(crate) struct HandlerTable {
    pub(crate) runtime: Runtime,
    /// The path of the controller's type.
    pub(crate) controller: Path,
    /// The number of marked methods, including those that were left out because of an error.
    pub(crate) marked: usize,
    pub(crate) handlers: Vec<Handler>,
}

/// A method with one of its marks. The id of a handler is its index in the block.
pub(crate) struct Handler {
    pub(crate) controller: Path,
    pub(crate) method: Ident,
    pub(crate) event: Event,
    pub(crate) docs: String,
    pub(crate) options: Options,
    pub(crate) receiver: Receiver,
    pub(crate) mode: Mode,
    pub(crate) parameters: Vec<Parameter>,
    /// The return type, if it certainly is not `()`.
    pub(crate) value: Option<Type>,
    /// The span of errors about the return value.
    pub(crate) output: Stretch,
}

/// The arguments of a mark other than the event.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) priority: Option<i32>,
    /// The word `concurrent`, if given.
    pub(crate) concurrent: Option<Ident>,
    /// The word `blocking`, if given.
    pub(crate) blocking: Option<Ident>,
    /// The timeout, as an expression.
    pub(crate) timeout: Option<TokenStream>,
    pub(crate) policies: Policies,
}

/// How a method takes its controller.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) mutable: bool,
    pub(crate) tokens: TokenStream,
    pub(crate) span: Span,
}

/// Where a method runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// `async fn`, on the connection's task.
    Async,
    /// `fn`, on the connection's task, without suspending.
    Inline,
    /// `fn`, on a thread that may block.
    Blocking,
}

impl HandlerTable {
    /// Whether a handler takes `&mut self`.
    pub(crate) fn exclusive(&self) -> bool {
        self.handlers.iter().any(|handler| handler.receiver.mutable)
    }

    /// The span of the first `&mut self`.
    pub(crate) fn exclusive_span(&self) -> Option<Span> {
        let exclusive = self
            .handlers
            .iter()
            .find(|handler| handler.receiver.mutable);
        exclusive.map(|handler| handler.receiver.span)
    }

    /// The span of the first `&self` that requires the controller to be `Sync`. If all handlers
    /// take `&self`, each `&self` requires it. Otherwise only those of `async` handlers do, whose
    /// futures hold the reference.
    pub(crate) fn sharing(&self) -> Option<Span> {
        let exclusive = self.exclusive();
        let sharing = self.handlers.iter().find(|handler| {
            !handler.receiver.mutable && (!exclusive || handler.mode == Mode::Async)
        });
        sharing.map(|handler| handler.receiver.span)
    }
}

/// Each handler with its id, as a literal.
pub(super) fn numbered<T>(
    handlers: impl IntoIterator<Item = T>,
) -> impl Iterator<Item = (Literal, T)> {
    handlers
        .into_iter()
        .enumerate()
        .map(|(id, handler)| (Literal::usize_unsuffixed(id), handler))
}
