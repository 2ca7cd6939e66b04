//! What is known of an impl block with handlers before anything is generated.

use proc_macro2::{Ident, Span, TokenStream};
use syn::{Path, Type};

use super::{event::Event, parameter::Parameter};
use crate::syntax::{
    policies::Policies,
    runtime::{Runtime, Stretch},
};

/// An annotated impl block.
pub(crate) struct HandlerTable {
    pub(crate) runtime: Runtime,
    /// The controller.
    pub(crate) controller: Path,
    /// How many methods carry a mark, those included that were reported and left out.
    pub(crate) marked: usize,
    pub(crate) handlers: Vec<Handler>,
}

/// A method under one of its marks. Its place in the block is its id.
pub(crate) struct Handler {
    pub(crate) controller: Path,
    pub(crate) method: Ident,
    pub(crate) event: Event,
    pub(crate) docs: String,
    pub(crate) options: Options,
    pub(crate) receiver: Receiver,
    pub(crate) mode: Mode,
    pub(crate) parameters: Vec<Parameter>,
    /// The returned type, if there surely is a value of it.
    pub(crate) value: Option<Type>,
    /// Where complaints about the returned value stand.
    pub(crate) output: Stretch,
}

/// What the mark says besides the event.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) priority: Option<i32>,
    /// The word `concurrent`, if given.
    pub(crate) concurrent: Option<Ident>,
    /// The word `blocking`, if given.
    pub(crate) blocking: Option<Ident>,
    /// How long it may take, as an expression.
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
    /// `fn`, on the connection's task, at once.
    Inline,
    /// `fn`, on a thread that may block.
    Blocking,
}

impl HandlerTable {
    /// Whether a handler needs the controller for itself.
    pub(crate) fn exclusive(&self) -> bool {
        self.handlers.iter().any(|handler| handler.receiver.mutable)
    }

    /// The `self` of a handler that needs the controller for itself.
    pub(crate) fn taking_all(&self) -> Option<Span> {
        let taking = self
            .handlers
            .iter()
            .find(|handler| handler.receiver.mutable);
        taking.map(|handler| handler.receiver.span)
    }

    /// The `self` of a handler that needs the controller to be `Sync`: each does where all take
    /// `&self`; where the controller is in one hand at a time, those whose futures hold a `&self`.
    pub(crate) fn sharing(&self) -> Option<Span> {
        let exclusive = self.exclusive();
        let sharing = self.handlers.iter().find(|handler| {
            !handler.receiver.mutable && (!exclusive || handler.mode == Mode::Async)
        });
        sharing.map(|handler| handler.receiver.span)
    }
}
