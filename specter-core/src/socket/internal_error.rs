//! Errors whose text clients must not see. The text is logged with an id, and the client receives
//! only the id.

use crate::logging::{OneLine, describe_redacted, log_limited};

/// Logs `error` with its causes and a new id, and returns the id for the client. The number of
/// lines in a minute is limited for each type of error.
#[cold]
pub(crate) fn report(kind: &'static str, error: &(dyn std::error::Error + 'static)) -> String {
    let id = fresh_id();
    log_limited!(
        ERROR, key = kind, target: "specter::gateway", id, error = %OneLine(describe_redacted(error)),
        "a handler failed; the client sees the id only"
    );
    id
}

/// A new id by which a failure can be found in the log.
pub(crate) fn fresh_id() -> String {
    let mut id = specter_engine::internals::random_id().as_str().to_owned();
    id.truncate(10);
    id
}
