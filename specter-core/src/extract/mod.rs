//! Extractors: the types that handlers take as parameters.
//!
//! | Parameter | Value | Available in |
//! |---|---|---|
//! | `T: Deserialize`, `&str` | the next positional argument of the event | events |
//! | `Valid<T>` | the next argument, validated (feature `garde`) | events |
//! | [`RestArgs`] | the remaining arguments, not decoded | events |
//! | [`Args`], `&Args` | all arguments, not decoded | events |
//! | [`Ack`] | sends the acknowledgement, from any task | events |
//! | [`WantsAck`] | whether the client requested an acknowledgement | events |
//! | [`Socket`], `&Socket` | the socket | all handlers |
//! | [`Auth<T>`] | the payload that the client sent with CONNECT | all handlers |
//! | [`Extension<T>`] | a value that a guard or a layer stored | all handlers |
//! | [`Inject<T>`] | a service of the container | all handlers |
//! | [`Io`], [`Namespace`], [`BroadcastGroup`], [`SocketIngress`] | emit and subscribe | all handlers |
//! | [`Handshake`], `Arc<Handshake>` | the HTTP request that opened the connection | all handlers |
//! | `T:` [`FromContext`] | an extractor of your own | all handlers |
//! | [`DisconnectReason`] | why the socket disconnected | `disconnect` |
//! | [`EventInfo`], `&EventInfo` | the event's name and arguments | all handlers |
//! | `&`[`EventError`] | the error of the handler that failed | `#[on_error]` |
//!
//! "All handlers" means the handlers of events, `connect`, `disconnect` and `#[on_error]`. In
//! `#[on_error]`, `EventInfo` is the event that failed.
//!
//! [`Args`]: specter_proto::socketio::Args
//! [`Ack`]: crate::gateway::Ack
//! [`Socket`]: crate::socket::Socket
//! [`EventError`]: crate::gateway::EventError
//! [`Io`]: crate::rooms::Io
//! [`Namespace`]: crate::rooms::Namespace
//! [`BroadcastGroup`]: crate::rooms::BroadcastGroup
//! [`SocketIngress`]: crate::gateway::SocketIngress
//! [`Handshake`]: specter_engine::Handshake
//! [`DisconnectReason`]: crate::socket::DisconnectReason
//! [`EventInfo`]: crate::gateway::EventInfo

// A parameter whose type implements `FromContext` is taken from the call's context. Any other
// parameter is the next positional argument. One trait, `FromEvent`, covers both with a marker
// parameter, so that the compiler selects the implementation and its errors are readable.

mod auth;
mod borrow;
mod context;
mod event;
mod extension;
mod inject;
mod text;
mod valid;
#[cfg(feature = "garde")]
mod validation;

use serde::Deserialize;
use specter_di::Location;
use specter_proto::socketio::{ArgumentError, Arguments};

pub use self::auth::Auth;
#[doc(hidden)]
pub use self::borrow::{BorrowOwned, BorrowTag, Borrowable};
pub use self::event::{RestArgs, WantsAck};
pub use self::extension::Extension;
pub use self::inject::Inject;
#[doc(hidden)]
pub use self::text::Text;
pub use self::valid::Valid;
#[doc(hidden)]
pub use self::valid::{IsNotValid, ValidCheck};
use crate::gateway::{CallContext, EventError, Requirements};
use crate::logging::{OneLine, Untrusted, describe_redacted, log_limited};
use crate::socket::internal_error::FailurePlace;

/// A handler parameter that is taken from the context. The context contains the socket, its scope,
/// the handshake, and the values that guards stored.
///
/// Implement it for your own types, and compose it from other extractors:
///
/// ```
/// use specter_core::extract::{Extension, FromContext};
/// use specter_core::gateway::{CallContext, EventError};
///
/// #[derive(Clone)]
/// struct User { name: String }
///
/// struct Admin(User);
///
/// impl<'a> FromContext<'a> for Admin {
///     fn from_context(cx: &'a CallContext) -> Result<Self, EventError> {
///         let Extension(user) = Extension::<User>::from_context(cx)?;
///         if user.name == "root" {
///             Ok(Admin(user))
///         } else {
///             Err(EventError::new("admins only").with_code("forbidden"))
///         }
///     }
/// }
/// ```
///
/// Extraction is not async. Await in a guard, which stores its result as an [`Extension`], or in
/// the handler.
// The notes link to the list of extractors. Each implementation is marked `do_not_recommend`.
// Otherwise the compiler would list the implementations too, in an order that depends on other
// crates.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be taken from the context",
    label = "does not implement `FromContext`",
    note = "`connect` has no arguments: take the client's payload as `Auth<T>`, where `T` derives \
        `serde::Deserialize`, and a service as `Inject<T>`",
    note = "all parameters that a handler can take: \
        https://docs.rs/specter-io/latest/specter/extract"
)]
pub trait FromContext<'a>: Sized {
    /// Takes the value from the context.
    ///
    /// # Errors
    /// The error with which the event fails. At connect, the error rejects the client.
    fn from_context(cx: &'a CallContext) -> Result<Self, EventError>;

    /// Declares the values that the extractor injects, so that they are validated at start. An
    /// extractor that is composed of others calls their `requires`. Default: declares nothing.
    fn requires(_requirements: &mut Requirements, _label: &'static str, _location: Location) {}
}

/// Markers of the kinds of parameters. Without them, the implementations of `FromEvent` and of the
/// similar traits would overlap.
#[doc(hidden)]
pub mod marker {
    /// Taken from the context.
    #[derive(Debug)]
    pub struct Context;
    /// The next positional argument.
    #[derive(Debug)]
    pub struct Argument;
    /// The next positional argument, validated.
    #[derive(Debug)]
    pub struct Validated;
    /// Available at events only.
    #[derive(Debug)]
    pub struct Event;
    /// Available at `disconnect` only.
    #[derive(Debug)]
    pub struct Reason;
    /// Available in `#[on_error]` only.
    #[derive(Debug)]
    pub struct Error;
}

/// A parameter of an event's handler. Implement [`FromContext`] or `Deserialize` instead of this.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a handler's parameter",
    label = "neither an argument of the event nor taken from the context",
    note = "for an argument of the event, derive `serde::Deserialize` (and `garde::Validate` for \
        `Valid<T>`); take a service as `Inject<T>`, without `Arc`",
    note = "all parameters that a handler can take: \
        https://docs.rs/specter-io/latest/specter/extract"
)]
pub trait FromEvent<'a, M>: Sized {
    /// Takes the value from the context or the arguments.
    fn from_event(
        cx: &'a CallContext,
        args: &mut Arguments<'a>,
        label: &'static str,
    ) -> Result<Self, EventError>;

    /// Declares what the parameter injects.
    fn requires(_requirements: &mut Requirements, _label: &'static str, _location: Location) {}
}

impl<'a, T: FromContext<'a>> FromEvent<'a, marker::Context> for T {
    fn from_event(
        cx: &'a CallContext,
        _: &mut Arguments<'a>,
        _: &'static str,
    ) -> Result<Self, EventError> {
        T::from_context(cx)
    }

    fn requires(requirements: &mut Requirements, label: &'static str, location: Location) {
        T::requires(requirements, label, location);
    }
}

impl<'a, T: Deserialize<'a>> FromEvent<'a, marker::Argument> for T {
    fn from_event(
        cx: &'a CallContext,
        args: &mut Arguments<'a>,
        label: &'static str,
    ) -> Result<Self, EventError> {
        args.next()
            .map_err(|error| invalid_argument(cx, &error, label))
    }
}

/// The error of an argument that is missing or cannot be decoded. The acknowledgement contains it;
/// without an acknowledgement only the log does, without the argument's value.
#[cold]
fn invalid_argument(cx: &CallContext, error: &ArgumentError, label: &str) -> EventError {
    if !cx.wants_ack() {
        let FailurePlace {
            socket,
            event,
            handler,
        } = cx.place();
        log_limited!(
            WARN, key = handler, target: "specter::gateway", namespace = socket.hub().name(),
            event = ?Untrusted(event), handler, parameter = label, socket = %socket.id(),
            error = %OneLine(describe_redacted(error)),
            "an event failed because of an argument, and the client asked for no acknowledgement \
             that would say so"
        );
    }
    EventError::invalid_argument(error, label)
}

/// A parameter of a `disconnect` handler: taken from the context, or the
/// [`DisconnectReason`](crate::socket::DisconnectReason).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of `disconnect`",
    label = "does not implement `FromContext`",
    note = "`disconnect` has no arguments: take `DisconnectReason`, `Socket`, `Inject<T>`, or a \
        type that implements `FromContext`"
)]
pub trait FromDisconnect<'a, M>: Sized {
    /// Takes the value from the context.
    fn from_disconnect(cx: &'a CallContext) -> Result<Self, EventError>;

    /// Declares what the parameter injects.
    fn requires(_requirements: &mut Requirements, _label: &'static str, _location: Location) {}
}

impl<'a, T: FromContext<'a>> FromDisconnect<'a, marker::Context> for T {
    fn from_disconnect(cx: &'a CallContext) -> Result<Self, EventError> {
        T::from_context(cx)
    }

    fn requires(requirements: &mut Requirements, label: &'static str, location: Location) {
        T::requires(requirements, label, location);
    }
}

/// A parameter of an `#[on_error]` handler: `&EventError`, `&EventInfo`, or taken from the context.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of `#[on_error]`",
    label = "does not implement `FromContext`",
    note = "`#[on_error]` takes `&EventError`, `&EventInfo`, `Socket`, `Inject<T>`, or a type that \
        implements `FromContext`; the arguments of the failed event are in `EventInfo`"
)]
pub trait FromError<'a, M>: Sized {
    /// Takes the value from the context.
    fn from_error(cx: &'a CallContext) -> Result<Self, EventError>;

    /// Declares what the parameter injects.
    fn requires(_requirements: &mut Requirements, _label: &'static str, _location: Location) {}
}

impl<'a, T: FromContext<'a>> FromError<'a, marker::Context> for T {
    fn from_error(cx: &'a CallContext) -> Result<Self, EventError> {
        T::from_context(cx)
    }

    fn requires(requirements: &mut Requirements, label: &'static str, location: Location) {
        T::requires(requirements, label, location);
    }
}

/// The functions that the macros' expansions call for each parameter.
#[doc(hidden)]
pub mod param {
    use super::{
        Arguments, CallContext, EventError, FromContext, FromDisconnect, FromError, FromEvent,
        Location, Requirements,
    };

    /// A parameter of an event's handler.
    pub fn event_param<'a, T: FromEvent<'a, M>, M>(
        cx: &'a CallContext,
        args: &mut Arguments<'a>,
        label: &'static str,
    ) -> Result<T, EventError> {
        T::from_event(cx, args, label)
    }

    /// A parameter of a `connect` handler.
    pub fn connect_param<'a, T: FromContext<'a>>(
        cx: &'a CallContext,
        _label: &'static str,
    ) -> Result<T, EventError> {
        T::from_context(cx)
    }

    /// A parameter of a `disconnect` handler.
    pub fn disconnect_param<'a, T: FromDisconnect<'a, M>, M>(
        cx: &'a CallContext,
        _label: &'static str,
    ) -> Result<T, EventError> {
        T::from_disconnect(cx)
    }

    /// A parameter of an `#[on_error]` handler.
    pub fn error_param<'a, T: FromError<'a, M>, M>(
        cx: &'a CallContext,
        _label: &'static str,
    ) -> Result<T, EventError> {
        T::from_error(cx)
    }

    impl Requirements {
        /// Declares an event handler's parameter.
        #[doc(hidden)]
        pub fn event<'a, T: FromEvent<'a, M>, M>(
            &mut self,
            label: &'static str,
            location: Location,
        ) {
            T::requires(self, label, location);
        }

        /// Declares a `connect` handler's parameter.
        #[doc(hidden)]
        pub fn connect<'a, T: FromContext<'a>>(&mut self, label: &'static str, location: Location) {
            T::requires(self, label, location);
        }

        /// Declares a `disconnect` handler's parameter.
        #[doc(hidden)]
        pub fn disconnect<'a, T: FromDisconnect<'a, M>, M>(
            &mut self,
            label: &'static str,
            location: Location,
        ) {
            T::requires(self, label, location);
        }

        /// Declares an `#[on_error]` handler's parameter.
        #[doc(hidden)]
        pub fn error<'a, T: FromError<'a, M>, M>(
            &mut self,
            label: &'static str,
            location: Location,
        ) {
            T::requires(self, label, location);
        }
    }
}
