//! Generates the `Provide` impl. For a function it also generates a type with the function's name,
//! which implements the trait. The type is a struct with braces and therefore only in the type
//! namespace. The function keeps its name in the value namespace.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Generics, Type, WherePredicate, ext::IdentExt, parse_quote_spanned, spanned::Spanned};

use super::model::{Factory, Provider, Scope, Source};
use crate::syntax::{
    fields::{Construction, singleton_check},
    list::ListElement,
    runtime::{Stretch, location, own},
    trait_object, types,
};

pub(crate) fn provider(provider: &Provider) -> TokenStream {
    let Provider {
        runtime,
        name,
        source,
        ..
    } = provider;
    let own = own(name.span());
    let (function_type, value, built) = match source {
        Source::Struct(construction) => (
            None,
            quote_spanned!(own=> ::std::sync::Arc<Self>),
            of_struct(provider, construction),
        ),
        Source::Factory(factory) => (
            Some(self::function_type(provider, factory)),
            injected(factory),
            of_function(provider, factory),
        ),
    };
    let generics = bounded(provider);
    let (parameters, arguments, bounds) = generics.split_for_impl();
    let scoped =
        (provider.scope == Scope::Socket).then(|| quote_spanned!(own=> const SCOPED: bool = true;));
    let options = options(provider, &value);
    let body = if options.is_empty() {
        built
    } else {
        quote_spanned!(own=> let __provider = #built; #options __provider)
    };
    let checks = checks(provider);
    // A generic provider may lack a bound; the compiler must then report it.
    let quiet = generics
        .params
        .is_empty()
        .then(|| quote_spanned!(own=> #[diagnostic::do_not_recommend]));
    let item_checks = item_checks(provider);
    let block = runtime.block(&quote_spanned! {own=>
        #item_checks
        #quiet
        impl #parameters __p::Provide for #name #arguments #bounds {
            type Value = #value;
            #scoped
            fn provider() -> __p::Provider { #body }
        }
        #checks
    });
    quote!(#function_type #block)
}

/// The checks of the struct, and of the traits in `as = …`. Those of a generic provider may name
/// its parameters, which items cannot.
fn item_checks(provider: &Provider) -> TokenStream {
    if !provider.generics.params.is_empty() {
        return TokenStream::new();
    }
    let name = &provider.name;
    let itself = matches!(provider.source, Source::Struct(_)).then(|| {
        quote_spanned! {own(name.span())=>
            const _: () = {
                trait __Provided { type Type: __p::Shareable; }
                impl __Provided for () { type Type = #name; }
            };
        }
    });
    let aliases = provider.aliases.iter();
    let checks = aliases.filter_map(|ListElement { cfgs, ty }| match types::bare(ty) {
        Type::TraitObject(object) => {
            let check = trait_object::check(object);
            Some(quote!(#(#cfgs)* #check))
        }
        _ => None,
    });
    let checks: TokenStream = checks.collect();
    quote!(#itself #checks)
}

/// The type parameters of a generic provider, with the bounds that the container requires.
fn bounded(provider: &Provider) -> Generics {
    let mut generics = provider.generics.clone();
    if generics.params.is_empty() {
        return generics;
    }
    let own = own(provider.name.span());
    let bounds = &mut generics.make_where_clause().predicates;
    match &provider.source {
        Source::Struct(construction) => {
            bounds.push(parse_quote_spanned!(own=> Self: Send + Sync + 'static));
            bounds.extend(construction.bounds());
        }
        Source::Factory(factory) => {
            let value = &factory.value;
            bounds.push(parse_quote_spanned!(own=> Self: 'static));
            bounds.push(parse_quote_spanned!(own=> #value: Send + Sync + 'static));
            bounds.extend(factory.parameters.iter().map(|parameter| {
                let ty = &parameter.ty;
                let bound: WherePredicate = parse_quote_spanned!(own=> #ty: __p::Dependency);
                bound
            }));
        }
    }
    generics
}

/// The calls that add the value's other types and its hooks to the provider.
fn options(provider: &Provider, value: &TokenStream) -> TokenStream {
    let local = Ident::new("__v", own(provider.name.span()));
    let aliases = provider.aliases.iter().map(|ListElement { cfgs, ty }| {
        let local = Ident::new("__v", own(ty.span()));
        let call = quote_spanned! {own(ty.span())=>
            let __provider = __provider.alias::<#value, ::std::sync::Arc<#ty>>(|#local| #local);
        };
        quote!(#(#cfgs)* #call)
    });
    let hooks = [
        ("on_init", &provider.on_init),
        ("on_shutdown", &provider.on_shutdown),
    ];
    let hooks = hooks.into_iter().filter_map(|(hook, method)| {
        let method = method.as_ref()?;
        let own = own(method.span());
        let hook = Ident::new(hook, own);
        Some(quote_spanned! {own=>
            let __provider = __provider.#hook::<#value, _>(
                |#local| async move { __p::hook_end::<_, _>(#local.#method()).await },
            );
        })
    });
    let calls: Vec<_> = aliases.chain(hooks).collect();
    quote!(#(#calls)*)
}

/// The checks of a singleton's dependencies that the compiler can make.
fn checks(provider: &Provider) -> TokenStream {
    if provider.scope != Scope::Singleton || !provider.generics.params.is_empty() {
        return TokenStream::new();
    }
    match &provider.source {
        Source::Struct(construction) => construction.singleton_checks(&provider.name),
        Source::Factory(factory) => {
            let parameters = factory.parameters.iter();
            parameters
                .map(|parameter| singleton_check(&provider.name, &parameter.ty, &parameter.label))
                .collect()
        }
    }
}

/// The type with the function's name, to which the name refers in a module's list.
fn function_type(provider: &Provider, factory: &Factory) -> TokenStream {
    let (name, visibility) = (&provider.name, &factory.visibility);
    let own = own(name.span());
    let types: Vec<_> = provider
        .generics
        .type_params()
        .map(|ty| &ty.ident)
        .collect();
    let constants = provider.generics.const_params().map(|constant| {
        let (name, ty) = (&constant.ident, &constant.ty);
        quote_spanned!(own=> const #name: #ty)
    });
    let held = types.iter().enumerate().map(|(index, ty)| {
        let field = format_ident!("__{index}", span = own);
        quote_spanned!(own=> #field: ::core::marker::PhantomData<fn() -> ::core::marker::PhantomData<#ty>>)
    });
    let has_any = !provider.generics.params.is_empty();
    let parameters = has_any.then(|| quote_spanned!(own=> <#(#types: ?Sized,)* #(#constants),*>));
    quote_spanned! {own=>
        #[doc(hidden)]
        #[allow(non_camel_case_types, dead_code)]
        #visibility struct #name #parameters { #(#held),* }
    }
}

fn of_struct(provider: &Provider, construction: &Construction) -> TokenStream {
    let own = own(provider.name.span());
    let head = head(provider);
    let [declared, resolved] = ["__d", "__r"].map(|local| Ident::new(local, own));
    let dependencies = construction.dependencies(&declared);
    let built = construction.built(&resolved);
    quote_spanned! {own=>
        __p::Provider::shared::<Self>(
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
    let injected = injected(factory);
    let called = called(provider, factory, &locals);
    // Only an async factory gets an asynchronous provider, which a scope has to await.
    let (constructor, build) = match (factory.is_async, &factory.error) {
        (true, _) => (
            quote_spanned!(own_span=> new::<#injected, _, _>),
            quote_spanned!(own_span=> async move { #called }),
        ),
        (false, Some(_)) => (quote_spanned!(own_span=> try_sync::<#injected>), called),
        (false, None) if is_shared(factory) => {
            (quote_spanned!(own_span=> sync::<#injected>), called)
        }
        (false, None) => {
            let value = &factory.value;
            (quote_spanned!(own_span=> shared::<#value>), called)
        }
    };
    quote_spanned! {own_span=>
        __p::Provider::#constructor(
            #head,
            |#declared| { #(#dependencies)* },
            |#resolved| {
                #(#taken)*
                #build
            },
        )
    }
}

/// The call of the function, as an expression of the injected value, or of a `Result` of that value
/// if the function is async or may fail.
fn called(provider: &Provider, factory: &Factory, arguments: &[Ident]) -> TokenStream {
    let name = &provider.name;
    let own = own(name.span());
    let awaited = factory.is_async.then(|| quote_spanned!(own=> .await));
    let (_, generics, _) = provider.generics.split_for_impl();
    let generics = generics.as_turbofish();
    let called = quote_spanned!(own=> #name #generics (#(#arguments),*) #awaited);
    let shared = |value: &TokenStream| {
        if is_shared(factory) {
            value.clone()
        } else {
            quote_spanned!(own=> ::std::sync::Arc::new(#value))
        }
    };
    let Some(error) = &factory.error else {
        let value = shared(&called);
        return if factory.is_async {
            quote_spanned!(own=> ::core::result::Result::Ok(#value))
        } else {
            value
        };
    };
    let value = shared(&quote_spanned!(own=> __value));
    quote_spanned! {own=> match #called {
        ::core::result::Result::Ok(__value) => ::core::result::Result::Ok(#value),
        ::core::result::Result::Err(__error) => {
            ::core::result::Result::Err(__p::factory_failed::<#error>(__error))
        }
    }}
}

/// The type of the injected value: the type that the function returns, in an `Arc` unless it is
/// one.
fn injected(factory: &Factory) -> TokenStream {
    let value = &factory.value;
    if is_shared(factory) {
        quote!(#value)
    } else {
        Stretch::of(value).over(quote!(::std::sync::Arc<#value>))
    }
}

/// Whether the function returns an `Arc` itself.
fn is_shared(factory: &Factory) -> bool {
    types::is_called(&factory.value, "Arc")
}

/// Name, scope and location: the first arguments of every provider.
fn head(provider: &Provider) -> TokenStream {
    let name = &provider.name;
    let label = if provider.generics.params.is_empty() {
        name.unraw().to_string().into_token_stream()
    } else {
        quote_spanned!(own(name.span())=> __p::Key::of::<Self>().name())
    };
    let scope = match provider.scope {
        Scope::Singleton => quote!(Singleton),
        Scope::Socket => quote!(Scoped),
        Scope::Transient => quote!(Transient),
    };
    let location = location(name.span());
    quote_spanned!(own(name.span())=> #label, __p::Scope::#scope, #location)
}
