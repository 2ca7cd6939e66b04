//! Writes the block's table: what each handler answers, what it needs, and how it is started.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;

use super::{
    calls::Calls,
    event::EventKind,
    model::{Handler, HandlerTable},
};
use crate::syntax::runtime::{location, option, own};

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
    let label = name.map(|name| name.unraw().to_string());
    let location = location(at);
    let exclusive = block.exclusive();
    let infos = handlers.iter().map(info);
    let resolve = resolve(handlers);
    let policies = policies(handlers);
    let Calls {
        items,
        share,
        requirements,
        start,
    } = Calls::of(block);
    let is_controller = is_controller(block);
    runtime.block(&quote_spanned! {own(at)=>
        #is_controller
        #items
        const __BLOCK: __p::HandlersBlock = __p::HandlersBlock {
            controller: || ::core::any::TypeId::of::<#controller>(),
            controller_name: #label,
            location: #location,
            handlers: &[#(#infos),*],
            exclusive: #exclusive,
            share: #share,
            resolve: #resolve,
            requirements: #requirements,
            policies: #policies,
            start: #start,
        };
        __p::inventory::submit! { __BLOCK }
    })
}

/// Complains where the type is no controller, or is one that its handlers cannot have for themselves.
fn is_controller(block: &HandlerTable) -> TokenStream {
    let controller = &block.controller;
    if let Some(at) = block.taking_all() {
        return quote_spanned!(own(at)=> const _: () = __p::has_instance_of_its_own::<#controller>(););
    }
    quote_spanned! {own(Span::call_site())=>
        const _: fn() = || {
            fn is_controller<T: __p::Controller>() {}
            is_controller::<#controller>();
        };
    }
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
    let timeout = option(handler.options.timeout.as_ref());
    let location = location(handler.method.span());
    quote_spanned! {own(handler.method.span())=>
        __p::HandlerInfo {
            event: __p::EventKind::#event,
            method: #method,
            docs: #docs,
            priority: #priority,
            concurrent: #concurrent,
            timeout: #timeout,
            location: #location,
        }
    }
}

/// Which handler takes a name that a client emitted.
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

/// What stands around single events.
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

/// Each with its id, as a literal.
pub(super) fn numbered<T>(
    handlers: impl IntoIterator<Item = T>,
) -> impl Iterator<Item = (Literal, T)> {
    handlers
        .into_iter()
        .enumerate()
        .map(|(id, handler)| (Literal::usize_unsuffixed(id), handler))
}
