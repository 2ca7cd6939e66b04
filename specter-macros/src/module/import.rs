//! The imports of a module: the names of other modules, or expressions that configure one, such as
//! `ConfigModule::with(options)`.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{
    Attribute, Expr, Token, Type,
    parse::{Parse, ParseStream, discouraged::Speculative},
};

use crate::syntax::list::Element;

/// One import, with its `#[cfg]` attributes.
pub(super) struct Import {
    pub(super) cfgs: Vec<Attribute>,
    pub(super) module: Imported,
}

/// How a module is imported.
#[derive(PartialEq)]
pub(super) enum Imported {
    /// By its name.
    Plain(Box<Type>),
    /// By an expression that configures it.
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
                    let message = "expected the name of a module, or `Name::with(options)`";
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

impl Element for Import {
    type Subject = Imported;

    fn cfgs(&self) -> &[Attribute] {
        &self.cfgs
    }

    fn subject(&self) -> &Imported {
        &self.module
    }
}
