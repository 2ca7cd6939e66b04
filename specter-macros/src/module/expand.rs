//! Generates the `Module` impl: one call for each element, with the element's span.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{ext::IdentExt, spanned::Spanned};

use super::{
    import::{Import, Imported},
    model::Module,
};
use crate::syntax::{
    list::ListElement,
    runtime::{location, own},
};

pub(crate) fn module(module: &Module) -> TokenStream {
    let Module {
        runtime,
        name,
        is_global,
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
    let global = is_global.then(|| quote_spanned!(own=> #into.global();));
    let imported = imported(imports, &into);
    let provided = provided(providers, &into);
    let exported = exported(exports, &into);
    let has_policies = !policies.is_empty();
    let listed = controllers
        .iter()
        .map(|element| controller(element, &into, has_policies));
    let handling = handlers
        .iter()
        .map(|element| handler(element, &into, has_policies));
    let policies = has_policies.then(|| {
        let added = policies.declared(&declared);
        quote_spanned!(own=> fn policies(#declared: &mut __p::Policies) { #added })
    });
    runtime.block(&quote_spanned! {own=>
        #[diagnostic::do_not_recommend]
        impl __p::Module for #name {
            fn define(#into: &mut __p::ModuleBuilder) {
                #into.name(#label, #location);
                #global
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

fn imported(imports: &[Import], into: &Ident) -> TokenStream {
    let calls = imports.iter().map(|Import { cfgs, module }| {
        let own = own(module.span());
        let call = match module {
            Imported::Plain(ty) => quote_spanned!(own=> __p::ModuleBuilder::import::<#ty>(#into);),
            Imported::Configured(value) => quote_spanned! {own=>
                #into.import_configured({
                    #[allow(unused_imports)]
                    use __p::Module as _;
                    #value
                });
            },
        };
        quote!(#(#cfgs)* #call)
    });
    calls.collect()
}

fn provided(elements: &[ListElement], into: &Ident) -> TokenStream {
    let calls = elements.iter().map(|element| {
        let own = own(element.ty.span());
        element.named(|ty| quote_spanned!(own=> __p::ModuleBuilder::provide::<#ty>(#into);))
    });
    calls.collect()
}

/// Exports a provider or an imported module; its type decides which.
fn exported(elements: &[ListElement], into: &Ident) -> TokenStream {
    let calls = elements.iter().map(|element| {
        let own = own(element.ty.span());
        element.named(|ty| quote_spanned!(own=> <#ty as __p::Exported<_>>::export(#into);))
    });
    calls.collect()
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

fn handler(element: &ListElement, into: &Ident, has_policies: bool) -> TokenStream {
    let (name, at) = (element.name(), element.ty.span());
    let location = location(at);
    element.named(|ty| {
        if has_policies {
            quote_spanned!(own(at)=> __p::event_handler_within::<#ty>(#into, #name, #location, policies);)
        } else {
            quote_spanned!(own(at)=> __p::event_handler::<#ty>(#into, #name, #location);)
        }
    })
}
