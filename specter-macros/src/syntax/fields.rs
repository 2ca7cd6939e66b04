//! Structs that the container builds: controllers and `#[injectable]` structs. A `#[state]` field
//! has an initial value; every other field is a dependency, which is injected by its type.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{
    Attribute, Expr, Field, Fields, ItemStruct, Meta, Type, WherePredicate, ext::IdentExt,
    parse_quote_spanned, spanned::Spanned,
};

use crate::{
    diag::Diagnostics,
    syntax::{
        runtime::{Stretch, location, own},
        strip,
    },
};

/// The attribute of fields that are not injected.
pub(crate) const STATE: &str = "state";

/// How a struct is built.
pub(crate) struct Construction {
    fields: Vec<InjectedField>,
    /// Whether the struct is a tuple struct, for which an error was reported. Its expansion only
    /// has to compile.
    broken: bool,
}

struct InjectedField {
    name: Ident,
    ty: Type,
    cfgs: Vec<Attribute>,
    source: Source,
}

enum Source {
    Dependency,
    State(Option<Box<Expr>>),
}

impl Construction {
    pub(crate) fn parse(item: &ItemStruct, diag: &mut Diagnostics) -> Self {
        let broken = matches!(&item.fields, Fields::Unnamed(fields) if !fields.unnamed.is_empty());
        if broken {
            diag.error_help(
                &item.fields,
                "the fields of a tuple struct cannot be injected",
                "give the fields names: `struct Name { field: Type }`",
            );
        }
        let fields = item
            .fields
            .iter()
            .filter_map(|field| InjectedField::parse(field, diag))
            .collect();
        Self { fields, broken }
    }

    /// The body of a function that adds the dependencies to `into`.
    pub(crate) fn dependencies(&self, into: &Ident) -> TokenStream {
        let declared = self
            .fields
            .iter()
            .filter(|field| matches!(field.source, Source::Dependency));
        declared.map(|field| field.declared(into)).collect()
    }

    /// The bounds that building a generic struct requires of the types of its fields.
    pub(crate) fn bounds(&self) -> impl Iterator<Item = WherePredicate> {
        self.fields.iter().filter_map(|field| {
            let ty = &field.ty;
            let own = own(ty.span());
            match field.source {
                Source::Dependency => Some(parse_quote_spanned!(own=> #ty: __p::Dependency)),
                Source::State(None) => {
                    Some(parse_quote_spanned!(own=> #ty: ::core::default::Default))
                }
                Source::State(Some(_)) => None,
            }
        })
    }

    /// Expressions by which the compiler rejects fields that a singleton cannot have. `name` is the
    /// struct's name.
    pub(crate) fn singleton_checks(&self, name: &Ident) -> TokenStream {
        let injected = self
            .fields
            .iter()
            .filter(|field| matches!(field.source, Source::Dependency));
        injected
            .map(|field| {
                let cfgs = &field.cfgs;
                let label = field.name.unraw().to_string();
                let check = singleton_check(name, &field.ty, &label);
                quote!(#(#cfgs)* #check)
            })
            .collect()
    }

    /// An expression that builds the struct from the values in `from`.
    pub(crate) fn built(&self, from: &Ident) -> TokenStream {
        if self.broken {
            return quote!(
                ::core::option::Option::<Self>::None.expect("the struct did not compile")
            );
        }
        let fields = self.fields.iter().map(|field| field.built(from));
        quote!(Self { #(#fields,)* })
    }
}

impl InjectedField {
    fn parse(field: &Field, diag: &mut Diagnostics) -> Option<Self> {
        let mut source = Source::Dependency;
        for attribute in field
            .attrs
            .iter()
            .filter(|attribute| strip::is_called(attribute.path(), &[STATE]))
        {
            if matches!(source, Source::State(_)) {
                diag.error(attribute, "`#[state]` is given twice");
            }
            source = Source::State(initial_state(attribute, diag));
        }
        let cfgs = field
            .attrs
            .iter()
            .filter(|attribute| attribute.path().is_ident("cfg"));
        Some(Self {
            name: field.ident.clone()?,
            ty: field.ty.clone(),
            cfgs: cfgs.cloned().collect(),
            source,
        })
    }

    fn declared(&self, into: &Ident) -> TokenStream {
        let Self { name, ty, cfgs, .. } = self;
        let label = name.unraw().to_string();
        let location = location(name.span());
        let call = quote_spanned!(own(ty.span())=> __p::Dependencies::add::<#ty>(#into, #label, #location););
        quote!(#(#cfgs)* #call)
    }

    fn built(&self, from: &Ident) -> TokenStream {
        let Self {
            name,
            ty,
            cfgs,
            source,
        } = self;
        let value = match source {
            Source::Dependency => quote_spanned!(own(ty.span())=> #from.next::<#ty>()),
            Source::State(None) => {
                quote_spanned!(own(ty.span())=> __p::initial_state::<#ty>())
            }
            Source::State(Some(start)) => quote!(#start),
        };
        quote!(#(#cfgs)* #name: #value)
    }
}

/// An expression by which the compiler rejects a singleton's dependency whose type shows that it
/// exists only in a socket's scope.
pub(crate) fn singleton_check(name: &Ident, ty: &Type, label: &str) -> TokenStream {
    let name = name.unraw().to_string();
    let check = Stretch::of(ty).over(quote!(__p::not_scoped!(#name, #label, #ty)));
    quote!(#check;)
}

/// The expression of `#[state(expression)]`.
fn initial_state(attribute: &Attribute, diag: &mut Diagnostics) -> Option<Box<Expr>> {
    match &attribute.meta {
        Meta::Path(_) => None,
        Meta::List(list) => diag.absorb(list.parse_args().map(Box::new)),
        Meta::NameValue(_) => {
            diag.error_help(
                attribute,
                "the syntax of `#[state]` is wrong",
                "write `#[state]` to start with the type's default, or `#[state(expression)]`",
            );
            None
        }
    }
}
