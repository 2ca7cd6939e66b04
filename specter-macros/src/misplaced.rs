//! The errors for marks in places where no macro reads them. Where a macro reads a mark, the mark
//! is gone before it expands.

use proc_macro2::TokenStream;

use crate::{diag::Diagnostics, syntax::item};

/// `#[on_event]` or `#[on_error]` outside a block with handlers.
pub(crate) fn method_mark(mark: &str, item: TokenStream) -> TokenStream {
    let mut diag = Diagnostics::default();
    let on_method = item::keyword(&item).is_some_and(|word| word.to_string() == "fn");
    let help = if on_method {
        "annotate the impl block: `#[handlers] impl Controller { … }`"
    } else {
        "put it on a method of the controller, inside `#[handlers] impl Controller { … }`"
    };
    let message =
        format_args!("`{mark}` works only inside an impl block annotated with `#[handlers]`");
    diag.error_help(TokenStream::new(), message, help);
    diag.finish(item)
}
