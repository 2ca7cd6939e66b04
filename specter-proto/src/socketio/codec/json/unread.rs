//! An argument that could not be read. Its error is created only after a further attempt to read it
//! has failed too.

use serde::de::DeserializeSeed;

use super::missing::MissingArgument;
use super::{error_path, lenient};
use crate::socketio::error::ArgumentError;

/// An argument that could not be read.
pub(in crate::socketio) struct UnreadArgument<'a> {
    pub(in crate::socketio) index: usize,
    /// The JSON of the argument. Empty if the argument is missing.
    pub(in crate::socketio) text: &'a str,
    /// `None` if the argument is missing.
    failure: Option<Failure>,
}

/// The reason why a type rejected the argument.
struct Failure {
    error: serde_json::Error,
    /// The index in the text at which the rejected value ends. `None` if only the error's position
    /// is known.
    end: Option<usize>,
}

impl<'a> UnreadArgument<'a> {
    /// Reads a missing argument, which is `None` for an `Option` and an error for any other type.
    pub(in crate::socketio) fn missing<'de, S: DeserializeSeed<'de>>(
        index: usize,
        seed: S,
    ) -> Result<S::Value, Self> {
        seed.deserialize(MissingArgument).map_err(|_| Self {
            index,
            text: "",
            failure: None,
        })
    }

    /// Creates an `UnreadArgument` for an argument that the type rejected.
    #[cold]
    pub(in crate::socketio) fn rejected(
        index: usize,
        text: &'a str,
        error: serde_json::Error,
        end: Option<usize>,
    ) -> Self {
        let failure = Some(Failure { error, end });
        Self {
            index,
            text,
            failure,
        }
    }

    /// Whether reading the argument leniently may succeed.
    pub(in crate::socketio) fn may_hold_float(&self) -> bool {
        self.failure.is_some() && lenient::may_hold_float(self.text)
    }
}

impl From<UnreadArgument<'_>> for ArgumentError {
    fn from(unread: UnreadArgument<'_>) -> Self {
        let UnreadArgument {
            index,
            text,
            failure,
        } = unread;
        match failure {
            None => Self::Missing { index },
            Some(Failure { error, end }) => error_path::invalid(index, text, &error, end),
        }
    }
}
