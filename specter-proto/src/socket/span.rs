//! A range of a text, `Copy` and harmless: what lies outside the text is empty.

/// Where a part lies in its text, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Span {
    /// Nothing, at a place.
    pub(super) fn empty(at: usize) -> Self {
        Self { start: at, end: at }
    }

    /// The part itself.
    pub(super) fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// How many bytes it has.
    pub(super) fn len(self) -> usize {
        self.end.saturating_sub(self.start)
    }
}
