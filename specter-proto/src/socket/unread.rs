//! An argument that was not read: what is kept of it until it is known that it cannot be read at
//! all.
//!
//! The error that is reported is made last, since another attempt may succeed.

use serde::de::DeserializeSeed;

use super::error::ArgumentError;
use super::missing::Missing;
use super::{lenient, path};

/// An argument that was not read.
pub(super) struct Unread<'a> {
    pub(super) index: usize,
    /// The argument; empty if there is none.
    pub(super) text: &'a str,
    why: Option<Refusal>,
}

/// Why a type refused it.
struct Refusal {
    error: serde_json::Error,
    /// Where in the text the value ends that was refused, if that is known better than from the
    /// error.
    at: Option<usize>,
}

impl<'a> Unread<'a> {
    /// The argument is not there: `None` to an `Option`, else an error.
    pub(super) fn missing<'de, S: DeserializeSeed<'de>>(
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
    pub(super) fn refused(
        index: usize,
        text: &'a str,
        error: serde_json::Error,
        at: Option<usize>,
    ) -> Self {
        let why = Some(Refusal { error, at });
        Self { index, text, why }
    }

    /// Whether to read it leniently may help.
    pub(super) fn may_hold_float(&self) -> bool {
        self.why.is_some() && lenient::may_hold_float(self.text)
    }
}

impl From<Unread<'_>> for ArgumentError {
    fn from(unread: Unread<'_>) -> Self {
        let Unread { index, text, why } = unread;
        match why {
            None => Self::Missing { index },
            Some(Refusal { error, at }) => path::invalid(index, text, &error, at),
        }
    }
}
