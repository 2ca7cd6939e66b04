//! A range of a text in eight bytes. A range outside of the text is empty.
//!
//! Packets hold several of them, so that no packet may have more than [`MAX_TEXT`] bytes.

/// How many bytes a packet's text may have.
pub(super) const MAX_TEXT: usize = u32::MAX as usize;

/// Where a part lies in its text, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// From one place to another.
    #[inline]
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self {
            start: place(start),
            end: place(end),
        }
    }

    /// Nothing, at a place.
    pub(super) fn empty(at: usize) -> Self {
        Self::new(at, at)
    }

    /// The part itself.
    #[inline]
    pub(super) fn of(self, text: &str) -> &str {
        text.get(self.start()..self.end()).unwrap_or_default()
    }

    pub(super) fn start(self) -> usize {
        self.start as usize
    }

    pub(super) fn end(self) -> usize {
        self.end as usize
    }

    /// How many bytes it has.
    pub(super) fn len(self) -> usize {
        self.end().saturating_sub(self.start())
    }
}

/// Beyond [`MAX_TEXT`], which no packet reaches, it lies outside of every text.
#[inline]
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
