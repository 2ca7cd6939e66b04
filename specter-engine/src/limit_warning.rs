//! The warning about a client that exceeded a limit. It names the setting.

use crate::logging::log_limited;

/// Logs that a request or packet of a client exceeded the limit of a setting.
#[cold]
pub(crate) fn warn_of_limit(setting: &'static str, limit: usize) {
    log_limited!(
        WARN, key = setting, target: "specter::engine", setting, limit,
        "a client exceeded a limit: its request was rejected or its connection closed"
    );
}
