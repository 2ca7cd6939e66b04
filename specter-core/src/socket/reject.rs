//! `Reject`: the rejection of a connection to a namespace, or of an event by a guard.

use crate::logging::{OneLine, log_limited};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::client_error::ClientError;
use super::internal_error::{FailurePlace, PendingReport};

/// Rejects a client, from a `connect` handler or a guard.
///
/// The client's `connect_error` receives the message, and the data as `error.data`. A code is added
/// to the data as `error.data.code`, whatever the data is:
///
/// | Data | Code | `error.data` |
/// |---|---|---|
/// | none | `"full"` | `{"code": "full"}` |
/// | an object, `{"limit": 8}` | `"full"` | `{"code": "full", "limit": 8}`; a `code` of its own is kept |
/// | anything else, `8` | `"full"` | `{"code": "full", "data": 8}` |
/// | any | none | the data as it is |
///
/// If a guard rejects an event, the acknowledgement contains message, code and data under separate
/// names: `{"error": "…", "code": "full", "data": 8}`. A rejection without a code has the code
/// `rejected` there.
///
/// An error of a handler or error filter that rejects a client keeps its code, for example one
/// created by `EventError::new("…").with_code("full")` or by `#[derive(IntoEventError)]`.
///
/// `?` converts any [`std::error::Error`] to a `Reject`. The client then receives `internal error`
/// and an id, under which the error is logged. It does not receive the error's own text. Errors
/// that the client causes itself, such as a [`JoinError`](crate::rooms::JoinError), are the
/// exception: they are sent with their text and code.
///
/// ```
/// use specter_core::socket::Reject;
///
/// let full = Reject::new("the room is full").with_code("full").with_data(&8);
/// assert_eq!(full.code(), Some("full"));
/// assert_eq!(full.json().unwrap().get(), r#"{"code":"full","data":8}"#);
/// ```
#[derive(Clone)]
pub struct Reject(Box<Parts>);

/// The parts of a rejection.
#[derive(Clone, Default)]
pub(crate) struct Parts {
    pub(crate) message: String,
    pub(crate) code: Option<String>,
    pub(crate) data: Option<Box<RawValue>>,
    /// The id under which an error is logged whose text is not sent.
    pub(crate) id: Option<String>,
    /// The log line for that id.
    pub(crate) report: PendingReport,
    /// The error that was converted by `?`.
    pub(crate) cause: Option<Cause>,
    /// The data of `connect_error`, which `joined` makes from the other parts.
    pub(crate) shown: Option<Box<RawValue>>,
}

/// An error that is kept for `downcast_ref`.
pub(crate) type Cause = Arc<dyn std::error::Error + Send + Sync>;

impl Parts {
    /// Code, id and data as one value: the data of `connect_error`.
    fn joined(&self) -> Option<Box<RawValue>> {
        let data = self.data.as_deref();
        if self.code.is_none() && self.id.is_none() {
            return data.map(ToOwned::to_owned);
        }
        let data_members: Option<HashMap<String, &RawValue>> =
            data.and_then(|data| serde_json::from_str(data.get()).ok());
        let members = [("code", &self.code), ("id", &self.id)].into_iter();
        let members = members.filter_map(|(name, value)| {
            let is_taken = data_members
                .as_ref()
                .is_some_and(|members| members.contains_key(name));
            let value = value.as_deref().filter(|_| !is_taken)?;
            Some(format!(r#""{name}":{}"#, Value::from(value)))
        });
        let members = members.collect::<Vec<_>>().join(",");
        let text = match (data, data_members) {
            (None, _) => format!("{{{members}}}"),
            (Some(data), Some(names)) => {
                let rest = data.get().trim_start().strip_prefix('{')?;
                let comma = if names.is_empty() || members.is_empty() {
                    ""
                } else {
                    ","
                };
                format!("{{{members}{comma}{rest}")
            }
            (Some(data), None) => format!(r#"{{{members},"data":{}}}"#, data.get()),
        };
        RawValue::from_string(text).ok()
    }
}

impl Reject {
    /// A rejection with a message for the client.
    pub fn new(message: impl Into<String>) -> Self {
        Self::from_parts(Parts {
            message: message.into(),
            ..Parts::default()
        })
    }

    /// Adds a code, by which programs can distinguish rejections.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.0.code = Some(code.into());
        self.0.shown = self.0.joined();
        self
    }

    /// Adds data for the client. Data that cannot be serialized is left out and logged.
    #[must_use]
    pub fn with_data<T: Serialize + ?Sized>(mut self, data: &T) -> Self {
        match serde_json::value::to_raw_value(data) {
            Ok(raw) => self.0.data = Some(raw),
            Err(error) => {
                log_limited!(
                    ERROR, target: "specter::gateway", error = %OneLine(error),
                    "the data of a `Reject` cannot be serialized and is left out"
                );
            }
        }
        self.0.shown = self.0.joined();
        self
    }

    /// The message for the client.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The code for the client.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The data of `connect_error` as JSON, including the code.
    pub fn json(&self) -> Option<&RawValue> {
        self.0.shown.as_deref()
    }

    pub(crate) fn from_parts(mut parts: Parts) -> Self {
        parts.shown = parts.joined();
        Self(Box::new(parts))
    }

    /// Logs an internal error that is not logged yet, with the place where it occurred.
    pub(crate) fn report_at(&mut self, place: FailurePlace<'_>) {
        self.0.report.write(place);
    }

    pub(crate) fn into_parts(self) -> Parts {
        *self.0
    }
}

impl fmt::Debug for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reject")
            .field("message", &self.0.message)
            .field("code", &self.0.code)
            .finish_non_exhaustive()
    }
}

/// `Reject` itself does not implement `std::error::Error`, because only `connect` handlers and
/// guards may return it.
impl<E: std::error::Error + Send + Sync + 'static> From<E> for Reject {
    fn from(error: E) -> Self {
        let parts = if let Some(shown) = ClientError::of(&error) {
            Parts {
                message: shown.text,
                code: Some(shown.code.to_owned()),
                ..Parts::default()
            }
        } else {
            let (id, report) = PendingReport::of(std::any::type_name::<E>(), &error);
            Parts {
                message: "internal error".to_owned(),
                id: Some(id),
                report,
                ..Parts::default()
            }
        };
        Self::from_parts(Parts {
            cause: Some(Arc::new(error)),
            ..parts
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Reject;
    use crate::rooms::JoinError;

    fn shown(reject: &Reject) -> Value {
        reject.json().map_or(Value::Null, |json| {
            serde_json::from_str(json.get()).unwrap()
        })
    }

    #[test]
    fn a_code_is_added_to_data_of_any_kind() {
        for (data, expected) in [
            (json!({}), json!({ "code": "full" })),
            (json!({ "a": 1 }), json!({ "code": "full", "a": 1 })),
            (json!({ "code": 42 }), json!({ "code": 42 })),
            (json!([1]), json!({ "code": "full", "data": [1] })),
            (json!("x"), json!({ "code": "full", "data": "x" })),
            (json!(null), json!({ "code": "full", "data": null })),
            (json!("{"), json!({ "code": "full", "data": "{" })),
        ] {
            let before = Reject::new("no").with_data(&data);
            assert_eq!(shown(&before), data, "without a code the data is unchanged");
            assert_eq!(shown(&before.with_code("full")), expected);
            let after = Reject::new("no").with_code("full").with_data(&data);
            assert_eq!(shown(&after), expected);
        }
        assert_eq!(shown(&Reject::new("no")), Value::Null);
        let alone = Reject::new("no").with_code("a \"code\" {}");
        assert_eq!(shown(&alone), json!({ "code": "a \"code\" {}" }));
    }

    #[test]
    fn only_errors_that_the_client_causes_are_sent_with_their_text() {
        let limit = Reject::from(JoinError::TooManyRooms(3));
        assert_eq!(shown(&limit), json!({ "code": "join_too_many_rooms" }));
        assert!(limit.message().contains("3 rooms"));
        let hidden = Reject::from(std::io::Error::other("a secret"));
        assert_eq!(hidden.message(), "internal error");
        assert!(shown(&hidden)["id"].is_string());
        assert!(shown(&hidden.with_data(&1))["id"].is_string());
    }
}
