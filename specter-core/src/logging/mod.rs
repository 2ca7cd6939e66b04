//! Tools for log lines that a peer can cause. Such lines are limited in number, each of them is one
//! line, and they contain no values that the peer sent.
//!
//! The tools of `specter-engine` limit the number of lines and escape texts of a peer. `redacted`
//! describes errors without the values that a peer sent.

mod redacted;

pub(crate) use specter_engine::logging::{OneLine, Untrusted, log_limited};

pub(crate) use self::redacted::describe_redacted;
