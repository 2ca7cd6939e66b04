//! The event of a handler, and the names that are reserved.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::LitStr;

use crate::diag::Diagnostics;

/// An event, with the place that names it.
pub(crate) struct Event {
    pub(crate) kind: EventKind,
    /// The tokens that name the event: a literal, or the method's name.
    pub(crate) place: TokenStream,
}

#[derive(PartialEq, Eq)]
pub(crate) enum EventKind {
    /// A client connects to the namespace.
    Connect,
    /// The socket has disconnected.
    Disconnect,
    /// Every event without a handler of its own.
    Any,
    /// An event that the client emits.
    Named(String),
    /// A handler of the controller has failed.
    Error,
}

impl Event {
    /// The event with this name. A name that a client cannot emit is an error.
    pub(crate) fn called(name: &LitStr, diag: &mut Diagnostics) -> Option<Self> {
        let help = match name.value().as_str() {
            "" => {
                diag.error_help(
                    name,
                    "an event's name cannot be empty",
                    "`\"*\"` handles every event without a handler of its own",
                );
                return None;
            }
            "connect_error" => {
                "to refuse a client, return `Err(Reject::new(…))` from the `connect` handler"
            }
            "disconnecting" => "use `\"disconnect\"`, which runs after the socket has disconnected",
            "newListener" | "removeListener" => {
                "choose another name: the client libraries use this one internally"
            }
            _ => {
                return Some(Self {
                    kind: EventKind::of(name.value()),
                    place: name.to_token_stream(),
                });
            }
        };
        diag.error_help(
            name,
            format_args!("`{}` is reserved: no client can emit it", name.value()),
            help,
        );
        None
    }

    /// A warning for a name that is allowed but probably a mistake.
    pub(crate) fn warning(&self) -> Option<&'static str> {
        let EventKind::Named(name) = &self.kind else {
            return None;
        };
        match name.as_str() {
            "connection" | "on_connect" | "on_connection" => Some(
                "this runs only if a client emits an event of this name; to handle connects, write \
                 `#[on_event(\"connect\")]`",
            ),
            "disconnection" | "on_disconnect" => Some(
                "this runs only if a client emits an event of this name; to handle disconnects, \
                 write `#[on_event(\"disconnect\")]`",
            ),
            "on_error" => Some(
                "this runs only if a client emits an event of this name; to handle failed events, \
                 write `#[on_error]`",
            ),
            _ => None,
        }
    }

    /// The event's name in messages.
    pub(crate) fn name(&self) -> &str {
        match &self.kind {
            EventKind::Connect => "connect",
            EventKind::Disconnect => "disconnect",
            EventKind::Any => "*",
            EventKind::Named(name) => name,
            EventKind::Error => "on_error",
        }
    }
}

impl EventKind {
    fn of(name: String) -> Self {
        match name.as_str() {
            "connect" => Self::Connect,
            "disconnect" => Self::Disconnect,
            "*" => Self::Any,
            _ => Self::Named(name),
        }
    }

    /// Whether a client emits it, so that it has arguments, guards and an acknowledgement.
    pub(crate) fn is_emitted(&self) -> bool {
        matches!(self, Self::Any | Self::Named(_))
    }
}
