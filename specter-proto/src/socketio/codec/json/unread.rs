//! An argument that could not be decoded, kept until another attempt has failed too. Only then is
//! its error made.

use serde::de::DeserializeSeed;

use super::missing::Missing;
use super::{error_path, lenient};
use crate::socketio::error::ArgumentError;

/// An argument that was not read.
pub(in crate::socketio) struct Unread<'a> {
    pub(in crate::socketio) index: usize,
    /// The argument; empty if there is none.
    pub(in crate::socketio) text: &'a str,
    why: Option<Failure>,
}

/// Why a type refused it.
struct Failure {
    error: serde_json::Error,
    /// Where in the text the value ends that was refused, if that is known better than from the
    /// error.
    at: Option<usize>,
}

impl<'a> Unread<'a> {
    /// The argument is not there: `None` to an `Option`, else an error.
    pub(in crate::socketio) fn missing<'de, S: DeserializeSeed<'de>>(
        index: usize,
        seed: S,
    ) -> Result<S::Value, Self> {
        seed.deserialize(Missing).map_err(|_| Self {
            index,
            text: "",
            why: None,
        })
    }

    /// The argument does not fit.
    #[cold]
    pub(in crate::socketio) fn refused(
        index: usize,
        text: &'a str,
        error: serde_json::Error,
        at: Option<usize>,
    ) -> Self {
        let why = Some(Failure { error, at });
        Self { index, text, why }
    }

    /// Whether to read it leniently may help.
    pub(in crate::socketio) fn may_hold_float(&self) -> bool {
        self.why.is_some() && lenient::may_hold_float(self.text)
    }
}

impl From<Unread<'_>> for ArgumentError {
    fn from(unread: Unread<'_>) -> Self {
        let Unread { index, text, why } = unread;
        match why {
            None => Self::Missing { index },
            Some(Failure { error, at }) => error_path::invalid(index, text, &error, at),
        }
    }
}
