//! What a client is told that is not let in, or whose event failed.

use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Why a client was not let in: what it was told, and nothing that it was not.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The HTTP request was refused: by an origin policy, by `AppBuilder::admit`, by a limit, or
    /// because nothing is on that path.
    #[error("the handshake was refused with {status}: {body}")]
    Handshake {
        /// The answer's status.
        status: StatusCode,
        /// The answer's body.
        body: String,
    },
    /// CONNECT was answered with an error: by a guard, a `connect` handler, a provider that failed,
    /// or because nobody serves the namespace. It is what a JavaScript client gets as
    /// `connect_error`.
    #[error("the connection to the namespace was refused: {message}")]
    Connect {
        /// The error's message.
        message: String,
        /// The error's data; `Null` where there is none.
        data: Value,
    },
}

impl ConnectError {
    /// A stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Handshake { .. } => "test_refused_handshake",
            Self::Connect { .. } => "test_refused_connect",
        }
    }

    /// The words: the message of a refused CONNECT, or the body of a refused handshake.
    pub fn message(&self) -> &str {
        match self {
            Self::Handshake { body, .. } => body,
            Self::Connect { message, .. } => message,
        }
    }

    /// The data that came with the refusal.
    ///
    /// # Panics
    /// Where it is not a `T`.
    #[track_caller]
    pub fn data<T: DeserializeOwned>(&self) -> T {
        let data = match self {
            Self::Handshake { .. } => &Value::Null,
            Self::Connect { data, .. } => data,
        };
        T::deserialize(data).unwrap_or_else(|error| {
            panic!("the refusal's data {data} is not what was expected: {error}")
        })
    }

    pub(super) fn from_json(json: &str) -> Self {
        #[derive(Deserialize)]
        struct Json {
            message: String,
            #[serde(default)]
            data: Value,
        }
        match serde_json::from_str(json) {
            Ok(Json { message, data }) => Self::Connect { message, data },
            Err(_) => Self::Connect {
                message: json.into(),
                data: Value::Null,
            },
        }
    }
}

/// A failed event's acknowledgement: what the client may see of an error.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct EventErrorReply {
    /// The words.
    #[serde(rename = "error")]
    pub message: String,
    /// The stable name, where the error has one.
    #[serde(default)]
    pub code: Option<String>,
    /// What the error carries for the client; `Null` where there is none.
    #[serde(default)]
    pub data: Value,
    /// The id under which the log has the cause of an `internal error`.
    #[serde(default)]
    pub id: Option<String>,
}
