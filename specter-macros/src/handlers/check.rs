//! What one handler alone cannot know: two for one event, and those that may not stand together.
//! Also which options fit which event.

use super::{
    event::EventKind,
    model::{Handler, HandlerTable, Mode},
};
use crate::diag::Diagnostics;

/// Reports what is wrong, and leaves out the handlers that could not be expanded without a second
/// complaint.
pub(crate) fn handlers(handlers: &mut HandlerTable, diag: &mut Diagnostics) {
    if handlers.marked == 0 {
        diag.error_help(
            &handlers.controller,
            "no method in this block handles an event",
            "annotate the methods that do with `#[on_event(\"name\")]`, or remove `#[handlers]`",
        );
    }
    duplicates(&handlers.handlers, diag);
    concurrent_beside_exclusive(&handlers.handlers, diag);
    for handler in &handlers.handlers {
        options(handler, diag);
        acknowledgement(handler, diag);
    }
    handlers
        .handlers
        .retain(|handler| has_its_arguments(handler, diag));
}

fn duplicates(handlers: &[Handler], diag: &mut Diagnostics) {
    for (position, second) in handlers.iter().enumerate() {
        let Some(first) = handlers[..position]
            .iter()
            .find(|first| first.event.kind == second.event.kind)
        else {
            continue;
        };
        let event = second.event.name();
        let help =
            "one controller answers an event once: join the two, or move one to another controller";
        let message = format_args!(
            "`{event}` is handled twice, by `{}` and by `{}`",
            first.method, second.method
        );
        diag.error_help(&second.event.place, message, help);
        diag.error(
            &first.event.place,
            format_args!("`{event}` is first handled here"),
        );
    }
}

fn concurrent_beside_exclusive(handlers: &[Handler], diag: &mut Diagnostics) {
    let Some(exclusive) = handlers.iter().find(|handler| handler.receiver.mutable) else {
        return;
    };
    let mut found = false;
    for word in handlers
        .iter()
        .filter_map(|handler| handler.options.concurrent.as_ref())
    {
        found = true;
        diag.error_help(
            word,
            format_args!(
                "`concurrent` cannot stand beside `&mut self`, which `{}` takes",
                exclusive.method
            ),
            "let every handler of the controller take `&self`, with the state behind a lock, or \
             leave out `concurrent`",
        );
    }
    if found {
        diag.error(
            &exclusive.receiver.tokens,
            "with `&mut self` here, no handler of this controller can be `concurrent`",
        );
    }
}

/// A handler that takes the acknowledgement answers by it, once, and by nothing else.
fn acknowledgement(handler: &Handler, diag: &mut Diagnostics) {
    let mut taken = handler
        .parameters
        .iter()
        .filter(|parameter| parameter.is_owned("Ack"));
    if taken.next().is_none() || !handler.event.kind.is_emitted() {
        return;
    }
    for again in taken {
        diag.error(&again.ty, "the acknowledgement is taken twice");
    }
    if let Some(value) = &handler.value {
        diag.error_help(
            value,
            "the handler takes the `Ack`, so what it returns is not sent",
            "send it, `ack.send(value)`, and return nothing; or leave out the `Ack`, and what is \
             returned is the acknowledgement",
        );
    }
}

/// Whether there are arguments where something is taken that only an argument can be lent as.
fn has_its_arguments(handler: &Handler, diag: &mut Diagnostics) -> bool {
    let help = match &handler.event.kind {
        EventKind::Any | EventKind::Named(_) => return true,
        EventKind::Connect => {
            "what the client sent along is taken as `Auth<T>`, the request as `Handshake`"
        }
        EventKind::Disconnect => "the reason is taken as `reason: DisconnectReason`",
        EventKind::Error => {
            "the error is taken as `error: &EventError`, the event as `event: &EventInfo`"
        }
    };
    let name = handler.event.name();
    let before = diag.count();
    for parameter in &handler.parameters {
        if parameter.is_argument {
            let message = format_args!("`{name}` has no arguments");
            diag.error_help(&parameter.ty, message, help);
        }
    }
    diag.count() == before
}

fn options(handler: &Handler, diag: &mut Diagnostics) {
    let Handler {
        event,
        options,
        mode,
        ..
    } = handler;
    let name = event.name();
    if let (Some(word), false) = (&options.concurrent, event.kind.is_emitted()) {
        diag.error_help(
            word,
            format_args!("`{name}` cannot be `concurrent`"),
            "it runs before all other events of the socket, or after them; leave out `concurrent`",
        );
    }
    if let (Some(word), Mode::Async) = (&options.blocking, mode) {
        diag.error_help(
            word,
            "an `async fn` cannot be `blocking`",
            "make it a plain `fn`, which then runs on a thread that may block, or leave out \
             `blocking`",
        );
    }
    if let (Some(time), false) = (&options.timeout, *mode == Mode::Async) {
        diag.error_help(
            time,
            "only an `async fn` can have a `timeout`",
            "a plain `fn` cannot be left before its end; make it `async`, or leave out `timeout`",
        );
    }
    if event.kind == EventKind::Disconnect {
        let (interceptors, filters) = (&options.policies.interceptors, &options.policies.filters);
        if let Some(policy) = interceptors.first().or(filters.first()) {
            diag.error_help(
                &policy.ty,
                "`disconnect` has no interceptors and error filters",
                "nobody is answered, and nothing may keep it from running",
            );
        }
    }
    if let (Some(guard), false) = (options.policies.guards.first(), event.kind.is_emitted()) {
        diag.error_help(
            &guard.ty,
            format_args!("`{name}` has no guards of its own"),
            "guards on the controller run before `connect`: `#[socketio_controller(guards(…))]`",
        );
    }
}
