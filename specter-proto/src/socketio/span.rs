//! A range of a text, in eight bytes. A range outside of the text is empty.
//!
//! A packet holds several ranges. To keep them small, a packet's text is limited to [`MAX_TEXT`]
//! bytes.

/// The largest text of a packet, in bytes.
pub(super) const MAX_TEXT: usize = u32::MAX as usize;

/// The byte range of a part of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// The range from `start` to `end`, which is not part of it.
    #[inline]
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self {
            start: index(start),
            end: index(end),
        }
    }

    /// An empty range at an index.
    pub(super) fn empty(at: usize) -> Self {
        Self::new(at, at)
    }

    /// The part of `text` that the range covers.
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

    /// The number of bytes.
    pub(super) fn len(self) -> usize {
        self.end().saturating_sub(self.start())
    }
}

/// An index beyond [`MAX_TEXT`], which no packet's text reaches, becomes an index outside of every
/// text.
#[inline]
fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
