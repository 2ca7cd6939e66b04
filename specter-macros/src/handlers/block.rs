//! Parses an impl block as far as handlers need it: its head, and each method's attributes and
//! signature. Bodies are not parsed, so that an incomplete body does not affect the rest.

use proc_macro2::{Delimiter, TokenTree};
use syn::{
    Attribute, Generics, Ident, Path, Signature, Token, Type, Visibility, braced,
    parse::{Parse, ParseStream},
    token,
};

use super::MARKS;
use crate::syntax::{strip, types};

/// `impl Type { … }`.
pub(crate) struct Block {
    pub(crate) generics: Generics,
    /// The trait, if the block implements one.
    pub(crate) of_trait: Option<Type>,
    pub(crate) self_ty: Type,
    pub(crate) members: Vec<Member>,
}

/// A marked member.
pub(crate) struct Member {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) marks: Vec<Attribute>,
    /// The method's signature, or the error of parsing it.
    pub(crate) signature: syn::Result<Signature>,
}

impl Parse for Block {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        input.call(Attribute::parse_outer)?;
        input.parse::<Option<Token![unsafe]>>()?;
        input.parse::<Token![impl]>()?;
        let mut generics: Generics = input.parse()?;
        let mut self_ty: Type = input.parse()?;
        let mut of_trait = None;
        if input.parse::<Option<Token![for]>>()?.is_some() {
            of_trait = Some(std::mem::replace(&mut self_ty, input.parse()?));
        }
        generics.where_clause = input.parse()?;
        let content;
        braced!(content in input);
        content.call(Attribute::parse_inner)?;
        let mut members = Vec::new();
        while !content.is_empty() {
            members.extend(Member::parse(&content)?);
        }
        Ok(Self {
            generics,
            of_trait,
            self_ty,
            members,
        })
    }
}

impl Member {
    /// The next member, if it is marked.
    fn parse(input: ParseStream<'_>) -> syn::Result<Option<Self>> {
        let (marks, attributes): (Vec<_>, Vec<_>) = input
            .call(Attribute::parse_outer)?
            .into_iter()
            .partition(|attribute| strip::is_called(attribute.path(), &MARKS));
        let signature = signature(&input.fork());
        skip(input)?;
        Ok((!marks.is_empty()).then_some(Self {
            attributes,
            marks,
            signature,
        }))
    }
}

fn signature(input: ParseStream<'_>) -> syn::Result<Signature> {
    input.parse::<Visibility>()?;
    if input.peek(Ident)
        || input.peek(Token![type])
        || input.peek(Token![const]) && input.peek2(Ident)
    {
        return Err(input.error("only a method can handle events"));
    }
    let signature = input.parse()?;
    if input.peek(token::Brace) {
        Ok(signature)
    } else {
        Err(input.error("expected the method's body"))
    }
}

/// Skips the rest of a member: up to its body, its `;`, or the `;` after a constant's block.
fn skip(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() {
        match input.parse()? {
            TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => break,
            TokenTree::Punct(end) if end.as_char() == ';' => return Ok(()),
            _ => {}
        }
    }
    input.parse::<Option<Token![;]>>()?;
    Ok(())
}

impl Block {
    /// The type as a path. `None` if the type is not a path.
    pub(crate) fn self_path(&self) -> Option<&Path> {
        match types::bare(&self.self_ty) {
            Type::Path(path) if path.qself.is_none() => Some(&path.path),
            _ => None,
        }
    }
}
