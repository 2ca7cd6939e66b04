//! The faults that the scanner finds.

/// The fault of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::socketio) enum ScanError {
    /// The text is not JSON, or not of the expected shape.
    Syntax,
    /// The nesting is deeper than [`MAX_DEPTH`](super::scanner::MAX_DEPTH).
    TooDeep,
    /// A placeholder has a number that names no attachment.
    Placeholder,
    /// The data of an event does not begin with a name.
    EventName,
    /// A string has the escape of a lone surrogate. The text after it was not checked; see
    /// [`surrogates`](super::surrogates).
    LoneSurrogate,
}
