//! Checks that an attribute is on the kind of item that it is for.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Generics, ItemStruct};

use crate::diag::Diagnostics;

/// An attribute, and the kind of item that it is for.
pub(crate) struct Placement {
    /// The attribute in messages, with backticks.
    pub(crate) attribute: &'static str,
    /// The kind of item that it goes on, such as `a struct`.
    pub(crate) on: &'static str,
    /// What to do if it is on another kind of item.
    pub(crate) help: &'static str,
}

/// The struct that has the attribute.
pub(crate) fn parse_struct(
    item: &TokenStream,
    placement: &Placement,
    diag: &mut Diagnostics,
) -> Option<ItemStruct> {
    match keyword(item) {
        Some(word) if word.to_string() == "struct" => diag.absorb(syn::parse2(item.clone())),
        found => {
            misplaced(item, found, placement, diag);
            None
        }
    }
}

/// Reports that the attribute is on the wrong kind of item.
pub(crate) fn misplaced(
    item: &TokenStream,
    found: Option<TokenTree>,
    placement: &Placement,
    diag: &mut Diagnostics,
) {
    let Placement {
        attribute,
        on,
        help,
    } = placement;
    match found {
        Some(word) => {
            diag.error_help(
                &word,
                format_args!("{attribute} goes on {on}, not on {}", named(&word)),
                help,
            );
        }
        None => diag.error_help(item, format_args!("{attribute} goes on {on}"), help),
    }
}

/// The keyword of the item: `struct`, `impl`, `fn`, …
pub(crate) fn keyword(item: &TokenStream) -> Option<TokenTree> {
    const WORDS: [&str; 11] = [
        "struct",
        "enum",
        "union",
        "impl",
        "fn",
        "trait",
        "mod",
        "type",
        "static",
        "use",
        "macro_rules",
    ];
    let words = || {
        item.clone()
            .into_iter()
            .filter(|token| matches!(token, TokenTree::Ident(_)))
    };
    let found = words().find(|word| WORDS.contains(&word.to_string().as_str()));
    found.or_else(|| words().find(|word| word.to_string() == "const"))
}

/// Reports generic parameters, for items of which the runtime needs one concrete type.
pub(crate) fn refuse_generics(generics: &Generics, what: &str, help: &str, diag: &mut Diagnostics) {
    if !generics.params.is_empty() {
        diag.error_help(generics, format_args!("{what} cannot be generic"), help);
    }
}

fn named(word: &TokenTree) -> &'static str {
    match word.to_string().as_str() {
        "struct" => "a struct",
        "enum" => "an enum",
        "union" => "a union",
        "impl" => "an impl block",
        "fn" => "a function",
        "trait" => "a trait",
        "mod" => "a `mod`",
        "type" => "a type alias",
        _ => "this item",
    }
}
