//! The imports of a module: other modules by their names, or values that configure one: `ConfigModule::with(options)`.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, Expr, Token, Type,
    parse::{Parse, ParseStream, Parser, discouraged::Speculative},
};

use crate::{diag::Diagnostics, syntax::readable::readable};

/// One import, perhaps behind `#[cfg]`s.
pub(super) struct Import {
    pub(super) cfgs: Vec<Attribute>,
    pub(super) module: Imported,
}

/// How a module is imported.
#[derive(PartialEq)]
pub(super) enum Imported {
    /// As it is.
    Plain(Box<Type>),
    /// With what an expression gives it.
    Configured(Box<Expr>),
}

impl Parse for Import {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let cfgs = input.call(Attribute::parse_outer)?;
        let at = input.span();
        let ahead = input.fork();
        let plain = ahead.parse::<Type>().ok();
        let module = match plain {
            Some(ty) if ahead.is_empty() || ahead.peek(Token![,]) => {
                input.advance_to(&ahead);
                Imported::Plain(Box::new(ty))
            }
            _ => match input.parse::<Expr>() {
                Ok(value) if !matches!(value, Expr::Lit(_)) => {
                    Imported::Configured(Box::new(value))
                }
                _ => {
                    let message = "expected a module, by its name or as `Name::with(options)`";
                    return Err(syn::Error::new(at, message));
                }
            },
        };
        if !input.is_empty() && !input.peek(Token![,]) {
            return Err(input.error("expected a comma between two imports"));
        }
        Ok(Self { cfgs, module })
    }
}

impl ToTokens for Imported {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Plain(ty) => ty.to_tokens(tokens),
            Self::Configured(value) => value.to_tokens(tokens),
        }
    }
}

/// The elements between the brackets. What cannot be read is reported and left out.
pub(super) fn parse(tokens: TokenStream, diag: &mut Diagnostics) -> Vec<Import> {
    let mut kept: Vec<Import> = Vec::new();
    for import in diag.absorb(elements.parse2(tokens)).unwrap_or_default() {
        let Some(import) = diag.absorb(import) else {
            continue;
        };
        for attribute in &import.cfgs {
            if !attribute.path().is_ident("cfg") {
                diag.error(attribute, "only `#[cfg(…)]` can stand in a list");
            }
        }
        if import.cfgs.is_empty() && kept.iter().any(|other| other.module == import.module) {
            let name = readable(import.module.to_token_stream());
            diag.error(&import.module, format_args!("`{name}` is listed twice"));
        } else {
            kept.push(import);
        }
    }
    kept
}

/// Each element, or why it is none; a broken one ends at the next comma.
fn elements(input: ParseStream<'_>) -> syn::Result<Vec<syn::Result<Import>>> {
    let mut elements = Vec::new();
    while !input.is_empty() {
        let element: syn::Result<Import> = input.parse();
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
