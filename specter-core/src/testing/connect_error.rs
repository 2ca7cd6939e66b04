//! The errors that the server sends to clients: of a refused connection and of a failed event.

use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Why a client was refused: the error that the server sent to the client.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The HTTP request was refused: by the origin policy, by `AppBuilder::admit`, by a limit, or
    /// because no endpoint is mounted on the path.
    #[error("the handshake was refused with {status}: {body}")]
    Handshake {
        /// The response's status.
        status: StatusCode,
        /// The response's body.
        body: String,
    },
    /// CONNECT was answered with an error: by a guard, by a `connect` handler, because a provider
    /// failed, or because no controller serves the namespace. A JavaScript client receives it as
    /// `connect_error`.
    #[error("the connection to the namespace was refused: {message}")]
    Connect {
        /// The error's message.
        message: String,
        /// The error's data, or `Null`.
        data: Value,
    },
}

impl ConnectError {
    /// A stable name of the error, for programs: `test_refused_handshake` or
    /// `test_refused_connect`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Handshake { .. } => "test_refused_handshake",
            Self::Connect { .. } => "test_refused_connect",
        }
    }

    /// The message of a refused CONNECT, or the body of a refused handshake.
    pub fn message(&self) -> &str {
        match self {
            Self::Handshake { body, .. } => body,
            Self::Connect { message, .. } => message,
        }
    }

    /// The data of a refused CONNECT.
    ///
    /// # Panics
    /// If the data cannot be decoded as a `T`.
    #[track_caller]
    pub fn data<T: DeserializeOwned>(&self) -> T {
        let data = match self {
            Self::Handshake { .. } => &Value::Null,
            Self::Connect { data, .. } => data,
        };
        T::deserialize(data).unwrap_or_else(|error| {
            panic!("the error has the data {data}, which is not what was expected: {error}")
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

/// The acknowledgement of a failed event: the part of its error that clients may see.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct EventErrorReply {
    /// The error's text: [`EventError::error`](crate::gateway::EventError::error).
    pub error: String,
    /// The error's stable name, if it has one.
    #[serde(default)]
    pub code: Option<String>,
    /// The error's data for the client, or `Null`.
    #[serde(default)]
    pub data: Value,
    /// The id under which the cause of an `internal error` is logged.
    #[serde(default)]
    pub id: Option<String>,
}
