//! Errors that a client causes itself: limits that it exceeds, and acknowledgements that it does
//! not send.
//!
//! Their text and code are sent to the client. They are logged at DEBUG only, because a client
//! could repeat them without limit.

use std::error::Error;

use super::{AckError, EmitError};
use crate::rooms::GroupError;
use crate::rooms::JoinError;

/// The part of an error that may be sent to the client.
pub(crate) struct ClientError {
    pub(crate) text: String,
    pub(crate) code: &'static str,
    /// Whether the cause is that a socket has disconnected. Such an error is not reported.
    pub(crate) is_gone: bool,
}

impl ClientError {
    /// Returns `None` if the server has caused the error.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        if let Some(error) = error.downcast_ref::<JoinError>() {
            return Some(Self {
                text: error.to_string(),
                code: error.code(),
                is_gone: matches!(error, JoinError::Disconnected),
            });
        }
        if let Some(error) = error.downcast_ref::<GroupError>() {
            return Some(Self {
                text: error.to_string(),
                code: error.code(),
                is_gone: matches!(error, GroupError::Disconnected),
            });
        }
        if let Some(error) = error.downcast_ref::<EmitError>() {
            return Self::of_emit(error);
        }
        Self::of_ack(error.downcast_ref::<AckError>()?)
    }

    fn of_emit(error: &EmitError) -> Option<Self> {
        match error {
            EmitError::Disconnected | EmitError::QueueFull => Some(Self {
                text: error.to_string(),
                code: error.code(),
                is_gone: matches!(error, EmitError::Disconnected),
            }),
            EmitError::TooLarge { .. } | EmitError::UnknownNamespace(_) | EmitError::Encode(_) => {
                None
            }
        }
    }

    fn of_ack(error: &AckError) -> Option<Self> {
        let text = match error {
            AckError::Timeout(_) | AckError::Disconnected | AckError::Backlogged => {
                error.to_string()
            }
            // The details may quote what another client has sent.
            AckError::Invalid(_) => "the acknowledgement is not what was expected".to_owned(),
            AckError::Emit(error) => return Self::of_emit(error),
            AckError::NotConnected => return None,
        };
        Some(Self {
            text,
            code: error.code(),
            is_gone: matches!(error, AckError::Disconnected),
        })
    }
}
