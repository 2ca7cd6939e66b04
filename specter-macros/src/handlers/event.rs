//! Which event a handler answers, and which names nobody can answer.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::LitStr;

use crate::diag::Diagnostics;

/// An event, with the place that names it.
pub(crate) struct Event {
    pub(crate) kind: EventKind,
    /// What names the event: a literal, or the method.
    pub(crate) place: TokenStream,
}

#[derive(PartialEq, Eq)]
pub(crate) enum EventKind {
    /// The client asks to join the namespace.
    Connect,
    /// The socket has left.
    Disconnect,
    /// What no named handler takes.
    Any,
    /// What the client emits under this name.
    Named(String),
    /// A handler of the controller failed.
    Error,
}

impl Event {
    /// The event called `name`. Names that a client cannot emit are reported.
    pub(crate) fn called(name: &LitStr, diag: &mut Diagnostics) -> Option<Self> {
        let help = match name.value().as_str() {
            "" => {
                diag.error_help(
                    name,
                    "an event's name cannot be empty",
                    "`\"*\"` takes what no other handler takes",
                );
                return None;
            }
            "connect_error" => {
                "to refuse a client, return `Err(Reject::new(…))` from the `connect` handler"
            }
            "disconnecting" => "use `\"disconnect\"`, it runs when the socket has left",
            "newListener" | "removeListener" => {
                "choose another name, the client libraries use this one themselves"
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
            format_args!("`{}` is reserved, no client can emit it", name.value()),
            help,
        );
        None
    }

    /// What to tell of a name that is allowed, but was most likely meant otherwise.
    pub(crate) fn doubt(&self) -> Option<&'static str> {
        let EventKind::Named(name) = &self.kind else {
            return None;
        };
        match name.as_str() {
            "connection" | "on_connect" | "on_connection" => Some(
                "only a client that emits it calls this; the client's arrival is \
                 `#[on_event(\"connect\")]`",
            ),
            "disconnection" | "on_disconnect" => Some(
                "only a client that emits it calls this; the client's leaving is \
                 `#[on_event(\"disconnect\")]`",
            ),
            "on_error" => Some(
                "only a client that emits it calls this; failed events are told to `#[on_error]`",
            ),
            _ => None,
        }
    }

    /// How the event is called in messages.
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
