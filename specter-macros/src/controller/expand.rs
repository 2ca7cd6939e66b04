//! Generates the `Controller` impl, and registers the controller, so that the runtime can warn
//! about controllers that no module lists.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote_spanned};
use syn::{LitStr, ext::IdentExt};

use super::model::{Controller, Endpoint, OnPanic, Setting};
use crate::syntax::runtime::{location, option, own};

pub(crate) fn controller(controller: &Controller) -> TokenStream {
    let Controller {
        runtime,
        name,
        policies,
        construction,
        ..
    } = controller;
    let own = own(name.span());
    let [declared, resolved] = ["__d", "__r"].map(|local| Ident::new(local, own));
    let info = info(controller);
    let dependencies = construction.dependencies(&declared);
    let built = construction.built(&resolved);
    let policies = policies.declared(&declared);
    let singleton = controller.singleton.then(|| {
        quote_spanned! {own=>
            const SINGLETON: bool = true;
            fn singleton() -> ::core::option::Option<__p::Singleton> {
                ::core::option::Option::Some(__p::Singleton::of::<Self>())
            }
        }
    });
    let checks = controller
        .singleton
        .then(|| construction.singleton_checks(name));
    // The compiler reports an error in a type once for each body that names the type. Both
    // functions that name the fields' types are therefore in one constant, and `__INFO` is outside
    // of the impl.
    runtime.block(&quote_spanned! {own=>
        const __INFO: __p::ControllerInfo = #info;
        trait __Fields: Sized { const FIELDS: __p::FieldFunctions<Self>; }
        impl __Fields for #name {
            const FIELDS: __p::FieldFunctions<Self> = __p::FieldFunctions {
                declare: |#declared| { #dependencies },
                build: |#resolved| #built,
            };
        }
        #[diagnostic::do_not_recommend]
        impl __p::Controller for #name {
            const INFO: __p::ControllerInfo = __INFO;
            #singleton
            fn dependencies(#declared: &mut __p::Dependencies) { (<Self as __Fields>::FIELDS.declare)(#declared); }
            fn build(#resolved: &mut __p::Resolved<'_>) -> Self { (<Self as __Fields>::FIELDS.build)(#resolved) }
            fn policies(#declared: &mut __p::Policies) { #policies }
        }
        #checks
        __p::inventory::submit! {
            __p::ControllerRegistration { info: &__INFO, type_id: || ::core::any::TypeId::of::<#name>() }
        }
    })
}

fn info(controller: &Controller) -> TokenStream {
    let Controller {
        name,
        endpoint,
        priority,
        unlisted,
        on_panic,
        event_priorities,
        ..
    } = controller;
    let Endpoint {
        path,
        namespace,
        settings,
    } = endpoint;
    let settings = settings.iter().map(setting);
    let label = name.unraw().to_string();
    let path = option(path.as_ref());
    let namespace = namespace
        .clone()
        .unwrap_or_else(|| LitStr::new("/", name.span()));
    let priority = proc_macro2::Literal::i32_unsuffixed(*priority);
    let event_priorities = event_priorities.iter().map(|(event, priority)| {
        let priority = proc_macro2::Literal::i32_unsuffixed(*priority);
        quote_spanned!(own(event.span())=> (#event, #priority))
    });
    let on_panic = format_ident!(
        "{}",
        match on_panic {
            OnPanic::Continue => "Continue",
            OnPanic::Disconnect => "Disconnect",
        }
    );
    let location = location(name.span());
    quote_spanned! {own(name.span())=>
        __p::ControllerInfo {
            name: #label,
            path: #path,
            namespace: #namespace,
            endpoint: &[#(#settings),*],
            priority: #priority,
            event_priorities: &[#(#event_priorities),*],
            unlisted: #unlisted,
            on_panic: __p::OnPanic::#on_panic,
            location: #location,
        }
    }
}

fn setting(Setting { variant, value }: &Setting) -> TokenStream {
    let own = own(variant.span());
    let location = location(variant.span());
    quote_spanned! {own=>
        __p::EndpointSetting {
            option: __p::EndpointOption::#variant(#value),
            location: #location,
        }
    }
}
