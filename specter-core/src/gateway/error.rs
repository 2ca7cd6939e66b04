//! `EventError`: the error of a failed event. The client receives it in the acknowledgement, and
//! `#[on_error]` handlers receive it too; an internal error is also logged.

use std::any::{type_name, type_name_of_val};
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;
use specter_proto::socketio::ArgumentError;

use crate::logging::{OneLine, Untrusted, log_limited};
use crate::socket::Reject;
use crate::socket::client_error::ClientError;
use crate::socket::internal_error::{FailurePlace, PendingReport, fresh_id};
use crate::socket::reject::{Cause, Parts};

/// Why a handler failed, with the part of it that the client may see.
///
/// The acknowledgement contains it as `{"error": text, "code"?, "data"?, "id"?}`.
///
/// - [`EventError::new`] creates an error whose text the client receives.
/// - `?` converts any [`std::error::Error`] to an internal error: the client receives the text
///   `internal error` and an id, and the log contains the error under the same id.
/// - Errors that the client caused are an exception to the conversion by `?`. The client receives
///   the text and the code of a [`JoinError`](crate::rooms::JoinError), of a
///   [`GroupError`](crate::rooms::GroupError), of an [`EmitError`](crate::socket::EmitError) if the
///   client's queue is full, and of an [`AckError`](crate::socket::AckError) if the client did not
///   acknowledge as expected.
/// - A type of your own decides what the client receives: implement or derive [`IntoEventError`].
pub struct EventError(Box<Repr>);

#[derive(Clone)]
struct Repr {
    text: String,
    code: Option<String>,
    data: Option<Box<RawValue>>,
    /// The id under which an internal error is logged.
    id: Option<String>,
    /// The log line of an internal error, until it is written.
    report: PendingReport,
    /// Whether the error was converted from a [`Reject`]. If it has no code of its own, the
    /// acknowledgement of an event then has the code `rejected`.
    is_rejection: bool,
    kind: Kind,
    /// The error that `?` converted, for error filters.
    cause: Option<Cause>,
}

/// The log's name for the type of an error that is boxed.
pub(crate) const BOXED_ERROR: &str = "a boxed error";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The client receives the text.
    Shown,
    /// The client receives `internal error` and an id.
    Hidden,
    /// The handler used a socket that has disconnected, for example to send to it.
    Disconnected,
    /// A handler panicked. The client receives `internal error` and an id.
    Panicked,
}

impl EventError {
    /// Creates an error whose text the client receives.
    pub fn new(text: impl Into<String>) -> Self {
        Self::of_kind(text.into(), Kind::Shown)
    }

    fn of_kind(text: String, kind: Kind) -> Self {
        Self(Box::new(Repr {
            text,
            code: None,
            data: None,
            id: None,
            report: PendingReport::default(),
            is_rejection: false,
            kind,
            cause: None,
        }))
    }

    /// Creates an internal error: the client receives `internal error` and an id. The error itself
    /// is logged with its causes and the same id, when the handler returns it.
    ///
    /// At most ten lines a minute are logged for each type of error. The next line that is logged
    /// says how many were left out.
    pub fn internal(error: impl std::error::Error + 'static) -> Self {
        Self::hidden(PendingReport::of(type_name_of_val(&error), &error))
    }

    /// As [`internal`](Self::internal), for a boxed error, such as one of `anyhow`.
    pub fn internal_dyn(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::hidden(PendingReport::of(BOXED_ERROR, error))
    }

    /// Converts an error whose type does not implement [`IntoEventError`]. The client receives
    /// `internal error`, unless the client caused the error, for example by exceeding a limit.
    /// `kind` is the name of the error's type, for the log.
    pub(crate) fn undeclared(
        kind: &'static str,
        error: &(dyn std::error::Error + 'static),
    ) -> Self {
        let Some(client_error) = ClientError::of(error) else {
            return Self::hidden(PendingReport::of(kind, error));
        };
        let kind = if client_error.is_gone {
            Kind::Disconnected
        } else {
            Kind::Shown
        };
        Self::of_kind(client_error.text, kind).with_code(client_error.code)
    }

    /// An internal error with its id and log line.
    pub(crate) fn hidden((id, report): (String, PendingReport)) -> Self {
        let mut error = Self::of_kind("internal error".into(), Kind::Hidden);
        error.0.id = Some(id);
        error.0.report = report;
        error
    }

    /// Logs the panic of a handler, and creates the internal error with the same id.
    #[cold]
    pub(crate) fn panicked(text: &str, place: FailurePlace<'_>) -> Self {
        let id = fresh_id();
        log_limited!(
            ERROR, key = place.handler, target: "specter::gateway", id,
            namespace = place.socket.hub().name(), event = ?Untrusted(place.event),
            handler = place.handler, socket = %place.socket.id(), panic = %OneLine(text),
            "a handler panicked; the client sees the id only"
        );
        let mut error = Self::hidden((id, PendingReport::default()));
        error.0.kind = Kind::Panicked;
        error
    }

    /// Logs an internal error that is not logged yet, with the place where it occurred.
    pub(crate) fn report_at(&mut self, place: FailurePlace<'_>) {
        self.0.report.write(place);
    }

    /// Adds a code, by which programs distinguish errors. Default: none.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.0.code = Some(code.into());
        self
    }

    /// Adds data for the client. Data that cannot be serialized is left out and logged. Default:
    /// none.
    #[must_use]
    pub fn with_data<T: Serialize + ?Sized>(mut self, data: &T) -> Self {
        match serde_json::value::to_raw_value(data) {
            Ok(raw) => self.0.data = Some(raw),
            Err(error) => {
                log_limited!(
                    ERROR, target: "specter::gateway", error = %OneLine(error),
                    "the data of an `EventError` cannot be serialized and is left out"
                );
            }
        }
        self
    }

    /// The text that the client receives as `error`. For an internal error it is `internal error`.
    pub fn error(&self) -> &str {
        &self.0.text
    }

    /// The code that the client receives, if there is one.
    pub fn code(&self) -> Option<&str> {
        let default_code = self.0.is_rejection.then_some("rejected");
        self.0.code.as_deref().or(default_code)
    }

    /// The id under which an internal error is logged. `None` for other errors.
    pub fn id(&self) -> Option<&str> {
        self.0.id.as_deref()
    }

    /// Whether this is an internal error, whose own text the client does not receive.
    pub fn is_internal(&self) -> bool {
        matches!(self.0.kind, Kind::Hidden | Kind::Panicked)
    }

    /// Whether this is the panic of a handler.
    pub fn is_panic(&self) -> bool {
        self.0.kind == Kind::Panicked
    }

    /// The error that `?` converted to this one, for error filters. `None` if it is not an `E`.
    pub fn downcast_ref<E: std::error::Error + 'static>(&self) -> Option<&E> {
        self.0.cause.as_deref()?.downcast_ref()
    }

    /// Copies the error: the acknowledgement and `#[on_error]` each need a copy.
    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }

    /// Whether the error only says that the socket has disconnected. It is not reported to filters,
    /// `#[on_error]` or error subscribers.
    pub(crate) fn is_disconnected(&self) -> bool {
        self.0.kind == Kind::Disconnected
    }

    /// The error of an argument that is missing or cannot be decoded.
    pub(crate) fn invalid_argument(error: &ArgumentError, label: &str) -> Self {
        let text = match error {
            ArgumentError::Missing { .. } => format!("argument `{label}` is missing"),
            ArgumentError::Invalid { path, message, .. } if path.is_empty() => {
                format!("argument `{label}`: {message}")
            }
            ArgumentError::Invalid { path, message, .. } => {
                format!("argument `{label}`, at `{path}`: {message}")
            }
            error => error.to_string(),
        };
        Self::new(text).with_code("invalid_argument")
    }
}

/// `EventError` itself does not implement `std::error::Error`: this conversion of all errors would
/// overlap with the conversion of a type to itself.
impl<E: std::error::Error + Send + Sync + 'static> From<E> for EventError {
    fn from(error: E) -> Self {
        let mut undeclared = Self::undeclared(type_name::<E>(), &error);
        undeclared.0.cause = Some(Arc::new(error));
        undeclared
    }
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl fmt::Debug for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Repr { text, id, .. } = &*self.0;
        f.debug_struct("EventError")
            .field("error", text)
            .field("code", &self.code())
            .field("id", id)
            .finish_non_exhaustive()
    }
}

impl Serialize for EventError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Repr { text, data, id, .. } = &*self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("error", text)?;
        if let Some(code) = self.code() {
            map.serialize_entry("code", code)?;
        }
        if let Some(data) = data {
            map.serialize_entry("data", data)?;
        }
        if let Some(id) = id {
            map.serialize_entry("id", id)?;
        }
        map.end()
    }
}

/// The rejection has the error's text, code, data and id. [`Reject`] documents how a client
/// receives them.
impl From<EventError> for Reject {
    fn from(error: EventError) -> Self {
        let Repr {
            text,
            code,
            data,
            id,
            report,
            cause,
            ..
        } = *error.0;
        Self::from_parts(Parts {
            message: text,
            code,
            data,
            id,
            report,
            cause,
            ..Parts::default()
        })
    }
}

/// Converts a guard's rejection of an event. The code is `rejected` if the rejection has none.
impl From<Reject> for EventError {
    fn from(reject: Reject) -> Self {
        let parts = reject.into_parts();
        let kind = if parts.id.is_some() {
            Kind::Hidden
        } else {
            Kind::Shown
        };
        let mut error = Self::of_kind(parts.message, kind);
        error.0.is_rejection = true;
        error.0.code = parts.code;
        error.0.data = parts.data;
        error.0.id = parts.id;
        error.0.report = parts.report;
        error.0.cause = parts.cause;
        error
    }
}

/// An error type that decides what the client receives. `#[derive(IntoEventError)]` implements it.
///
/// ```
/// use specter_core::gateway::{EventError, IntoEventError};
///
/// struct RoomFull { limit: u32 }
///
/// impl IntoEventError for RoomFull {
///     fn into_event_error(self) -> EventError {
///         EventError::new("the room is full").with_code("room_full").with_data(&self.limit)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a handler",
    label = "this type does not say what the client receives",
    note = "to send a text to the client, return the error `EventError::new(text)`",
    note = "for an error type of your own, derive `IntoEventError` to choose what the client \
        receives, or implement `std::error::Error` to send it `internal error`",
    note = "`connect` rejects a client with `Reject::new(text)`; only `connect` and guards can \
        return a `Reject`"
)]
pub trait IntoEventError {
    /// Converts the error to what the client receives.
    fn into_event_error(self) -> EventError;
}

#[diagnostic::do_not_recommend]
impl IntoEventError for EventError {
    fn into_event_error(self) -> EventError {
        self
    }
}

/// The client receives the text: a text that is written in the source code is meant for it.
#[diagnostic::do_not_recommend]
impl IntoEventError for &'static str {
    fn into_event_error(self) -> EventError {
        EventError::new(self)
    }
}

#[diagnostic::do_not_recommend]
impl IntoEventError for Infallible {
    fn into_event_error(self) -> EventError {
        match self {}
    }
}

/// An error type whose text the client receives: the requirement of `#[derive(IntoEventError)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no text for the client",
    label = "not `Display`",
    note = "derive `thiserror::Error` for it, and write the text as `#[error(\"…\")]`"
)]
pub trait ErrorText {
    /// The text that the client receives.
    fn error_text(&self) -> String;
}

#[diagnostic::do_not_recommend]
impl<E: fmt::Display> ErrorText for E {
    fn error_text(&self) -> String {
        self.to_string()
    }
}

/// An error type whose text is only logged: the requirement of `#[event_error(internal)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be reported to the log",
    label = "not an `Error`",
    note = "derive `thiserror::Error` for it, and write the text for the log as `#[error(\"…\")]`"
)]
pub trait HiddenError {
    /// Logs the error, and returns the internal error that the client receives.
    fn hidden(self) -> EventError;
}

#[diagnostic::do_not_recommend]
impl<E: std::error::Error + 'static> HiddenError for E {
    fn hidden(self) -> EventError {
        EventError::internal(self)
    }
}

/// Converts an error whose text the client receives. The derive's expansion calls it.
pub fn shown_error<E: ErrorText>(error: &E) -> EventError {
    EventError::new(error.error_text())
}

/// Converts an error whose text is only logged. The derive's expansion calls it.
pub fn hidden_error<E: HiddenError>(error: E) -> EventError {
    error.hidden()
}
