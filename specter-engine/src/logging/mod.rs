//! Log lines that a peer can cause: limited in number, on one line each, and without values that
//! the peer sent.
//!
//! Every call of WARN, ERROR or INFO that a peer can reach goes through [`log_limited`]. Every text
//! of a peer in a field is an [`Untrusted`], every error's text a [`OneLine`].

mod limit;
mod quoted_values;
mod text;

pub use self::limit::{KeyedLogLimit, LogLimit};
pub use self::quoted_values::{expectation, without_values};
pub use self::text::{OneLine, Untrusted};
pub use crate::log_limited;

/// Writes a line unless too many of its kind were written within the last minute.
///
/// Its kind is the place of the call, with `key = …` that and a text of the program. The field
/// `left_out` says how many lines of the kind were not written since the last one.
#[macro_export]
#[doc(hidden)]
macro_rules! log_limited {
    ($level:ident, key = $key:expr, target: $target:literal, $($rest:tt)+) => {{
        static LIMIT: $crate::logging::KeyedLogLimit =
            $crate::logging::KeyedLogLimit::new();
        $crate::log_limited!(@ LIMIT.pass($key), $level, $target, $($rest)+);
    }};
    ($level:ident, target: $target:literal, $($rest:tt)+) => {{
        static LIMIT: $crate::logging::LogLimit = $crate::logging::LogLimit::new();
        $crate::log_limited!(@ LIMIT.pass(), $level, $target, $($rest)+);
    }};
    (@ $pass:expr, $level:ident, $target:literal, $($rest:tt)+) => {
        if tracing::enabled!(target: $target, tracing::Level::$level)
            && let Some(left_out) = $pass
        {
            tracing::event!(target: $target, tracing::Level::$level, left_out, $($rest)+);
        }
    };
}
