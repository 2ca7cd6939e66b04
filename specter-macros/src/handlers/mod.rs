//! `#[handlers]`: an impl block whose marked methods handle a controller's events.

mod block;
mod calls;
mod check;
mod event;
mod expand;
mod model;
mod parameter;
mod parse;

use proc_macro2::TokenStream;
use quote::quote;

use crate::{diag::Diagnostics, syntax::strip::replace_members};

/// The attributes that make a method a handler.
const MARKS: [&str; 2] = ["on_event", "on_error"];

/// The impl block without its marks, and the table of its handlers.
pub(crate) fn handlers(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut diag = Diagnostics::default();
    let mut handlers = parse::handlers(arguments, &item, &mut diag);
    if let Some(handlers) = &mut handlers {
        check::handlers(handlers, &mut diag);
    }
    let mut output = unmarked(item);
    output.extend(handlers.as_ref().map(expand::handlers));
    diag.finish(output)
}

/// The impl block with `#[allow(…)]` in place of each mark.
pub(crate) fn unmarked(item: TokenStream) -> TokenStream {
    replace_members(item, &MARKS, &allowed())
}

/// Allows the lints that would fire on handlers because a handler must be a method, is often
/// `async`, and takes its parameters by value.
fn allowed() -> TokenStream {
    quote! {
        #[allow(clippy::unused_self, clippy::unused_async, clippy::needless_pass_by_value)]
    }
}
