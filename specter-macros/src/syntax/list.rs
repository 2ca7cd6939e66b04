//! Lists of types in attributes: guards, imports, controllers, providers. Each element keeps its
//! own tokens, so that the compiler's errors about a type underline the element and not the
//! attribute.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Attribute, Path, Token, Type, TypePath,
    ext::IdentExt,
    parse::{Parse, ParseStream, Parser},
    spanned::Spanned,
    token,
};

use crate::{
    diag::Diagnostics,
    syntax::{
        readable::readable,
        runtime::{location, own},
        types,
    },
};

/// One type in a list, with its `#[cfg]` attributes.
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
            .map_err(|_| syn::Error::new(at, "expected the name of a type"))?;
        if input.peek(token::Paren) {
            let message = "a function is listed by its name, not called\nhelp: remove the `()`";
            return Err(syn::Error::new_spanned(ty, message));
        }
        if input.peek(Token![as]) {
            return Err(alias_in_list(input, &ty));
        }
        Ok(Self { cfgs, ty })
    }
}

/// The error of `providers = [MemoryRepo as dyn Repo]`.
fn alias_in_list(input: ParseStream<'_>, ty: &Type) -> syn::Error {
    let at = input.span();
    let alias = input
        .parse::<Token![as]>()
        .and_then(|_| input.parse::<Type>());
    let alias = alias.map_or("dyn …".to_owned(), |alias| {
        readable(alias.to_token_stream())
    });
    let name = readable(ty.to_token_stream());
    syn::Error::new(
        at,
        format_args!(
            "a list has no `as`: the type says what else it is injected as\nhelp: write \
             `#[injectable(as = {alias})]` on `{name}`, and list `{name}`"
        ),
    )
}

impl ListElement {
    /// The statements that `call` generates for the element's type.
    ///
    /// If the element is a function, its type is the one with the same name that `#[injectable]`
    /// generates. If the function lacks `#[injectable]`, the name refers to a type of the runtime
    /// instead, for which the compiler reports that `#[injectable]` is missing. Without that type,
    /// the compiler would only report that a function is no type.
    pub(crate) fn named(&self, call: impl FnOnce(TokenStream) -> TokenStream) -> TokenStream {
        let cfgs = &self.cfgs;
        let Some(path) = self.as_function() else {
            let call = call(self.ty.to_token_stream());
            return quote!(#(#cfgs)* #call);
        };
        let own = own(self.ty.span());
        let call = call(quote_spanned!(own=> __Listed));
        quote_spanned! {own=> #(#cfgs)* {
            #[allow(unused_imports)]
            use __p::fallback::*;
            use #path as __Listed;
            #call
        }}
    }

    /// The element's path, if it looks like the name of a function: it begins with a lower-case
    /// letter and has no generic arguments.
    fn as_function(&self) -> Option<&Path> {
        let Type::Path(TypePath {
            qself: None, path, ..
        }) = types::bare(&self.ty)
        else {
            return None;
        };
        let last = path.segments.last()?;
        let lower = last
            .ident
            .unraw()
            .to_string()
            .starts_with(char::is_lowercase);
        (lower && last.arguments.is_none()).then_some(path)
    }

    /// The element's name in messages.
    pub(crate) fn name(&self) -> String {
        readable(self.ty.to_token_stream())
    }
}

/// An element of a list, with its `#[cfg]` attributes.
pub(crate) trait Element: Parse {
    type Subject: ToTokens + PartialEq;

    fn cfgs(&self) -> &[Attribute];

    fn subject(&self) -> &Self::Subject;
}

impl Element for ListElement {
    type Subject = Type;

    fn cfgs(&self) -> &[Attribute] {
        &self.cfgs
    }

    fn subject(&self) -> &Type {
        &self.ty
    }
}

/// The elements of a list. Elements that cannot be parsed or are listed twice are reported and left
/// out.
pub(crate) fn parse<E: Element>(tokens: TokenStream, diag: &mut Diagnostics) -> Vec<E> {
    let mut kept: Vec<E> = Vec::new();
    for element in diag
        .absorb(elements::<E>.parse2(tokens))
        .unwrap_or_default()
    {
        let Some(element) = diag.absorb(element) else {
            continue;
        };
        for attribute in element.cfgs() {
            if !attribute.path().is_ident("cfg") {
                diag.error(
                    attribute,
                    "a list can contain no attribute other than `#[cfg(…)]`",
                );
            }
        }
        let subject = element.subject();
        if element.cfgs().is_empty() && kept.iter().any(|other| other.subject() == subject) {
            let name = readable(subject.to_token_stream());
            diag.error(subject, format_args!("`{name}` is listed twice"));
        } else {
            kept.push(element);
        }
    }
    kept
}

/// Each element, or the error of parsing it; after an error, parsing continues at the next comma.
fn elements<E: Parse>(input: ParseStream<'_>) -> syn::Result<Vec<syn::Result<E>>> {
    let mut elements = Vec::new();
    while !input.is_empty() {
        let element: syn::Result<E> = input.parse();
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

/// The body of a function that adds each element to the policies `into` as a `role`, such as
/// `guard`.
pub(crate) fn added(elements: &[ListElement], into: &Ident, role: &str) -> TokenStream {
    elements
        .iter()
        .map(|element| {
            let (name, at) = (element.name(), element.ty.span());
            let location = location(at);
            let role = Ident::new(role, own(at));
            element.named(
                |ty| quote_spanned!(own(at)=> __p::Policies::#role::<#ty>(#into, #name, #location);),
            )
        })
        .collect()
}
