//! Errors for `#[on_event]` and `#[on_error]` outside of a `#[handlers]` block. Inside of such a
//! block, `#[handlers]` removes these attributes before they expand.

use proc_macro2::TokenStream;

use crate::{diag::Diagnostics, syntax::item};

/// Reports a mark outside of a `#[handlers]` block.
pub(crate) fn method_mark(mark: &str, item: TokenStream) -> TokenStream {
    let mut diag = Diagnostics::default();
    let on_method = item::keyword(&item).is_some_and(|word| word.to_string() == "fn");
    let help = if on_method {
        "add `#[handlers]` to the impl block: `#[handlers] impl Controller { … }`"
    } else {
        "put it on a method of the controller, inside `#[handlers] impl Controller { … }`"
    };
    let message = format_args!("`{mark}` works only inside of an impl block with `#[handlers]`");
    diag.error_help(TokenStream::new(), message, help);
    diag.finish(item)
}
