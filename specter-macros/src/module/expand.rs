//! Writes the `Module` impl: one call an element, each where its element stands.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Path, ext::IdentExt, spanned::Spanned};

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
            let ListElement { cfgs, ty } = element;
            let own = own(ty.span());
            let method = Ident::new(method, own);
            let call =
                |ty: &TokenStream| quote_spanned!(own=> __p::ModuleBuilder::#method::<#ty>(#into););
            let call = match element.as_function() {
                Some((path, name)) => function(path, name, call),
                None => call(&ty.to_token_stream()),
            };
            quote!(#(#cfgs)* #call)
        })
        .collect()
}

/// What is listed under a function's name is the type that `#[injectable]` makes beside it. Without one the compiler
/// would say that a function is no type; so a type of the name stands behind it, of which it says that it is no provider.
fn function(path: &Path, name: &Ident, call: impl Fn(&TokenStream) -> TokenStream) -> TokenStream {
    let own = own(name.span());
    let call = call(&quote_spanned!(own=> __Listed));
    quote_spanned! {own=> {
        mod __unannotated {
            mod function {
                #[allow(non_camel_case_types, dead_code)]
                pub struct #name;
            }
            #[allow(unused_imports)]
            pub(super) use function::#name as __Listed;
        }
        #[allow(unused_imports)]
        use __unannotated::*;
        use #path as __Listed;
        #call
    }}
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
