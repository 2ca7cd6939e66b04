//! `#[injectable]`: makes a struct a provider, or a function whose return value is injected.

mod expand;
mod model;
mod parse;

use proc_macro2::TokenStream;

use crate::{
    diag::Diagnostics,
    syntax::{fields::STATE, item, strip::strip_members},
};

/// The item without `#[state]`, and its implementation of `Provide`.
pub(crate) fn injectable(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut diag = Diagnostics::default();
    let provider = parse::provider(arguments, &item, &mut diag);
    let is_struct = item::keyword(&item).is_some_and(|word| word.to_string() == "struct");
    let mut output = if is_struct {
        strip_members(item, &[STATE])
    } else {
        item
    };
    output.extend(provider.as_ref().map(expand::provider));
    diag.finish(output)
}
