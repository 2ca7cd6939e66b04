//! Writes the function that starts a handler: extract the parameters, call the method, encode its reply, and give
//! the controller back.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::{
    event::EventKind,
    expand::numbered,
    model::{Handler, HandlerTable, Mode},
    parameter::Parameter,
};
use crate::syntax::runtime::own;

/// `fn start`, and for shared controllers the function over both of their holders behind it.
pub(super) fn function(block: &HandlerTable) -> TokenStream {
    let locals = Locals::new();
    let arms = numbered(&block.handlers).map(|(id, handler)| {
        Call {
            block,
            handler,
            locals: &locals,
        }
        .arm(&id)
    });
    if block.exclusive() {
        exclusive(block, &locals, arms)
    } else {
        shared(block, &locals, arms)
    }
}

/// How a parameter is asked for, by the event: `event` of `Requirements::event::<T, _>` and `event_param::<T, _>`.
pub(super) struct Family {
    pub(super) name: &'static str,
    /// Whether the trait has a marker, which the compiler infers.
    has_marker: bool,
}

impl Family {
    pub(super) fn of(kind: &EventKind) -> Self {
        match kind {
            EventKind::Connect => Self {
                name: "connect",
                has_marker: false,
            },
            EventKind::Disconnect => Self {
                name: "disconnect",
                has_marker: true,
            },
            EventKind::Any | EventKind::Named(_) => Self {
                name: "event",
                has_marker: true,
            },
            EventKind::Error => Self {
                name: "error",
                has_marker: true,
            },
        }
    }

    /// The generic arguments for a parameter.
    pub(super) fn arguments(&self, parameter: &Parameter) -> TokenStream {
        let ty = &parameter.extracted;
        let marker = self.has_marker.then(|| quote!(, _));
        quote_spanned!(own(parameter.span)=> ::<#ty #marker>)
    }
}

/// The variables of the generated functions. Their names are the macro's own: no expression of the user's sees them.
struct Locals {
    this: Ident,
    id: Ident,
    cx: Ident,
    arguments: Ident,
}

impl Locals {
    fn new() -> Self {
        let local = |name| Ident::new(name, own(Span::call_site()));
        Self {
            this: local("__this"),
            id: local("__id"),
            cx: local("__cx"),
            arguments: local("__args"),
        }
    }
}

fn exclusive(
    block: &HandlerTable,
    locals: &Locals,
    arms: impl Iterator<Item = TokenStream>,
) -> TokenStream {
    let controller = &block.controller;
    let Locals { this, id, cx, .. } = locals;
    quote_spanned! {own(Span::call_site())=>
        fn start(__instance: __p::Instance, #id: u16, #cx: __p::CallContext) -> __p::Step {
            let mut #this = match __p::exclusive::<#controller>(__instance) {
                ::core::result::Result::Ok(__this) => __this,
                ::core::result::Result::Err(__wrong) => return __wrong.into_step(&#cx),
            };
            match #id {
                #(#arms)*
                _ => __p::Step::unknown(__p::Holder::into_instance(#this), &#cx),
            }
        }
    }
}

fn shared(
    block: &HandlerTable,
    locals: &Locals,
    arms: impl Iterator<Item = TokenStream>,
) -> TokenStream {
    let controller = &block.controller;
    let Locals { this, id, cx, .. } = locals;
    quote_spanned! {own(Span::call_site())=>
        fn start(__instance: __p::Instance, #id: u16, #cx: __p::CallContext) -> __p::Step {
            __p::start_shared::<#controller>(
                __instance,
                #id,
                #cx,
                start_in::<::std::boxed::Box<#controller>>,
                start_in::<::std::sync::Arc<#controller>>,
            )
        }
        fn start_in<__H: __p::Holder<#controller> + ::core::marker::Sync>(#this: __H, #id: u16, #cx: __p::CallContext) -> __p::Step {
            match #id {
                #(#arms)*
                _ => __p::Step::unknown(__p::Holder::into_instance(#this), &#cx),
            }
        }
    }
}

/// One handler's arm.
struct Call<'a> {
    block: &'a HandlerTable,
    handler: &'a Handler,
    locals: &'a Locals,
}

impl Call<'_> {
    fn arm(&self, id: &Literal) -> TokenStream {
        let Locals { cx, .. } = self.locals;
        let body = self.body();
        let instance = self.instance();
        let finished = quote_spanned!(self.own()=> #cx.finish(__called));
        match self.handler.mode {
            Mode::Async => quote_spanned! {self.own()=>
                #id => __p::pending(async move {
                    let __called = __p::catch(async { #body }).await;
                    (#instance, #finished)
                }),
            },
            Mode::Inline => quote_spanned! {self.own()=>
                #id => {
                    let __called = __p::catch_sync(|| { #body });
                    __p::Step::Done(#instance, #finished)
                }
            },
            Mode::Blocking => quote_spanned! {self.own()=>
                #id => __p::blocking(move || {
                    let __called = __p::catch_sync(|| { #body });
                    (#instance, #finished)
                }),
            },
        }
    }

    /// From the event to the encoded reply.
    fn body(&self) -> TokenStream {
        let Locals { cx, arguments, .. } = self.locals;
        let emitted = self.handler.event.kind.is_emitted() && !self.handler.parameters.is_empty();
        let opened =
            emitted.then(|| quote_spanned!(self.own()=> let mut #arguments = #cx.arguments();));
        let family = Family::of(&self.handler.event.kind);
        let extracted = self.handler.parameters.iter().enumerate().map(|(index, parameter)| {
            let (local, label) = (Self::parameter(index), &parameter.label);
            let types = family.arguments(parameter);
            let function = format_ident!("{}_param", family.name, span = own(parameter.span));
            let from = if emitted { quote!(&#cx, &mut #arguments) } else { quote!(&#cx) };
            quote_spanned!(own(parameter.span)=> let #local = __p::#function #types(#from, #label)?;)
        });
        let called = self.called();
        let reply = match self.handler.event.kind {
            EventKind::Connect => "connect_reply",
            EventKind::Disconnect | EventKind::Error => "plain_reply",
            EventKind::Any | EventKind::Named(_) => "reply",
        };
        let output = own(self.handler.output);
        let reply = Ident::new(reply, output);
        let value = Ident::new("__value", self.own());
        let replied = quote_spanned!(output=> __p::#reply!(#cx, #value));
        quote_spanned! {self.own()=>
            #opened
            #(#extracted)*
            let #value = #called;
            #replied
        }
    }

    fn called(&self) -> TokenStream {
        let (controller, method) = (&self.block.controller, &self.handler.method);
        let this = &self.locals.this;
        let mutable = self.handler.receiver.mutable.then(|| quote!(mut));
        let parameters = self.handler.parameters.iter().enumerate();
        let arguments =
            parameters.map(|(index, parameter)| parameter.argument(&Self::parameter(index)));
        let awaited =
            (self.handler.mode == Mode::Async).then(|| quote_spanned!(self.own()=> .await));
        quote_spanned!(self.own()=> <#controller>::#method(& #mutable #this #(, #arguments)*) #awaited)
    }

    /// The controller, on its way back.
    fn instance(&self) -> TokenStream {
        let this = &self.locals.this;
        quote_spanned!(self.own()=> __p::Holder::into_instance(#this))
    }

    fn parameter(index: usize) -> Ident {
        format_ident!("__p{index}", span = own(Span::call_site()))
    }

    fn own(&self) -> Span {
        own(self.handler.method.span())
    }
}
