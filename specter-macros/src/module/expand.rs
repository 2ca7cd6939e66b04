//! Writes the `Module` impl: one call an element, each where its element stands.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{ext::IdentExt, spanned::Spanned};

use super::model::Module;
use crate::syntax::{
    list::ListElement,
    runtime::{location, own},
};

pub(crate) fn module(module: &Module) -> TokenStream {
    let Module {
        runtime,
        name,
        imports,
        controllers,
        handlers,
        providers,
        exports,
        policies,
    } = module;
    let own = own(name.span());
    let [into, declared] = ["__m", "__d"].map(|local| Ident::new(local, own));
    let label = name.unraw().to_string();
    let location = location(name.span());
    let imported = called(imports, &into, "import");
    let provided = called(providers, &into, "provide");
    let exported = called(exports, &into, "export");
    let has_policies = !policies.is_empty();
    let listed = controllers
        .iter()
        .map(|element| controller(element, &into, has_policies));
    let handling = handlers.iter().map(|element| handler(element, &into));
    let policies = has_policies.then(|| {
        let added = policies.declared(&declared);
        quote_spanned!(own=> fn policies(#declared: &mut __p::Policies) { #added })
    });
    runtime.block(&quote_spanned! {own=>
        #[diagnostic::do_not_recommend]
        impl __p::Module for #name {
            fn define(#into: &mut __p::ModuleBuilder) {
                #into.name(#label, #location);
                #imported
                #(#listed)*
                #(#handling)*
                #provided
                #exported
            }
        }
        #policies
    })
}

fn called(elements: &[ListElement], into: &Ident, method: &str) -> TokenStream {
    elements
        .iter()
        .map(|element| {
            let own = own(element.ty.span());
            let method = Ident::new(method, own);
            element.named(|ty| quote_spanned!(own=> __p::ModuleBuilder::#method::<#ty>(#into);))
        })
        .collect()
}

fn controller(
    ListElement { cfgs, ty }: &ListElement,
    into: &Ident,
    has_policies: bool,
) -> TokenStream {
    let own = own(ty.span());
    let call = if has_policies {
        quote_spanned!(own=> __p::controller_within::<#ty>(#into, policies);)
    } else {
        quote_spanned!(own=> __p::controller::<#ty>(#into);)
    };
    quote!(#(#cfgs)* #call)
}

fn handler(element: &ListElement, into: &Ident) -> TokenStream {
    let (name, at) = (element.name(), element.ty.span());
    let location = location(at);
    element
        .named(|ty| quote_spanned!(own(at)=> __p::event_handler::<#ty>(#into, #name, #location);))
}
