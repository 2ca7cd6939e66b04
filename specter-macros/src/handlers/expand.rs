//! Generates the table of a block: each handler's event, requirements, policies and call.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{ext::IdentExt, spanned::Spanned};

use super::{
    calls::Calls,
    event::EventKind,
    model::{Handler, HandlerTable, Mode, numbered},
};
use crate::syntax::{
    runtime::{Stretch, location, moved, option, own},
    types,
};

pub(crate) fn handlers(block: &HandlerTable) -> TokenStream {
    let HandlerTable {
        runtime,
        controller,
        handlers,
        ..
    } = block;
    let name = controller
        .segments
        .last()
        .map(|segment| segment.ident.clone());
    let at = name.as_ref().map_or_else(Span::call_site, Ident::span);
    let location = location(at);
    let exclusive = block.exclusive();
    let infos = handlers.iter().map(info);
    let resolve = resolve(handlers);
    let policies = policies(handlers);
    let Calls {
        items,
        share,
        requirements,
        call,
        start,
    } = Calls::of(block);
    let content = quote_spanned! {own(Span::call_site())=>
        __p::HandlersBlock {
            controller: || ::core::any::TypeId::of::<#controller>(),
            location: #location,
            handlers: const { &[#(#infos),*] },
            exclusive: #exclusive,
            share: #share,
            resolve: #resolve,
            requirements: #requirements,
            policies: #policies,
            call: #call,
            start: #start,
        }
    };
    let warnings = warnings(handlers);
    let features = features(handlers);
    let block = checked(block, items.as_ref(), &content);
    runtime.block(&quote_spanned! {own(Span::call_site())=>
        #warnings
        #features
        #block
        __p::inventory::submit! { __BLOCK }
    })
}

/// The constant `__BLOCK`, and the function that creates it. The function has a bound for each
/// trait that the handlers require of the controller's type. The compiler checks each bound once,
/// where the constant calls the function, at the span of the user's code that requires the bound.
/// Inside of the function the bounds hold, so that the compiler reports no further errors.
fn checked(
    block: &HandlerTable,
    items: Option<&TokenStream>,
    content: &TokenStream,
) -> TokenStream {
    let own_span = own(Span::call_site());
    let controller = &block.controller;
    let boxed = |at: Span| {
        let controller = moved(controller, at);
        quote_spanned!(own(at)=> ::std::boxed::Box<#controller>)
    };
    let holder = quote_spanned!(own_span=> ::core::ops::Deref<Target = #controller>);
    let sharing = block.sharing();
    let shares = sharing.map(|at| {
        let boxed = boxed(at);
        let parameter = quote_spanned!(own_span=> , __S: #holder);
        let bound = quote_spanned!(own_span=> , __S::Target: __p::SharedController);
        (parameter, bound, quote!(, #boxed))
    });
    let (parameter, bound, argument) = shares.unwrap_or_default();
    let checked = boxed(controller.span());
    let not_singleton = block.exclusive_span().map(|at| {
        quote_spanned! {own(at)=> const {
            ::core::assert!(
                !<__C::Target as __p::Controller>::SINGLETON,
                "the handlers of a controller with `scope = singleton` must take `&self`, because \
                 all sockets share the controller"
            )
        };}
    });
    quote_spanned! {own_span=>
        const fn __block<__C: #holder #parameter>() -> __p::HandlersBlock
        where __C::Target: __p::Controller #bound
        {
            #items
            #not_singleton
            #content
        }
        const __BLOCK: __p::HandlersBlock = __block::<#checked #argument>();
    }
}

/// A check for each parameter that may be the `Valid<T>` of the framework, which needs a feature.
fn features(handlers: &[Handler]) -> TokenStream {
    let parameters = handlers.iter().flat_map(|handler| &handler.parameters);
    let checks = parameters.filter_map(|parameter| {
        let ty: syn::Type = syn::parse2(parameter.ty.clone()).ok()?;
        types::is_called(&ty, "Valid").then(|| {
            let check = quote!(__p::check_valid!(#ty););
            Stretch::of(&ty).over(check)
        })
    });
    checks.collect()
}

/// A warning at each event name that is probably a mistake. A macro cannot emit warnings, but it
/// can use a deprecated item at the span of a user's token.
fn warnings(handlers: &[Handler]) -> TokenStream {
    let warning = |handler: &Handler| {
        let note = handler.event.warning()?;
        let at = Stretch::of(&handler.event.place).first();
        let name = Ident::new(handler.event.name(), at);
        Some(quote_spanned! {at=>
            const _: () = {
                #[deprecated(note = #note)]
                #[allow(non_upper_case_globals)]
                const #name: () = ();
                #name
            };
        })
    };
    handlers.iter().filter_map(warning).collect()
}

fn info(handler: &Handler) -> TokenStream {
    let event = match &handler.event.kind {
        EventKind::Connect => quote!(Connect),
        EventKind::Disconnect => quote!(Disconnect),
        EventKind::Any => quote!(Any),
        EventKind::Named(name) => quote!(Named(#name)),
        EventKind::Error => quote!(Error),
    };
    let method = handler.method.unraw().to_string();
    let docs = &handler.docs;
    let priority = option(handler.options.priority.map(Literal::i32_unsuffixed));
    let concurrent = handler.options.concurrent.is_some();
    let inline = handler.mode == Mode::Inline;
    let blocking = handler.mode == Mode::Blocking;
    let timeout = option(handler.options.timeout.as_ref());
    let location = location(handler.method.span());
    quote_spanned! {own(handler.method.span())=>
        __p::HandlerInfo {
            event: __p::EventKind::#event,
            method: #method,
            docs: #docs,
            priority: #priority,
            concurrent: #concurrent,
            inline: #inline,
            blocking: #blocking,
            timeout: #timeout,
            location: #location,
        }
    }
}

/// The function that finds the handler of an emitted event.
fn resolve(handlers: &[Handler]) -> TokenStream {
    let arms = numbered(handlers).filter_map(|(id, handler)| match &handler.event.kind {
        EventKind::Named(name) => Some(quote!(#name => ::core::option::Option::Some(#id),)),
        _ => None,
    });
    quote_spanned! {own(Span::call_site())=>
        |__name| match __name {
            #(#arms)*
            _ => ::core::option::Option::None,
        }
    }
}

/// The function that declares the policies of each handler.
fn policies(handlers: &[Handler]) -> TokenStream {
    let own_span = own(Span::call_site());
    let into = Ident::new("__d", own_span);
    let arms = numbered(handlers)
        .filter(|(_, handler)| !handler.options.policies.is_empty())
        .map(|(id, handler)| {
            let added = handler.options.policies.declared(&into);
            quote!(#id => { #added })
        });
    quote_spanned!(own_span=> |__id, #into| match __id { #(#arms)* _ => {} })
}
