//! What one handler alone cannot know: two for one event, and those that may not stand together. Also which
//! options fit which event.

use super::{
    event::EventKind,
    model::{Handler, HandlerTable, Mode},
};
use crate::diag::Diagnostics;

pub(crate) fn handlers(handlers: &HandlerTable, diag: &mut Diagnostics) {
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
        if handler.event.kind == EventKind::Error {
            lent_error(handler, diag);
        }
    }
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
            format_args!("`concurrent` cannot stand beside `&mut self`, which `{}` takes", exclusive.method),
            "let every handler of the controller take `&self`, with the state behind a lock, or leave out `concurrent`",
        );
    }
    if found {
        diag.error(
            &exclusive.receiver.tokens,
            "with `&mut self` here, no handler of this controller can be `concurrent`",
        );
    }
}

/// The error is lent: there is one, however many are told of it.
fn lent_error(handler: &Handler, diag: &mut Diagnostics) {
    for parameter in handler
        .parameters
        .iter()
        .filter(|parameter| parameter.is_owned("EventError"))
    {
        diag.error_help(
            &parameter.extracted,
            "`#[on_error]` is lent the error",
            "take `&EventError`",
        );
    }
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
            "make it a plain `fn`, which then runs on a thread that may block, or leave out `blocking`",
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
