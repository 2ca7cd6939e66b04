//! Log lines that a peer can cause: limited in number, on one line each, and without values that
//! the peer sent.
//!
//! Every call of WARN, ERROR or INFO that a peer can reach goes through [`log_limited`]. Every text
//! of a peer in a field is an [`Untrusted`], every error's text a [`OneLine`].

mod limit;
mod redacted;
mod text;

pub(crate) use self::limit::{KeyedLogLimit, LogLimit};
pub(crate) use self::redacted::described;
pub(crate) use self::text::{OneLine, Untrusted};

/// Writes a line unless too many of its kind were written within the last minute.
///
/// Its kind is the place of the call, with `key = …` that and a text of the program. The field
/// `left_out` says how many lines of the kind were not written since the last one.
macro_rules! log_limited {
    ($level:ident, key = $key:expr, target: $target:literal, $($rest:tt)+) => {{
        static LIMIT: $crate::logging::KeyedLogLimit = $crate::logging::KeyedLogLimit::new();
        $crate::logging::log_limited!(@ LIMIT.pass($key), $level, $target, $($rest)+);
    }};
    ($level:ident, target: $target:literal, $($rest:tt)+) => {{
        static LIMIT: $crate::logging::LogLimit = $crate::logging::LogLimit::new();
        $crate::logging::log_limited!(@ LIMIT.pass(), $level, $target, $($rest)+);
    }};
    (@ $pass:expr, $level:ident, $target:literal, $($rest:tt)+) => {
        if tracing::enabled!(target: $target, tracing::Level::$level)
            && let Some(left_out) = $pass
        {
            tracing::event!(target: $target, tracing::Level::$level, left_out, $($rest)+);
        }
    };
}

pub(crate) use log_limited;
