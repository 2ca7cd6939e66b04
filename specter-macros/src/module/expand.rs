//! Writes the `Module` impl: one call an element, each where its element stands.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{ext::IdentExt, spanned::Spanned};

use super::model::Module;
use crate::syntax::{
    list::{self, ListElement},
    runtime::{location, own},
};

pub(crate) fn module(module: &Module) -> TokenStream {
    let Module {
        runtime,
        name,
        imports,
        controllers,
        providers,
        exports,
        guards,
    } = module;
    let own = own(name.span());
    let [into, guarded] = ["__m", "__g"].map(|local| Ident::new(local, own));
    let label = name.unraw().to_string();
    let location = location(name.span());
    let imported = called(imports, &into, "import");
    let provided = called(providers, &into, "provide");
    let exported = called(exports, &into, "export");
    let is_guarded = !guards.is_empty();
    let listed = controllers
        .iter()
        .map(|element| controller(element, &into, is_guarded));
    let guards = is_guarded.then(|| {
        let added = list::guards(guards, &guarded);
        quote_spanned!(own=> fn guards(#guarded: &mut __p::Guards) { #added })
    });
    runtime.block(&quote_spanned! {own=>
        #[diagnostic::do_not_recommend]
        impl __p::Module for #name {
            fn define(#into: &mut __p::ModuleBuilder) {
                #into.name(#label, #location);
                #imported
                #(#listed)*
                #provided
                #exported
            }
        }
        #guards
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
    is_guarded: bool,
) -> TokenStream {
    let own = own(ty.span());
    let call = if is_guarded {
        quote_spanned!(own=> __p::controller_guarded::<#ty>(#into, guards);)
    } else {
        quote_spanned!(own=> __p::controller::<#ty>(#into);)
    };
    quote!(#(#cfgs)* #call)
}
