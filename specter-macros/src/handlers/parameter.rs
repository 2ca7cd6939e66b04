//! A handler's parameters: the type that is extracted for each, and how the value is passed to the
//! method. References borrow from an extracted value: `&T` from a `T`, `&str` from a text that
//! borrows from the packet or, if it has escapes, is owned.

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
    /// The parameter's name in errors.
    pub(crate) label: String,
    /// The owned type that is extracted.
    pub(crate) extracted: TokenStream,
    /// The tokens of the parameter's type.
    pub(crate) ty: TokenStream,
    pub(crate) span: Span,
    passing: Passing,
    /// Whether the parameter must be an argument of the event: `&str`, `&[T]`.
    pub(crate) is_argument: bool,
}

/// How the extracted value is passed to the method.
#[derive(Clone, Copy)]
enum Passing {
    Owned,
    Borrowed,
    /// `Option<&T>` from `Option<T>`.
    BorrowedInside,
    /// `Option<&str>` from `Option<Text>`.
    BorrowedTarget,
    /// `Cow<str>` from `Text`.
    Cow,
    /// `Option<Cow<str>>` from `Option<Text>`.
    CowInside,
}

/// What must be replaced in a parameter's type to name the type outside of its method.
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
    /// The parameters after `self`. `None` if one of them has an error.
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
        let (extracted, passing) = match types::bare(ty) {
            Type::Reference(reference) => (borrowed(reference, naming, diag)?, Passing::Borrowed),
            optional if types::is_called(optional, "Option") => option(optional, naming, diag)?,
            cow if is_cow(cow) => (text(Stretch::of(cow)), Passing::Cow),
            owned => (self::owned(owned, naming, diag)?, Passing::Owned),
        };
        Some(Self {
            label: pattern::label(pat),
            extracted,
            ty: ty.to_token_stream(),
            span: ty.span(),
            passing,
            is_argument: is_unsized_reference(ty),
        })
    }

    /// Whether the runtime decides how this reference is extracted. It does for types with the name
    /// `Socket` or `Args`, which are borrowed from the context, and `Ack`, which cannot be
    /// borrowed. (Under another name these types are extracted and then borrowed, which makes no
    /// difference to the handler.)
    pub(crate) fn is_special_reference(&self) -> bool {
        matches!(self.passing, Passing::Borrowed)
            && ["Socket", "Args", "Ack"]
                .iter()
                .any(|name| self.is_called(name))
    }

    /// Whether the method takes a value of the type with this name.
    pub(crate) fn is_owned(&self, name: &str) -> bool {
        matches!(self.passing, Passing::Owned) && self.is_called(name)
    }

    fn is_called(&self, name: &str) -> bool {
        syn::parse2(self.extracted.clone()).is_ok_and(|ty| types::is_called(&ty, name))
    }

    /// The argument of the method's call; `local` holds the extracted value.
    pub(crate) fn argument(&self, local: &Ident) -> TokenStream {
        match self.passing {
            Passing::Owned => quote!(#local),
            Passing::Borrowed => quote_spanned!(own(self.span)=> &#local),
            Passing::BorrowedInside => quote_spanned!(own(self.span)=> #local.as_ref()),
            Passing::BorrowedTarget => quote_spanned!(own(self.span)=> #local.as_deref()),
            Passing::Cow => quote_spanned!(own(self.span)=> #local.into_cow()),
            Passing::CowInside => {
                quote_spanned!(own(self.span)=> #local.map(__p::Text::into_cow))
            }
        }
    }
}

/// The type that is extracted for a `&T`.
fn borrowed(
    reference: &TypeReference,
    naming: &Naming<'_>,
    diag: &mut Diagnostics,
) -> Option<TokenStream> {
    if reference.mutability.is_some() {
        let help = "take the value itself and change it";
        diag.error_help(reference, "a handler cannot take a `&mut` reference", help);
        return None;
    }
    if types::is_static(reference) {
        let help = "take an owned type, such as `String`";
        diag.error_help(
            reference,
            "an event's arguments do not live as long as `'static`",
            help,
        );
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
                "a trait object can neither be decoded nor taken from the context",
                help,
            );
            None
        }
        string if types::is_called(string, "str") => Some(text(at)),
        other => owned(other, naming, diag),
    }
}

/// `Option<&T>` borrows from an `Option` of the type that is extracted for `&T`.
fn option(
    ty: &Type,
    naming: &Naming<'_>,
    diag: &mut Diagnostics,
) -> Option<(TokenStream, Passing)> {
    let reference = match types::first_argument(ty).map(types::bare) {
        Some(Type::Reference(reference)) => reference,
        Some(cow) if is_cow(cow) => {
            let inner = text(Stretch::of(cow));
            let optional = quote_spanned!(own(ty.span())=> ::core::option::Option<#inner>);
            return Some((optional, Passing::CowInside));
        }
        _ => return Some((owned(ty, naming, diag)?, Passing::Owned)),
    };
    let passing = if is_unsized(&reference.elem) {
        Passing::BorrowedTarget
    } else {
        Passing::BorrowedInside
    };
    let inner = borrowed(reference, naming, diag)?;
    Some((
        quote_spanned!(own(ty.span())=> ::core::option::Option<#inner>),
        passing,
    ))
}

/// The type that is extracted for text; it borrows from the packet if possible.
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
fn is_unsized_reference(ty: &Type) -> bool {
    match types::bare(ty) {
        Type::Reference(reference) => is_unsized(&reference.elem),
        optional if types::is_called(optional, "Option") => {
            types::first_argument(optional).is_some_and(is_unsized_reference)
        }
        _ => false,
    }
}

fn owned(ty: &Type, naming: &Naming<'_>, diag: &mut Diagnostics) -> Option<TokenStream> {
    if let Some(found) = types::impl_trait(ty) {
        let (message, help) = if types::is_callback(&found) {
            (
                "a handler takes no callback: its return value is the acknowledgement",
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
            "a reference inside of another type cannot borrow from an argument",
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
