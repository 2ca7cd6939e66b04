//! Errors whose text is not for the client: the text goes to the log, and an id to both.

use crate::logging::{OneLine, describe_redacted, log_limited};

/// Logs `error` with its causes under a fresh id, and returns the id for the client. Of each kind,
/// the name of the error's type, some lines are written within a minute.
#[cold]
pub(crate) fn report(kind: &'static str, error: &(dyn std::error::Error + 'static)) -> String {
    let id = fresh_id();
    log_limited!(
        ERROR, key = kind, target: "specter::gateway", id, error = %OneLine(describe_redacted(error)),
        "a handler failed; the client sees the id only"
    );
    id
}

/// An id to find one failure in the log by.
pub(crate) fn fresh_id() -> String {
    let mut id = specter_engine::internals::random_id().as_str().to_owned();
    id.truncate(10);
    id
}
