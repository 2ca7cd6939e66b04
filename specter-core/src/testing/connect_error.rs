//! The errors that a client receives: the rejection of a connection, and the error of an event.

use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Why the server rejected a client, with only what the client was sent.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The server rejected the HTTP request: by the origin policy, by `AppBuilder::admit`, by a
    /// limit, or because there is no gateway at that path.
    #[error("the server rejected the handshake with {status}: {body}")]
    Handshake {
        /// The response's status.
        status: StatusCode,
        /// The response's body.
        body: String,
    },
    /// The server answered CONNECT with an error: a guard or a `connect` handler rejected the client,
    /// a provider failed, or the namespace does not exist. A JavaScript client gets it as
    /// `connect_error`.
    #[error("the server rejected the connection to the namespace: {message}")]
    Connect {
        /// The error's message.
        message: String,
        /// The error's data; `Null` if there is none.
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

    /// The message of a rejected CONNECT, or the response's body of a rejected handshake.
    pub fn message(&self) -> &str {
        match self {
            Self::Handshake { body, .. } => body,
            Self::Connect { message, .. } => message,
        }
    }

    /// The data of a rejected CONNECT, as a `T`.
    ///
    /// # Panics
    /// If it is no `T`.
    #[track_caller]
    pub fn data<T: DeserializeOwned>(&self) -> T {
        let data = match self {
            Self::Handshake { .. } => &Value::Null,
            Self::Connect { data, .. } => data,
        };
        T::deserialize(data).unwrap_or_else(|error| {
            panic!("the error's data {data} is not of the expected type: {error}")
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

/// The acknowledgement of an event that failed: what the client may see of the error.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct EventErrorReply {
    /// The error's text.
    #[serde(rename = "error")]
    pub message: String,
    /// The error's stable name, if it has one.
    #[serde(default)]
    pub code: Option<String>,
    /// The error's data for the client; `Null` if there is none.
    #[serde(default)]
    pub data: Value,
    /// The id by which the log names the cause of an `internal error`.
    #[serde(default)]
    pub id: Option<String>,
}
