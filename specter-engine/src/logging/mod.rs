//! Log lines that a peer can cause: limited in number, one line each, and without values that the
//! peer has sent.
//!
//! Every WARN, ERROR or INFO that a peer can cause goes through [`log_limited`]. A text of a peer
//! in a field is wrapped in [`Untrusted`], and the text of an error in [`OneLine`].

mod limit;
mod quoted_values;
mod text;

pub use self::limit::{KeyedLogLimit, LeftOut, LogLimit};
pub use self::quoted_values::{expectation, without_values};
pub use self::text::{OneLine, Untrusted};
pub use crate::log_limited;

/// Writes a line, unless too many of its kind were written within the last minute.
///
/// The kind of a line is its place in the source; with `key = …`, the place and the key, which is a
/// text of the program. The field `left_out` is the number of lines of the kind that were not
/// written since the last one.
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
