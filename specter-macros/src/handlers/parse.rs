//! Parses `#[handlers]`, its block, and the marks and signature of each method in it.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{
    Attribute, FnArg, GenericParam, Meta, ReceiverKind, ReturnType, Safety, Signature, Type,
    ext::IdentExt,
};

use super::{
    block::{Block, Member},
    event::{Event, EventKind},
    model::{Handler, HandlerTable, Mode, Options, Receiver},
    parameter::{Naming, Parameter},
};
use crate::{
    diag::Diagnostics,
    syntax::{
        args::Arguments,
        docs,
        item::{self, Placement, refuse_generics},
        policies::Policies,
        runtime::Stretch,
        strip, types,
    },
};

const PLACEMENT: Placement = Placement {
    attribute: "`#[handlers]`",
    on: "the impl block of a controller",
    help: "put it on `impl Controller { … }`; the struct has `#[socketio_controller]`",
};

pub(crate) fn handlers(
    arguments: TokenStream,
    item: &TokenStream,
    diag: &mut Diagnostics,
) -> Option<HandlerTable> {
    let mut arguments = Arguments::parse(arguments, diag);
    let runtime = arguments.runtime(diag);
    arguments.finish(PLACEMENT.attribute, diag);

    match item::keyword(item) {
        Some(word) if word.to_string() == "impl" => {}
        found => {
            item::misplaced(item, found, &PLACEMENT, diag);
            return None;
        }
    }
    let block: Block = diag.absorb(syn::parse2(item.clone()))?;
    if !head_is_usable(&block, diag) {
        return None;
    }
    let controller = block.self_path()?.clone();
    let marked = block.members.len();
    let handlers = block
        .members
        .iter()
        .flat_map(|member| member_handlers(member, &controller, diag))
        .collect();
    Some(HandlerTable {
        runtime,
        controller,
        marked,
        handlers,
    })
}

fn head_is_usable(block: &Block, diag: &mut Diagnostics) -> bool {
    refuse_generics(
        &block.generics,
        "an impl block with handlers",
        "a controller is one concrete type: write `impl Controller { … }`",
        diag,
    );
    if let Some(of_trait) = &block.of_trait {
        diag.error_help(
            of_trait,
            "handlers are not inherited through a trait",
            "write a `#[handlers] impl` block for the controller itself, and call the trait's \
             methods there",
        );
    }
    if block.self_path().is_none() {
        diag.error(
            &block.self_ty,
            "`#[handlers]` goes on the impl block of a controller, named by its path",
        );
    }
    block.generics.params.is_empty() && block.of_trait.is_none() && block.self_path().is_some()
}

/// The handlers of a method: one for each of its marks.
fn member_handlers(
    member: &Member,
    controller: &syn::Path,
    diag: &mut Diagnostics,
) -> Vec<Handler> {
    let signature = match &member.signature {
        Ok(signature) => signature,
        Err(error) => {
            diag.absorb::<()>(Err(error.clone()));
            return Vec::new();
        }
    };
    for attribute in &member.attributes {
        if attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr") {
            diag.error_help(
                attribute,
                "a handler cannot be compiled conditionally by itself",
                "move it to an impl block of its own: `#[cfg(…)] #[handlers] impl Controller { … }`",
            );
        }
    }
    let usable = signature_is_usable(signature, diag);
    let receiver = receiver(signature, diag);
    let naming = Naming::of(controller, &signature.generics);
    let parameters = Parameter::of(signature, &naming, diag);
    let marks: Vec<_> = member
        .marks
        .iter()
        .map(|mark| self::mark(mark, signature, diag))
        .collect();
    let (true, Some(receiver), Some(parameters)) = (usable, receiver, parameters) else {
        return Vec::new();
    };
    let handler = |(event, options): (Event, Options)| Handler {
        controller: controller.clone(),
        method: signature.ident.clone(),
        event,
        docs: docs::text(&member.attributes),
        mode: mode(signature, &options),
        options,
        receiver: receiver.clone(),
        parameters: parameters.clone(),
        value: match &signature.output {
            ReturnType::Type(_, ty) if types::is_value(ty) => Some((**ty).clone()),
            _ => None,
        },
        output: match &signature.output {
            ReturnType::Default => Stretch::of(&signature.ident),
            ReturnType::Type(_, ty) => Stretch::of(ty),
        },
    };
    marks.into_iter().flatten().map(handler).collect()
}

/// The event and the options of `#[on_event(…)]` or `#[on_error]`.
fn mark(
    mark: &Attribute,
    signature: &Signature,
    diag: &mut Diagnostics,
) -> Option<(Event, Options)> {
    let tokens = match &mark.meta {
        Meta::Path(_) => TokenStream::new(),
        Meta::List(list) => list.tokens.clone(),
        Meta::NameValue(_) => {
            let help = "write `#[on_event(\"name\")]`";
            diag.error_help(mark, "this is not the syntax of the attribute", help);
            return None;
        }
    };
    let mut arguments = Arguments::parse(tokens, diag);
    if strip::is_called(mark.path(), &["on_error"]) {
        arguments.finish("`#[on_error]`", diag);
        return Some((
            Event {
                kind: EventKind::Error,
                place: mark.path().to_token_stream(),
            },
            Options::default(),
        ));
    }
    let name = arguments.literal("\"name\"", diag);
    let options = Options {
        concurrent: arguments.flag("concurrent", diag),
        blocking: arguments.flag("blocking", diag),
        priority: arguments.integer("priority = 5", diag),
        timeout: arguments.time("timeout = \"5s\"", diag),
        policies: Policies::parse(&mut arguments, diag),
    };
    arguments.finish("`#[on_event]`", diag);
    let name = name.unwrap_or_else(|| {
        let method = signature.ident.unraw();
        syn::LitStr::new(&method.to_string(), method.span())
    });
    Some((Event::called(&name, diag)?, options))
}

fn signature_is_usable(signature: &Signature, diag: &mut Diagnostics) -> bool {
    let before = diag.count();
    if let Safety::Unsafe(word) = &signature.safety {
        diag.error(word, "a handler cannot be `unsafe`: a client calls it");
    }
    let lifetime = |parameter: &&GenericParam| matches!(parameter, GenericParam::Lifetime(_));
    if let Some(parameter) = signature
        .generics
        .params
        .iter()
        .find(|parameter| !lifetime(parameter))
    {
        diag.error_help(
            parameter,
            "a handler cannot be generic",
            "name the concrete types: arguments are decoded into them",
        );
    }
    if let ReturnType::Type(_, ty) = &signature.output {
        if types::is_future(ty) {
            let help = "make the method an `async fn` that returns the future's value";
            diag.error_help(ty, "a handler must not return a future", help);
        } else if let Some(found) = types::impl_trait(ty) {
            let help = "name the type: the value is encoded as the acknowledgement";
            diag.error_help(found, "a handler cannot return `impl Trait`", help);
        }
    }
    diag.count() == before
}

fn receiver(signature: &Signature, diag: &mut Diagnostics) -> Option<Receiver> {
    const HELP: &str = "take `&self`, or `&mut self` to change the controller's state";
    let Some(FnArg::Receiver(receiver)) = signature.inputs.first() else {
        diag.error_help(
            &signature.ident,
            "a handler is a method of its controller",
            HELP,
        );
        return None;
    };
    let mutable = match &receiver.kind {
        ReceiverKind::Reference(_, _, mutable) => mutable.is_some(),
        ReceiverKind::Typed(_, ty) => match types::bare(ty) {
            Type::Reference(reference) if types::is_called(&reference.elem, "Self") => {
                reference.mutability.is_some()
            }
            _ => return by_value(receiver, HELP, diag),
        },
        _ => return by_value(receiver, HELP, diag),
    };
    Some(Receiver {
        mutable,
        tokens: receiver.to_token_stream(),
        span: receiver.self_token.span,
    })
}

fn by_value<T>(receiver: &syn::Receiver, help: &str, diag: &mut Diagnostics) -> Option<T> {
    diag.error_help(
        receiver,
        "a handler borrows its controller, which lives as long as the socket",
        help,
    );
    None
}

fn mode(signature: &Signature, options: &Options) -> Mode {
    match (signature.asyncness, &options.blocking) {
        (Some(_), _) => Mode::Async,
        (None, Some(_)) => Mode::Blocking,
        (None, None) => Mode::Inline,
    }
}
