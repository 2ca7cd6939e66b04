//! `EventError`: what a failed event tells the client in the acknowledgement, `#[on_error]`, and
//! the log.

use std::any::{type_name, type_name_of_val};
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;
use specter_proto::socketio::ArgumentError;

use crate::logging::{OneLine, log_limited};
use crate::socket::client_error::ClientError;
use crate::socket::reject::{Cause, Parts};
use crate::socket::{Reject, internal_error};

/// Why a handler failed, as the client may see it.
///
/// The acknowledgement carries it as `{"error": text, "code"?, "data"?, "id"?}`. [`new`](Self::new)
/// makes one that is meant for the client. Through `?`, any [`std::error::Error`] becomes one that
/// is not: the client reads `internal error` with an id, and the log has the error with the same
/// id. Errors that the client causes by itself are the exception: the client reads the text and the
/// code of a [`JoinError`](crate::rooms::JoinError), a [`GroupError`](crate::rooms::GroupError),
/// an [`EmitError`](crate::socket::EmitError) of its own queue, an
/// [`AckError`](crate::socket::AckError) of its own answer. A type of your own says what may be
/// shown by implementing (or deriving) [`IntoEventError`].
pub struct EventError(Box<Repr>);

#[derive(Clone)]
struct Repr {
    text: String,
    code: Option<String>,
    data: Option<Box<RawValue>>,
    id: Option<String>,
    /// It was a refusal, which has a code at an event even if it was given none.
    is_refusal: bool,
    kind: Kind,
    cause: Option<Cause>,
}

/// The kind of errors whose type is not known, for the log.
pub(crate) const BOXED: &str = "a boxed error";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Shown,
    Hidden,
    Disconnected,
    Panicked,
}

impl EventError {
    /// An error whose text the client sees.
    pub fn new(text: impl Into<String>) -> Self {
        Self::of_kind(text.into(), Kind::Shown)
    }

    fn of_kind(text: String, kind: Kind) -> Self {
        Self(Box::new(Repr {
            text,
            code: None,
            data: None,
            id: None,
            is_refusal: false,
            kind,
            cause: None,
        }))
    }

    /// An error that the client only learns an id of. The log gets the rest, now.
    ///
    /// The log takes ten lines a minute for each type of errors, and says how many it left out.
    pub fn internal(error: impl std::error::Error + 'static) -> Self {
        Self::hidden(internal_error::report(type_name_of_val(&error), &error))
    }

    /// The same for a boxed error, or `anyhow`'s.
    pub fn internal_dyn(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::hidden(internal_error::report(BOXED, error))
    }

    /// An error that does not say what may be shown: the client reads `internal error`, unless it
    /// caused the error itself, by meeting a limit for example.
    /// `kind` is its type's name.
    pub(crate) fn undeclared(
        kind: &'static str,
        error: &(dyn std::error::Error + 'static),
    ) -> Self {
        let Some(told) = ClientError::of(error) else {
            return Self::hidden(internal_error::report(kind, error));
        };
        let kind = if told.is_gone {
            Kind::Disconnected
        } else {
            Kind::Shown
        };
        Self::of_kind(told.text, kind).with_code(told.code)
    }

    /// An error that is in the log already, under this id.
    pub(crate) fn hidden(id: String) -> Self {
        let mut error = Self::of_kind("internal error".into(), Kind::Hidden);
        error.0.id = Some(id);
        error
    }

    /// A handler panicked. The panic's text is in the log under the id.
    #[cold]
    pub(crate) fn panicked(text: &str, handler: &'static str) -> Self {
        let id = internal_error::fresh_id();
        log_limited!(
            ERROR, key = handler, target: "specter::gateway", id, handler,
            panic = %OneLine(text), "a handler panicked"
        );
        let mut error = Self::hidden(id);
        error.0.kind = Kind::Panicked;
        error
    }

    /// Adds a code, for programs to tell errors apart.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.0.code = Some(code.into());
        self
    }

    /// Adds data. What cannot be serialized is left out, with a log line.
    #[must_use]
    pub fn with_data<T: Serialize + ?Sized>(mut self, data: &T) -> Self {
        match serde_json::value::to_raw_value(data) {
            Ok(raw) => self.0.data = Some(raw),
            Err(error) => {
                log_limited!(
                    ERROR, target: "specter::gateway", error = %OneLine(error),
                    "an error's data cannot be serialized"
                );
            }
        }
        self
    }

    /// The text that the client sees.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The code that the client sees.
    pub fn code(&self) -> Option<&str> {
        let refusal = self.0.is_refusal.then_some("rejected");
        self.0.code.as_deref().or(refusal)
    }

    /// The id that the log has it under, for an error whose text is not shown.
    pub fn id(&self) -> Option<&str> {
        self.0.id.as_deref()
    }

    /// Whether its own text is kept from the client.
    pub fn is_internal(&self) -> bool {
        matches!(self.0.kind, Kind::Hidden | Kind::Panicked)
    }

    /// Whether a handler panicked.
    pub fn is_panic(&self) -> bool {
        self.0.kind == Kind::Panicked
    }

    /// The error that became this one through `?`, where it is an `E`: for error filters.
    pub fn downcast_ref<E: std::error::Error + 'static>(&self) -> Option<&E> {
        self.0.cause.as_deref()?.downcast_ref()
    }

    /// A copy, for the acknowledgement while `#[on_error]` has the error.
    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }

    /// Whether it only says that the client is gone, which is worth no report.
    pub(crate) fn is_gone(&self) -> bool {
        self.0.kind == Kind::Disconnected
    }

    /// The client sent an argument that a handler does not take.
    pub(crate) fn argument(error: &ArgumentError, label: &str) -> Self {
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

/// Not a `std::error::Error` itself, so that any error converts into it.
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
            .field("text", text)
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

/// It keeps its code, its data and its id; see [`Reject`] for how a client reads them.
impl From<EventError> for Reject {
    fn from(error: EventError) -> Self {
        let Repr {
            text,
            code,
            data,
            id,
            cause,
            ..
        } = *error.0;
        Self::from_parts(Parts {
            message: text,
            code,
            data,
            id,
            cause,
            ..Parts::default()
        })
    }
}

/// A guard's refusal of an event. Its code is `rejected` unless it has one.
impl From<Reject> for EventError {
    fn from(reject: Reject) -> Self {
        let parts = reject.into_parts();
        let kind = if parts.id.is_some() {
            Kind::Hidden
        } else {
            Kind::Shown
        };
        let mut error = Self::of_kind(parts.message, kind);
        error.0.is_refusal = true;
        error.0.code = parts.code;
        error.0.data = parts.data;
        error.0.id = parts.id;
        error.0.cause = parts.cause;
        error
    }
}

/// An error type that says what a client may see of it. `#[derive(IntoEventError)]` writes it for
/// enums.
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
    label = "not an error that can be answered with",
    note = "for a text that the client may read, return `EventError` and make it by \
        `EventError::new(text)`",
    note = "for an error type of your own, derive `IntoEventError` to say what the client may \
        read, or implement `std::error::Error` to let it read `internal error`",
    note = "`connect` refuses with `Reject::new(text)`; a `Reject` is for `connect` and guards only"
)]
pub trait IntoEventError {
    /// What the client may see.
    fn into_event_error(self) -> EventError;
}

#[diagnostic::do_not_recommend]
impl IntoEventError for EventError {
    fn into_event_error(self) -> EventError {
        self
    }
}

/// A text that stands in the program is meant for the client.
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

/// An error whose text the client reads, by `#[derive(IntoEventError)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no text for the client",
    label = "not `Display`",
    note = "derive `thiserror::Error` for it, and say its text by `#[error(\"…\")]`"
)]
pub trait ErrorText {
    /// The text.
    fn error_text(&self) -> String;
}

#[diagnostic::do_not_recommend]
impl<E: fmt::Display> ErrorText for E {
    fn error_text(&self) -> String {
        self.to_string()
    }
}

/// An error whose text only the log has, by `#[event_error(internal)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be reported to the log",
    label = "not an `Error`",
    note = "derive `thiserror::Error` for it, and say by `#[error(\"…\")]` what the log is to have"
)]
pub trait HiddenError {
    /// What the client reads instead.
    fn hidden(self) -> EventError;
}

#[diagnostic::do_not_recommend]
impl<E: std::error::Error + 'static> HiddenError for E {
    fn hidden(self) -> EventError {
        EventError::internal(self)
    }
}

/// A derived error that is shown.
pub fn shown_error<E: ErrorText>(error: &E) -> EventError {
    EventError::new(error.error_text())
}

/// A derived error that is not shown.
pub fn hidden_error<E: HiddenError>(error: E) -> EventError {
    error.hidden()
}
