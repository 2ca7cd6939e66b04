//! A handler's parameters: which type is extracted for each, and how it is handed to the method.
//! References are lent from an extracted value: `&T` from `T`, `&str` from a text that is itself
//! lent or, where it has escapes, owned.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    FnArg, GenericParam, Generics, Lifetime, Pat, Path, Signature, Type, TypeReference,
    spanned::Spanned,
};

use crate::{
    diag::Diagnostics,
    syntax::{
        pattern,
        runtime::{Stretch, own},
        types,
    },
};

/// A parameter other than `self`.
#[derive(Clone)]
pub(crate) struct Parameter {
    /// What errors call it.
    pub(crate) label: String,
    /// The owned type that is extracted.
    pub(crate) extracted: TokenStream,
    /// Where its type stands.
    pub(crate) ty: TokenStream,
    pub(crate) span: Span,
    handed: Handed,
    /// Borrowable as only an argument can be: `&str`, `&[T]`.
    pub(crate) is_argument: bool,
}

/// How the extracted value reaches the method.
#[derive(Clone, Copy)]
enum Handed {
    Owned,
    Borrowable,
    /// `Option<&T>` from `Option<T>`.
    LentInside,
    /// `Option<&str>` from `Option<Text>`.
    LentTarget,
    /// `Cow<str>` from `Text`.
    Cow,
    /// `Option<Cow<str>>` from `Option<Text>`.
    CowInside,
}

/// What a parameter's type has to be freed of to be named outside its method.
pub(crate) struct Naming<'a> {
    controller: &'a Path,
    lifetimes: Vec<&'a Lifetime>,
}

impl<'a> Naming<'a> {
    pub(crate) fn of(controller: &'a Path, generics: &'a Generics) -> Self {
        let lifetimes = generics
            .params
            .iter()
            .filter_map(|parameter| match parameter {
                GenericParam::Lifetime(parameter) => Some(&parameter.lifetime),
                _ => None,
            });
        Self {
            controller,
            lifetimes: lifetimes.collect(),
        }
    }

    fn free(&self, ty: &Type) -> Type {
        types::outside_method(ty.clone(), Some(self.controller), &self.lifetimes)
    }
}

impl Parameter {
    /// The parameters behind `self`; nothing if one of them was reported.
    pub(crate) fn of(
        signature: &Signature,
        naming: &Naming<'_>,
        diag: &mut Diagnostics,
    ) -> Option<Vec<Self>> {
        let typed = signature.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(parameter) => Some(parameter),
            FnArg::Receiver(_) => None,
        });
        let parameters: Vec<_> = typed
            .map(|parameter| Self::parse(&parameter.pat, &parameter.ty, naming, diag))
            .collect();
        parameters.into_iter().collect()
    }

    fn parse(pat: &Pat, ty: &Type, naming: &Naming<'_>, diag: &mut Diagnostics) -> Option<Self> {
        let (extracted, handed) = match types::bare(ty) {
            Type::Reference(reference) => (lent(reference, naming, diag)?, Handed::Borrowable),
            optional if types::is_called(optional, "Option") => option(optional, naming, diag)?,
            cow if is_cow(cow) => (text(Stretch::of(cow)), Handed::Cow),
            owned => (self::owned(owned, naming, diag)?, Handed::Owned),
        };
        Some(Self {
            label: pattern::label(pat),
            extracted,
            ty: ty.to_token_stream(),
            span: ty.span(),
            handed,
            is_argument: is_lent_unsized(ty),
        })
    }

    /// Whether it is a reference to a type called like one for which the runtime has a rule:
    /// `Socket` and `Args`, which the context has and lends (under another name an own value is
    /// lent, which is the same to the handler), and `Ack`, which nobody lends.
    pub(crate) fn has_rule_of_its_own(&self) -> bool {
        matches!(self.handed, Handed::Borrowable)
            && ["Socket", "Args", "Ack"]
                .iter()
                .any(|name| self.is_called(name))
    }

    /// Whether the method takes a value of the type called `name`.
    pub(crate) fn is_owned(&self, name: &str) -> bool {
        matches!(self.handed, Handed::Owned) && self.is_called(name)
    }

    fn is_called(&self, name: &str) -> bool {
        syn::parse2(self.extracted.clone()).is_ok_and(|ty| types::is_called(&ty, name))
    }

    /// The argument that the method is called with, once the extracted value is in `local`.
    pub(crate) fn argument(&self, local: &Ident) -> TokenStream {
        match self.handed {
            Handed::Owned => quote!(#local),
            Handed::Borrowable => quote_spanned!(own(self.span)=> &#local),
            Handed::LentInside => quote_spanned!(own(self.span)=> #local.as_ref()),
            Handed::LentTarget => quote_spanned!(own(self.span)=> #local.as_deref()),
            Handed::Cow => quote_spanned!(own(self.span)=> #local.into_cow()),
            Handed::CowInside => {
                quote_spanned!(own(self.span)=> #local.map(__p::Text::into_cow))
            }
        }
    }
}

/// The type from which `&T` is lent.
fn lent(
    reference: &TypeReference,
    naming: &Naming<'_>,
    diag: &mut Diagnostics,
) -> Option<TokenStream> {
    if reference.mutability.is_some() {
        let help = "take the value itself and change your own copy of it";
        diag.error_help(
            reference,
            "a handler's arguments are lent for reading only",
            help,
        );
        return None;
    }
    if types::is_static(reference) {
        let help = "take an owned type, such as `String`";
        diag.error_help(reference, "an event's arguments do not live for ever", help);
        return None;
    }
    let at = Stretch::of(reference);
    match types::bare(&reference.elem) {
        Type::Slice(slice) if types::is_called(&slice.elem, "u8") => {
            Some(at.over(quote!(__p::Binary)))
        }
        Type::Slice(slice) => {
            let element = owned(&slice.elem, naming, diag)?;
            Some(quote_spanned!(own(at.first())=> ::std::vec::Vec<#element>))
        }
        Type::TraitObject(object) => {
            let help = "inject it: give the controller a field `Arc<dyn Trait>`";
            diag.error_help(
                object,
                "a trait object is neither an argument nor part of the event",
                help,
            );
            None
        }
        string if types::is_called(string, "str") => Some(text(at)),
        other => owned(other, naming, diag),
    }
}

/// `Option<&T>` is lent from an `Option` of what `&T` is lent from.
fn option(ty: &Type, naming: &Naming<'_>, diag: &mut Diagnostics) -> Option<(TokenStream, Handed)> {
    let reference = match types::first_argument(ty).map(types::bare) {
        Some(Type::Reference(reference)) => reference,
        Some(cow) if is_cow(cow) => {
            let inner = text(Stretch::of(cow));
            let optional = quote_spanned!(own(ty.span())=> ::core::option::Option<#inner>);
            return Some((optional, Handed::CowInside));
        }
        _ => return Some((owned(ty, naming, diag)?, Handed::Owned)),
    };
    let handed = if is_unsized(&reference.elem) {
        Handed::LentTarget
    } else {
        Handed::LentInside
    };
    let inner = lent(reference, naming, diag)?;
    Some((
        quote_spanned!(own(ty.span())=> ::core::option::Option<#inner>),
        handed,
    ))
}

/// What text is read as, so that it is lent where it can be.
fn text(at: Stretch) -> TokenStream {
    at.over(quote!(__p::Text<'_>))
}

/// `Cow<'_, str>`.
fn is_cow(ty: &Type) -> bool {
    types::is_called(ty, "Cow")
        && types::first_argument(ty).is_some_and(|target| types::is_called(target, "str"))
}

fn is_unsized(target: &Type) -> bool {
    matches!(types::bare(target), Type::Slice(_)) || types::is_called(target, "str")
}

/// `&str`, `&[T]`, or an `Option` of one.
fn is_lent_unsized(ty: &Type) -> bool {
    match types::bare(ty) {
        Type::Reference(reference) => is_unsized(&reference.elem),
        optional if types::is_called(optional, "Option") => {
            types::first_argument(optional).is_some_and(is_lent_unsized)
        }
        _ => false,
    }
}

fn owned(ty: &Type, naming: &Naming<'_>, diag: &mut Diagnostics) -> Option<TokenStream> {
    if let Some(found) = types::impl_trait(ty) {
        let (message, help) = if types::is_callback(&found) {
            (
                "a handler has no callback: what it returns is the acknowledgement",
                "return the answer, or take `ack: Ack` to send it later",
            )
        } else {
            (
                "a handler cannot take `impl Trait`",
                "name the type that the argument is decoded into",
            )
        };
        diag.error_help(found, message, help);
        return None;
    }
    if let Some(found) = types::reference(ty) {
        let help = "own the text (`String`), or borrow it where that is possible (`Cow<'_, str>`)";
        diag.error_help(
            found,
            "a reference inside another type cannot be lent from an argument",
            help,
        );
        return None;
    }
    if types::is_called(ty, "Inject")
        && let Some(shared) = types::first_argument(ty)
        && types::is_called(shared, "Arc")
    {
        let message = "`Inject<T>` is an `Arc<T>` already";
        diag.error_help(ty, message, "write `Inject<T>` without `Arc`");
        return None;
    }
    Some(naming.free(ty).into_token_stream())
}
