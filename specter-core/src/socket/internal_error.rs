//! Internal errors, whose text clients must not see. The text is logged under a new id, and the
//! client receives only that id.

use crate::logging::{OneLine, describe_redacted, log_limited};

/// Logs `error` with its causes and a new id, and returns the id for the client. The number of log
/// lines per minute is limited for each `kind`, which is usually the name of the error's type.
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
