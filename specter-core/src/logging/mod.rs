//! Tools for log lines that a peer can cause. A peer must not be able to flood the log, to forge
//! lines in it, or to place secret values in it.
//!
//! [`log_limited`] limits the number of lines. [`Untrusted`] escapes texts of a peer, and
//! [`OneLine`] makes one line of an error's text. [`describe_redacted`] describes errors without
//! the values that a peer sent.

mod default_subscriber;
mod redacted;

pub(crate) use specter_engine::logging::{KeyedLogLimit, LeftOut, OneLine, Untrusted, log_limited};

pub(crate) use self::default_subscriber::install as install_default_subscriber;
pub(crate) use self::redacted::describe_redacted;
