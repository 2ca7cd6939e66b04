//! Writes the `Provide` impl. A function gets a type of its name to carry it: with braces, so that it lives among
//! the types only and the function keeps its name among the values.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;

use super::model::{Factory, Provider, Scope, Source};
use crate::syntax::{
    fields::Construction,
    runtime::{Stretch, location, own},
    types,
};

pub(crate) fn provider(provider: &Provider) -> TokenStream {
    let Provider {
        runtime,
        name,
        source,
        ..
    } = provider;
    let (carrier, built) = match source {
        Source::Struct(construction) => (None, of_struct(provider, construction)),
        Source::Factory(factory) => (Some(carrier(name, factory)), of_function(provider, factory)),
    };
    let block = runtime.block(&quote_spanned! {own(name.span())=>
        #[diagnostic::do_not_recommend]
        impl __p::Provide for #name {
            fn provider() -> __p::Provider { #built }
        }
    });
    quote!(#carrier #block)
}

/// What a module's list names when it names the function.
fn carrier(name: &Ident, factory: &Factory) -> TokenStream {
    let visibility = &factory.visibility;
    quote_spanned! {own(name.span())=>
        #[doc(hidden)]
        #[allow(non_camel_case_types, dead_code)]
        #visibility struct #name {}
    }
}

fn of_struct(provider: &Provider, construction: &Construction) -> TokenStream {
    let own = own(provider.name.span());
    let head = head(provider);
    let [declared, resolved] = ["__d", "__r"].map(|local| Ident::new(local, own));
    let dependencies = construction.dependencies(&declared);
    let built = construction.built(&resolved);
    quote_spanned! {own=>
        __p::Provider::sync::<::std::sync::Arc<Self>>(
            #head,
            |#declared| { #dependencies },
            |#resolved| ::std::sync::Arc::new(#built),
        )
    }
}

fn of_function(provider: &Provider, factory: &Factory) -> TokenStream {
    let own_span = own(provider.name.span());
    let head = head(provider);
    let [declared, resolved] = ["__d", "__r"].map(|local| Ident::new(local, own_span));
    let dependencies = factory.parameters.iter().map(|parameter| {
        let (ty, label) = (&parameter.ty, &parameter.label);
        let location = location(parameter.span);
        quote_spanned!(own(parameter.span)=> __p::Dependencies::add::<#ty>(#declared, #label, #location);)
    });
    let locals: Vec<_> = (0..factory.parameters.len())
        .map(|index| format_ident!("__p{index}", span = own_span))
        .collect();
    let taken = factory
        .parameters
        .iter()
        .zip(&locals)
        .map(|(parameter, local)| {
            let ty = &parameter.ty;
            quote_spanned!(own(parameter.span)=> let #local = #resolved.next::<#ty>();)
        });
    let value = &factory.value;
    let injected = if is_shared(factory) {
        quote!(#value)
    } else {
        Stretch::of(value).over(quote!(::std::sync::Arc<#value>))
    };
    let called = called(&provider.name, factory, &locals);
    quote_spanned! {own_span=>
        __p::Provider::new::<#injected, _, _>(
            #head,
            |#declared| { #(#dependencies)* },
            |#resolved| {
                #(#taken)*
                async move { #called }
            },
        )
    }
}

/// The call, as a `Result` of what is provided.
fn called(name: &Ident, factory: &Factory, arguments: &[Ident]) -> TokenStream {
    let own = own(name.span());
    let awaited = factory.is_async.then(|| quote_spanned!(own=> .await));
    let called = quote_spanned!(own=> #name(#(#arguments),*) #awaited);
    let shared = |value: &TokenStream| {
        if is_shared(factory) {
            value.clone()
        } else {
            quote_spanned!(own=> ::std::sync::Arc::new(#value))
        }
    };
    let Some(error) = &factory.error else {
        let value = shared(&called);
        return quote_spanned!(own=> ::core::result::Result::Ok(#value));
    };
    let value = shared(&quote_spanned!(own=> __value));
    quote_spanned! {own=> match #called {
        ::core::result::Result::Ok(__value) => ::core::result::Result::Ok(#value),
        ::core::result::Result::Err(__error) => {
            ::core::result::Result::Err(__p::factory_failed::<#error>(__error))
        }
    }}
}

/// Whether the function returns an `Arc` itself.
fn is_shared(factory: &Factory) -> bool {
    types::is_called(&factory.value, "Arc")
}

/// Name, scope and place: the first arguments of every provider.
fn head(provider: &Provider) -> TokenStream {
    let name = &provider.name;
    let label = name.unraw().to_string();
    let scope = match provider.scope {
        Scope::Singleton => quote!(Singleton),
        Scope::Socket => quote!(Scoped),
    };
    let location = location(name.span());
    quote_spanned!(own(name.span())=> #label, __p::Scope::#scope, #location)
}
