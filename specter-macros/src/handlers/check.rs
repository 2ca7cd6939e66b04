//! Checks the handlers of a block: two handlers for one event, combinations of handlers that are
//! not allowed, options that do not fit the event, and parameters that the event cannot provide.

use super::{
    event::EventKind,
    model::{Handler, HandlerTable, Mode},
};
use crate::diag::Diagnostics;

/// Reports errors, and removes the handlers whose expansion would cause a second error.
pub(crate) fn handlers(handlers: &mut HandlerTable, diag: &mut Diagnostics) {
    if handlers.marked == 0 {
        diag.error_help(
            &handlers.controller,
            "no method in this block handles an event",
            "add `#[on_event(\"name\")]` to the methods that do, or remove `#[handlers]`",
        );
    }
    duplicates(&handlers.handlers, diag);
    concurrent_and_exclusive(&handlers.handlers, diag);
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
        let help = "a controller has one handler for an event: join the two, or move one to \
            another controller";
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

fn concurrent_and_exclusive(handlers: &[Handler], diag: &mut Diagnostics) {
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
                "a handler cannot be `concurrent` because `{}` takes `&mut self`",
                exclusive.method
            ),
            "take `&self` in all handlers of the controller and put its state behind a lock, or \
             remove `concurrent`",
        );
    }
    if found {
        diag.error(
            &exclusive.receiver.tokens,
            "with `&mut self` here, no handler of this controller can be `concurrent`",
        );
    }
}

/// Checks that a handler with an `Ack` takes it once and returns nothing.
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
            "call `ack.send(value)` and return nothing, or remove the `Ack` and return the value",
        );
    }
}

/// Whether a handler takes arguments only if its event has arguments. Reports each parameter that
/// can only be an argument.
fn has_its_arguments(handler: &Handler, diag: &mut Diagnostics) -> bool {
    let help = match &handler.event.kind {
        EventKind::Any | EventKind::Named(_) => return true,
        EventKind::Connect => "take the client's payload as `Auth<T>`, the request as `Handshake`",
        EventKind::Disconnect => "take the reason as `reason: DisconnectReason`",
        EventKind::Error => {
            "take the error as `error: &EventError`, the event as `event: &EventInfo`"
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
            "it runs before all other events of the socket, or after them; remove `concurrent`",
        );
    }
    if let (Some(word), Mode::Async) = (&options.blocking, mode) {
        diag.error_help(
            word,
            "an `async fn` cannot be `blocking`",
            "make it a plain `fn`, which then runs on a thread that may block, or remove \
             `blocking`",
        );
    }
    if let (Some(time), false) = (&options.timeout, *mode == Mode::Async) {
        diag.error_help(
            time,
            "only an `async fn` can have a `timeout`",
            "a plain `fn` cannot be stopped before it returns; make it `async`, or remove `timeout`",
        );
    }
    if event.kind == EventKind::Disconnect {
        let (interceptors, filters) = (&options.policies.interceptors, &options.policies.filters);
        if let Some(policy) = interceptors.first().or(filters.first()) {
            diag.error_help(
                &policy.ty,
                "`disconnect` cannot have interceptors or error filters",
                "it always runs, and its result is not sent; remove the policy",
            );
        }
    }
    if let (Some(guard), false) = (options.policies.guards.first(), event.kind.is_emitted()) {
        diag.error_help(
            &guard.ty,
            format_args!("`{name}` cannot have guards of its own"),
            "guards on the controller run before `connect`: `#[socketio_controller(guards(…))]`",
        );
    }
}
