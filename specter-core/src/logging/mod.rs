//! Tools for log entries that a peer can cause. Their number is limited, each entry is one line,
//! and it contains no value that the peer sent.
//!
//! The tools of `specter-engine` limit the number of entries and escape texts of a peer. `redacted`
//! describes errors without the values that a peer sent.

mod redacted;

pub(crate) use specter_engine::logging::{OneLine, Untrusted, log_limited};

pub(crate) use self::redacted::describe_redacted;
