//! Generates the functions that call the handlers (extract the parameters, call the method, encode
//! its reply), and the function that declares what their parameters inject. A call that may suspend
//! takes the controller and returns it.
//!
//! All of these functions name the types of the parameters. They are generated into one function
//! body (the initializer of the block, or `__calls`), because the compiler then reports an error in
//! a type only once.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Path;

use super::{
    event::EventKind,
    model::{Handler, HandlerTable, Mode, numbered},
    parameter::Parameter,
};
use crate::syntax::runtime::{location, option, own};

/// The generated functions of a block, as expressions.
pub(super) struct Calls {
    /// The items that the expressions refer to.
    pub(super) items: Option<TokenStream>,
    /// The function that makes the controller shareable. `None` if a handler takes `&mut self`.
    pub(super) share: TokenStream,
    /// Declares what the parameters of each handler inject.
    pub(super) requirements: TokenStream,
    /// Calls handlers that do not suspend.
    pub(super) call: TokenStream,
    /// Starts all other handlers.
    pub(super) start: TokenStream,
}

impl Calls {
    pub(super) fn of(block: &HandlerTable) -> Self {
        let locals = Locals::new();
        let arms = |inline: bool| {
            let calls = block.handlers.iter().map(|handler| Call {
                handler,
                locals: &locals,
            });
            let arms: TokenStream = numbered(calls)
                .filter(|(_, call)| (call.handler.mode == Mode::Inline) == inline)
                .map(|(id, call)| call.arm(&id))
                .collect();
            (!arms.is_empty()).then_some(arms)
        };
        let arms = Arms {
            called: arms(true),
            started: arms(false),
        };
        if block.exclusive() {
            exclusive(block, &locals, &arms)
        } else {
            shared(block, &locals, &arms)
        }
    }
}

/// The match arms of both functions, if they have any.
struct Arms {
    called: Option<TokenStream>,
    started: Option<TokenStream>,
}

impl Arms {
    /// The function that calls handlers that do not suspend. It passes the controller and the match
    /// arms to the runtime's function `call`, which borrows the controller.
    fn call(&self, controller: &Path, locals: &Locals, call: &TokenStream) -> TokenStream {
        let Locals { this, id, cx, .. } = locals;
        let own = own(Span::call_site());
        match &self.called {
            None => quote_spanned!(own=> __p::call_none),
            Some(arms) => quote_spanned! {own=>
                |__instance, #id, __context| #call::<#controller>(__instance, __context, |#this, #cx| match #id {
                    #arms
                    _ => ::core::result::Result::Err(__p::wrong_instance(#cx)),
                })
            },
        }
    }
}

/// For a block in which some handler takes `&mut self`: the controller is in a `Box`.
fn exclusive(block: &HandlerTable, locals: &Locals, arms: &Arms) -> Calls {
    let controller = &block.controller;
    let Locals { this, id, cx, .. } = locals;
    let own = own(Span::call_site());
    let start = match &arms.started {
        None => quote_spanned!(own=> __p::start_none),
        Some(arms) => quote_spanned! {own=>
            |__instance, #id, #cx| {
                let mut #this = match __p::exclusive::<#controller>(__instance) {
                    ::core::result::Result::Ok(__this) => __this,
                    ::core::result::Result::Err(__wrong) => return __wrong.into_call_state(#cx),
                };
                match #id {
                    #arms
                    _ => __p::CallState::unknown(__p::ControllerRef::into_instance(#this), #cx),
                }
            }
        },
    };
    Calls {
        items: None,
        share: option(None::<TokenStream>),
        requirements: requirements(&block.handlers),
        call: arms.call(
            controller,
            locals,
            &quote_spanned!(own=> __p::call_exclusive),
        ),
        start,
    }
}

/// For a block in which all handlers take `&self`: the controller is in a `Box`, or in an `Arc` if
/// handlers run concurrently. The functions are generated once, and are generic over `Box` and
/// `Arc`.
fn shared(block: &HandlerTable, locals: &Locals, arms: &Arms) -> Calls {
    let Locals { this, id, cx, .. } = locals;
    let requirements = requirements(&block.handlers);
    let controller = &block.controller;
    let own = own(Span::call_site());
    let call = arms.call(controller, locals, &quote_spanned!(own=> __p::call_shared));
    let (started, start) = match &arms.started {
        None => (
            quote_spanned!(own=> |__held, _, __context| __p::CallState::unknown(__p::ControllerRef::into_instance(__held), __context)),
            quote_spanned!(own=> __p::start_none),
        ),
        Some(arms) => (
            quote_spanned! {own=>
                |mut #this, #id, #cx| match #id {
                    #arms
                    _ => __p::CallState::unknown(__p::ControllerRef::into_instance(#this), #cx),
                }
            },
            quote_spanned! {own=>
                |__instance, #id, #cx| __p::start_shared::<#controller>(
                    __instance,
                    #id,
                    #cx,
                    __calls::<::std::boxed::Box<#controller>>().start,
                    __calls::<::std::sync::Arc<#controller>>().start,
                )
            },
        ),
    };
    let items = quote_spanned! {own=>
        const fn __calls<__H: __p::ControllerRef<#controller>>()
        -> __p::CallFunctions<__H>
        where __H::Target: __p::SharedController {
            __p::CallFunctions { requirements: #requirements, call: #call, start: #started }
        }
    };
    Calls {
        items: Some(items),
        share: option(Some(quote_spanned!(own=> __p::share::<#controller>))),
        requirements: quote_spanned!(own=> __calls::<::std::boxed::Box<#controller>>().requirements),
        call: quote_spanned!(own=> __calls::<::std::boxed::Box<#controller>>().call),
        start,
    }
}

/// The function that declares what each handler's parameters inject.
fn requirements(handlers: &[Handler]) -> TokenStream {
    let own_span = own(Span::call_site());
    let into = Ident::new("__r", own_span);
    let arms = numbered(handlers)
        .filter(|(_, handler)| !handler.parameters.is_empty())
        .map(|(id, handler)| {
            let family = Family::of(&handler.event.kind);
            let calls = handler.parameters.iter().map(|parameter| {
                let (types, label) = (family.arguments(parameter), &parameter.label);
                let method = Ident::new(family.name, own(parameter.span));
                let location = location(parameter.span);
                quote_spanned! {own(parameter.span)=>
                    __p::Requirements::#method #types(#into, #label, #location);
                }
            });
            quote!(#id => { #(#calls)* })
        });
    quote_spanned!(own_span=> |__id, #into| match __id { #(#arms)* _ => {} })
}

/// The kind of a handler, by which the runtime's functions for its parameters are named: `event` of
/// `Requirements::event::<T, _>` and `event_param::<T, _>`.
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

/// The variables of the generated functions. Because of their spans, the user's expressions cannot
/// refer to them.
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

/// The match arm of one handler.
struct Call<'a> {
    handler: &'a Handler,
    locals: &'a Locals,
}

impl Call<'_> {
    fn arm(&self, id: &Literal) -> TokenStream {
        let Locals { cx, .. } = self.locals;
        let body = self.body();
        let instance = self.instance();
        let ended = quote_spanned!(self.own()=> __p::CompletedCall::new(#instance, #cx, __called));
        match self.handler.mode {
            Mode::Async => quote_spanned! {self.own()=>
                #id => __p::pending(async move {
                    let __called = __p::catch(&#cx, async { #body }).await;
                    #ended
                }),
            },
            Mode::Inline => quote_spanned!(self.own()=> #id => { #body }),
            Mode::Blocking => quote_spanned! {self.own()=>
                #id => __p::blocking(move || {
                    let __called = __p::catch_sync(|| { #body });
                    #ended
                }),
            },
        }
    }

    /// The body of the call: from the event to the encoded reply.
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
            if emitted && parameter.is_special_reference() {
                let ty = &parameter.extracted;
                return quote_spanned!(own(parameter.span)=> let #local = __p::borrowed_param!(#ty, #from, #label, __p::#function #types)?;);
            }
            quote_spanned!(own(parameter.span)=> let #local = __p::#function #types(#from, #label)?;)
        });
        let called = self.called();
        let reply = match self.handler.event.kind {
            EventKind::Connect => "connect_reply",
            EventKind::Disconnect | EventKind::Error => "plain_reply",
            EventKind::Any | EventKind::Named(_) => "reply",
        };
        let [value, returned] =
            [self.own(), own(self.handler.output.first())].map(|span| Ident::new("__value", span));
        let reply = format_ident!("{reply}");
        let replied = self
            .handler
            .output
            .over(quote!(__p::#reply!(#cx, #returned)));
        quote_spanned! {self.own()=>
            #opened
            #(#extracted)*
            let #value = #called;
            #replied
        }
    }

    /// The method's call. A call that may suspend borrows the holder of the controller with `&mut`
    /// even for a `&self` method: with a shared borrow, the future would be `Send` only if the
    /// holder is `Sync`.
    fn called(&self) -> TokenStream {
        let (controller, method) = (&self.handler.controller, &self.handler.method);
        let this = &self.locals.this;
        let parameters = self.handler.parameters.iter().enumerate();
        let arguments =
            parameters.map(|(index, parameter)| parameter.argument(&Self::parameter(index)));
        let awaited =
            (self.handler.mode == Mode::Async).then(|| quote_spanned!(self.own()=> .await));
        let receiver = match self.handler.mode {
            Mode::Inline => quote!(#this),
            Mode::Async | Mode::Blocking => quote!(&mut #this),
        };
        quote_spanned!(self.own()=> <#controller>::#method(#receiver #(, #arguments)*) #awaited)
    }

    /// The expression that returns the controller.
    fn instance(&self) -> TokenStream {
        let this = &self.locals.this;
        quote_spanned!(self.own()=> __p::ControllerRef::into_instance(#this))
    }

    fn parameter(index: usize) -> Ident {
        format_ident!("__p{index}", span = own(Span::call_site()))
    }

    fn own(&self) -> Span {
        own(self.handler.method.span())
    }
}
