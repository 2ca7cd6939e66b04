//! Log lines that a peer can cause: limited in number, on one line each, and without values that
//! the peer sent.
//!
//! `specter-engine` limits the lines and shows texts of a peer; `redacted` describes errors of JSON
//! without the values in them.

mod redacted;

pub(crate) use specter_engine::logging::{OneLine, Untrusted, log_limited};

pub(crate) use self::redacted::described;
