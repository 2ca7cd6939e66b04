//! Takes Specter's own attributes off an item's members. It works on tokens and not on a parsed item, so that the
//! user's code is given back as it was even where it could not be parsed.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The item without the attributes called `names` on its fields or methods.
pub(crate) fn strip_members(item: TokenStream, names: &[&str]) -> TokenStream {
    item.into_iter()
        .map(|token| match token {
            TokenTree::Group(group) if has_members(&group) => {
                let mut stripped = Group::new(group.delimiter(), strip(group.stream(), names));
                stripped.set_span(group.span());
                TokenTree::Group(stripped)
            }
            other => other,
        })
        .collect()
}

/// Whether the attribute's path ends in one of `names`.
pub(crate) fn is_called(path: &syn::Path, names: &[&str]) -> bool {
    path.segments
        .last()
        .is_some_and(|segment| names.iter().any(|name| segment.ident == name))
}

fn has_members(group: &Group) -> bool {
    matches!(group.delimiter(), Delimiter::Brace | Delimiter::Parenthesis)
}

fn strip(members: TokenStream, names: &[&str]) -> TokenStream {
    let mut kept = TokenStream::new();
    let mut tokens = members.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let ours = match (&token, tokens.peek()) {
            (TokenTree::Punct(pound), Some(TokenTree::Group(attribute))) => {
                pound.as_char() == '#' && is_attribute(attribute, names)
            }
            _ => false,
        };
        if ours {
            tokens.next();
        } else {
            kept.extend([token]);
        }
    }
    kept
}

fn is_attribute(group: &Group, names: &[&str]) -> bool {
    let mut last = None;
    for token in group.stream() {
        match token {
            TokenTree::Ident(ident) => last = Some(ident),
            TokenTree::Punct(punct) if punct.as_char() == ':' => {}
            _ => break,
        }
    }
    group.delimiter() == Delimiter::Bracket
        && last.is_some_and(|last| names.iter().any(|name| last == name))
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::strip_members;

    #[test]
    fn only_the_named_attributes_go() {
        let item = quote! { impl A { #[doc = "x"] #[specter::on_event("b")] #[cfg(test)] fn a() { #[on_event] {} } } };
        let kept = quote! { impl A { #[doc = "x"] #[cfg(test)] fn a() { #[on_event] {} } } };
        assert_eq!(
            strip_members(item, &["on_event"]).to_string(),
            kept.to_string()
        );
    }
}
