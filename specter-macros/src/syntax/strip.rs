//! Removes Specter's own attributes from an item's members. It works on tokens, not on a parsed
//! item, so that the user's code is unchanged even if it cannot be parsed.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The item without the attributes named `names` on its fields or methods.
pub(crate) fn strip_members(item: TokenStream, names: &[&str]) -> TokenStream {
    replace_members(item, names, &TokenStream::new())
}

/// The item with other tokens in place of each attribute named `names` on its fields or methods.
pub(crate) fn replace_members(
    item: TokenStream,
    names: &[&str],
    instead: &TokenStream,
) -> TokenStream {
    item.into_iter()
        .map(|token| match token {
            TokenTree::Group(group) if has_members(&group) => {
                let mut stripped =
                    Group::new(group.delimiter(), replace(group.stream(), names, instead));
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

fn replace(members: TokenStream, names: &[&str], instead: &TokenStream) -> TokenStream {
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
            kept.extend(instead.clone());
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

    use super::{replace_members, strip_members};

    #[test]
    fn only_the_named_attributes_are_removed() {
        let item = quote! { impl A { #[doc = "x"] #[specter::on_event("b")] #[cfg(test)] fn a() { #[on_event] {} } } };
        let kept = quote! { impl A { #[doc = "x"] #[cfg(test)] fn a() { #[on_event] {} } } };
        assert_eq!(
            strip_members(item, &["on_event"]).to_string(),
            kept.to_string()
        );
    }

    #[test]
    fn attributes_can_be_replaced() {
        let item = quote! { impl A { #[on_event("b")] fn a() {} fn b() {} } };
        let kept = quote! { impl A { #[inline] fn a() {} fn b() {} } };
        assert_eq!(
            replace_members(item, &["on_event"], &quote!(#[inline])).to_string(),
            kept.to_string()
        );
    }
}
