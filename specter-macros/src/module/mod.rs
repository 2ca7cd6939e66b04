//! `#[module]`: a struct that represents a part of the application and lists its members.

mod expand;
mod import;
mod model;
mod parse;

use proc_macro2::TokenStream;

use crate::diag::Diagnostics;

/// The struct, and its implementation of `Module`.
pub(crate) fn module(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut diag = Diagnostics::default();
    let module = parse::module(arguments, &item, &mut diag);
    let mut output = item;
    output.extend(module.as_ref().map(expand::module));
    diag.finish(output)
}
