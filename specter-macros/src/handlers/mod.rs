//! `#[handlers]`: the impl block whose annotated methods answer a controller's events.

mod block;
mod calls;
mod check;
mod event;
mod expand;
mod model;
mod parameter;
mod parse;

use proc_macro2::TokenStream;

use crate::{diag::Diagnostics, syntax::strip::strip_members};

/// The attributes that make a method a handler.
const MARKS: [&str; 2] = ["on_event", "on_error"];

/// The impl block without its methods' marks, and the table of its handlers.
pub(crate) fn handlers(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut diag = Diagnostics::default();
    let mut handlers = parse::handlers(arguments, &item, &mut diag);
    if let Some(handlers) = &mut handlers {
        check::handlers(handlers, &mut diag);
    }
    let mut output = strip_members(item, &MARKS);
    output.extend(handlers.as_ref().map(expand::handlers));
    diag.finish(output)
}
