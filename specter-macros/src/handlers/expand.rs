//! Writes the block's table: what each handler answers, what it needs, and how it is started.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;

use super::{
    event::EventKind,
    model::{Handler, HandlerTable},
    start::{self, Family},
};
use crate::syntax::{
    list,
    runtime::{location, option, own},
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
    let label = name.map(|name| name.unraw().to_string());
    let location = location(at);
    let exclusive = block.exclusive();
    let share = option((!exclusive).then(|| quote!(__p::share::<#controller>)));
    let infos = handlers.iter().map(info);
    let functions = [
        resolve(handlers),
        requirements(handlers),
        guards(handlers),
        start::function(block),
    ];
    let sync = sync_assertion(block);
    runtime.block(&quote_spanned! {own(at)=>
        const HANDLERS: &[__p::HandlerInfo] = &[#(#infos),*];
        #(#functions)*
        __p::inventory::submit! {
            __p::HandlersBlock {
                controller: || ::core::any::TypeId::of::<#controller>(),
                controller_name: #label,
                location: #location,
                handlers: HANDLERS,
                exclusive: #exclusive,
                share: #share,
                resolve,
                requirements,
                guards,
                start,
            }
        }
        const _: fn() = || {
            fn is_controller<T: __p::Controller>() {}
            is_controller::<#controller>();
        };
        #sync
    })
}

/// Shared access from several threads needs `Sync`: the complaint stands at the `self` that shares.
fn sync_assertion(block: &HandlerTable) -> Option<TokenStream> {
    let sharing = block.handlers.iter().find(|handler| {
        !handler.receiver.mutable
            && (!block.exclusive() || handler.mode == super::model::Mode::Async)
    })?;
    let controller = &block.controller;
    Some(quote_spanned! {own(sharing.receiver.span)=>
        const _: fn() = || __p::shared_handlers_need_sync::<#controller>();
    })
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
    let location = location(handler.method.span());
    quote_spanned! {own(handler.method.span())=>
        __p::HandlerInfo {
            event: __p::EventKind::#event,
            method: #method,
            docs: #docs,
            priority: #priority,
            concurrent: #concurrent,
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
        fn resolve(__name: &str) -> ::core::option::Option<u16> {
            match __name {
                #(#arms)*
                _ => ::core::option::Option::None,
            }
        }
    }
}

/// What each handler's parameters need from the container.
fn requirements(handlers: &[Handler]) -> TokenStream {
    let own_span = own(Span::call_site());
    let into = Ident::new("__r", own_span);
    let arms = numbered(handlers)
        .filter(|(_, handler)| !handler.parameters.is_empty())
        .map(|(id, handler)| {
            let family = Family::of(&handler.event.kind);
            let method = Ident::new(family.name, own_span);
            let calls = handler.parameters.iter().map(|parameter| {
                let (types, label) = (family.arguments(parameter), &parameter.label);
                let location = location(parameter.span);
                quote_spanned!(own(parameter.span)=> #into.#method #types(#label, #location);)
            });
            quote!(#id => { #(#calls)* })
        });
    quote_spanned! {own_span=>
        fn requirements(__id: u16, #into: &mut __p::Requirements) {
            match __id { #(#arms)* _ => {} }
        }
    }
}

/// The guards that stand on single events.
fn guards(handlers: &[Handler]) -> TokenStream {
    let own_span = own(Span::call_site());
    let into = Ident::new("__g", own_span);
    let arms = numbered(handlers)
        .filter(|(_, handler)| !handler.options.guards.is_empty())
        .map(|(id, handler)| {
            let added = list::added(&handler.options.guards, &into);
            quote!(#id => { #added })
        });
    quote_spanned! {own_span=>
        fn guards(__id: u16, #into: &mut __p::Guards) {
            match __id { #(#arms)* _ => {} }
        }
    }
}

/// Each handler with its id, as a literal.
pub(super) fn numbered(handlers: &[Handler]) -> impl Iterator<Item = (Literal, &Handler)> {
    handlers
        .iter()
        .enumerate()
        .map(|(id, handler)| (Literal::usize_unsuffixed(id), handler))
}
