//! Lists of types in attributes: guards, imports, controllers, providers. Each element keeps its own tokens, so
//! that the compiler's complaint about a type stands at the element and not at the attribute.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Attribute, Token, Type,
    parse::{Parse, ParseStream, Parser},
    spanned::Spanned,
    token,
};

use crate::{
    diag::Diagnostics,
    syntax::{
        readable::readable,
        runtime::{location, own},
    },
};

/// One type in a list, perhaps behind `#[cfg]`s.
pub(crate) struct ListElement {
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) ty: Type,
}

impl Parse for ListElement {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let cfgs = input.call(Attribute::parse_outer)?;
        let at = input.span();
        let ty = input
            .parse()
            .map_err(|_| syn::Error::new(at, "expected a type, by its name"))?;
        if input.peek(token::Paren) {
            let message = "a function is listed, not called\nhelp: leave out the `()`";
            return Err(syn::Error::new_spanned(ty, message));
        }
        Ok(Self { cfgs, ty })
    }
}

impl ListElement {
    /// How the element is called in messages.
    pub(crate) fn name(&self) -> String {
        readable(self.ty.to_token_stream())
    }
}

/// The elements between a list's brackets. What cannot be named is reported and left out.
pub(crate) fn parse(tokens: TokenStream, diag: &mut Diagnostics) -> Vec<ListElement> {
    let mut kept: Vec<ListElement> = Vec::new();
    for element in diag.absorb(elements.parse2(tokens)).unwrap_or_default() {
        let Some(element) = diag.absorb(element) else {
            continue;
        };
        for attribute in &element.cfgs {
            if !attribute.path().is_ident("cfg") {
                diag.error(attribute, "only `#[cfg(…)]` can stand in a list");
            }
        }
        if element.cfgs.is_empty() && kept.iter().any(|other| other.ty == element.ty) {
            let name = element.name();
            diag.error(&element.ty, format_args!("`{name}` is listed twice"));
        } else {
            kept.push(element);
        }
    }
    kept
}

/// Each element, or why it is none; a broken one ends at the next comma.
fn elements(input: ParseStream<'_>) -> syn::Result<Vec<syn::Result<ListElement>>> {
    let mut elements = Vec::new();
    while !input.is_empty() {
        let element: syn::Result<ListElement> = input.parse();
        let is_broken = element.is_err();
        elements.push(element);
        while is_broken && !input.is_empty() && !input.peek(Token![,]) {
            input.parse::<TokenTree>()?;
        }
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(elements)
}

/// The body of a function that adds each element to the list `into` as a `role`: `into.guard::<A>("A", …);`.
pub(crate) fn added(elements: &[ListElement], into: &Ident, role: &str) -> TokenStream {
    elements
        .iter()
        .map(|element| {
            let ListElement { cfgs, ty } = element;
            let name = element.name();
            let location = location(ty.span());
            let role = Ident::new(role, own(ty.span()));
            let call = quote_spanned!(own(ty.span())=> #into.#role::<#ty>(#name, #location););
            quote!(#(#cfgs)* #call)
        })
        .collect()
}
