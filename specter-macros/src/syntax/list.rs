//! Lists of types in attributes: guards, imports, controllers, providers. Each element keeps its own tokens, so
//! that the compiler's complaint about a type stands at the element and not at the attribute.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Attribute, PathArguments, Token, Type,
    parse::{Parse, ParseStream, Parser},
    punctuated::Punctuated,
    spanned::Spanned,
};

use crate::{
    diag::Diagnostics,
    syntax::{
        readable::readable,
        runtime::{location, own},
        types,
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
    let parser = Punctuated::<ListElement, Token![,]>::parse_terminated;
    let elements = diag.absorb(parser.parse2(tokens)).unwrap_or_default();
    let mut kept: Vec<ListElement> = Vec::new();
    for element in elements {
        for attribute in &element.cfgs {
            if !attribute.path().is_ident("cfg") {
                diag.error(attribute, "only `#[cfg(…)]` can stand in a list");
            }
        }
        let called = types::last_segment(&element.ty)
            .is_some_and(|segment| matches!(segment.arguments, PathArguments::Parenthesized(_)));
        if called {
            diag.error_help(
                &element.ty,
                "a function is listed, not called",
                "leave out the `()`",
            );
        } else if element.cfgs.is_empty() && kept.iter().any(|other| other.ty == element.ty) {
            diag.error(
                &element.ty,
                format_args!("`{}` is listed twice", element.name()),
            );
        } else {
            kept.push(element);
        }
    }
    kept
}

/// The body of a function that adds each element to the list `into`: `into.add::<A>("A", …);`.
pub(crate) fn added(elements: &[ListElement], into: &Ident) -> TokenStream {
    elements
        .iter()
        .map(|element| {
            let ListElement { cfgs, ty } = element;
            let name = element.name();
            let location = location(ty.span());
            let call = quote_spanned!(own(ty.span())=> #into.add::<#ty>(#name, #location););
            quote!(#(#cfgs)* #call)
        })
        .collect()
}
