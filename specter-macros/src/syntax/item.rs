//! Which item an attribute stands on, and what is said to those who put it on another.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Generics, ItemStruct};

use crate::diag::Diagnostics;

/// An attribute and the item it is for.
pub(crate) struct Placement {
    /// The attribute as messages show it, backticks included.
    pub(crate) attribute: &'static str,
    /// What it goes on, such as `a struct`.
    pub(crate) on: &'static str,
    /// What to do instead, if it stands elsewhere.
    pub(crate) help: &'static str,
}

/// The struct that the attribute stands on.
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

/// Reports that the attribute stands on the wrong kind of item.
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

/// The word that says what an item is: `struct`, `impl`, `fn`, …
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

/// Reports type, lifetime and constant parameters, where the runtime needs one concrete type.
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
        "mod" => "a module of the language",
        "type" => "a type alias",
        _ => "this item",
    }
}
