//! `#[derive(IntoEventError)]`: declares which part of an error a client receives.

mod expand;
mod model;
mod parse;

use proc_macro2::TokenStream;

use crate::diag::Diagnostics;

/// The implementation of `IntoEventError`.
pub(crate) fn into_event_error(item: TokenStream) -> TokenStream {
    let mut diag = Diagnostics::default();
    let error = parse::error(item, &mut diag);
    let output = error.as_ref().map(expand::error).unwrap_or_default();
    diag.finish(output)
}
