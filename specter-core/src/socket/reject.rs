//! The refusal of a connection to a namespace, and of an event by a guard.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use super::EmitError;

/// Refuses a client: from a `connect` handler or a guard.
///
/// The client's `connect_error` gets the message, and the data as `error.data`. At an event, the acknowledgement carries both.
///
/// Any [`std::error::Error`] becomes a `Reject` through `?`: the client then reads `internal error` with an id that the log
/// carries too, never the error's own text.
#[derive(Clone)]
pub struct Reject {
    message: String,
    data: Option<Box<RawValue>>,
    /// The error that became it through `?`.
    cause: Option<Cause>,
}

/// An error that is kept for those who ask for its type.
pub(crate) type Cause = Arc<dyn std::error::Error + Send + Sync>;

impl Reject {
    /// A refusal with a message that the client sees.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            data: None,
            cause: None,
        }
    }

    /// Adds data for the client. What cannot be serialized is left out, with a log line.
    #[must_use]
    pub fn with_data<T: Serialize + ?Sized>(mut self, data: &T) -> Self {
        match serde_json::value::to_raw_value(data) {
            Ok(raw) => self.data = Some(raw),
            Err(error) => {
                tracing::error!(target: "specter::gateway", %error, "a rejection's data cannot be serialized");
            }
        }
        self
    }

    /// The message that the client sees.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The data that the client sees, as JSON.
    pub fn json(&self) -> Option<&RawValue> {
        self.data.as_deref()
    }

    pub(crate) fn from_parts(
        message: String,
        data: Option<Box<RawValue>>,
        cause: Option<Cause>,
    ) -> Self {
        Self {
            message,
            data,
            cause,
        }
    }

    pub(crate) fn into_parts(self) -> (String, Option<Box<RawValue>>, Option<Cause>) {
        (self.message, self.data, self.cause)
    }
}

impl fmt::Debug for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reject")
            .field("message", &self.message)
            .finish_non_exhaustive()
    }
}

/// Not a `std::error::Error` itself: a refusal means nothing outside `connect` and guards.
impl<E: std::error::Error + Send + Sync + 'static> From<E> for Reject {
    fn from(error: E) -> Self {
        let any: &dyn std::any::Any = &error;
        if let Some(EmitError::Gone) = any.downcast_ref() {
            // Nobody is left to read it, and it is no fault.
            return Self::new("gone");
        }
        let id = crate::socket::hidden::report(&error);
        let mut reject = Self::new("internal error").with_data(&serde_json::json!({ "id": id }));
        reject.cause = Some(Arc::new(error));
        reject
    }
}
