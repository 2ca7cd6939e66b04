//! Checks short texts for UTF-8, each as one block.
//!
//! A check in the input's buffer reads a short text byte by byte up to an aligned address, and each
//! text of a stream begins at another alignment. Each short text is therefore copied into one fixed
//! block, which is checked as a whole: with vector instructions on processors for which `simdutf8`
//! has them.

use std::fmt;

/// The longest text that is checked in this way, in bytes.
pub(super) const MAX_LEN: usize = 64;

/// The copy of the text that was checked last.
pub(super) struct ShortText([u8; MAX_LEN]);

impl ShortText {
    pub(super) const fn new() -> Self {
        Self([0; MAX_LEN])
    }

    /// Checks a text of at most [`MAX_LEN`] bytes. Returns `None` if it is longer or not UTF-8.
    #[inline]
    pub(super) fn check(&mut self, bytes: &[u8]) -> Option<&str> {
        let Self(block) = self;
        // The zeros after the text are valid UTF-8 and do not complete a character that ends too
        // early.
        *block = [0; MAX_LEN];
        block.get_mut(..bytes.len())?.copy_from_slice(bytes);
        let text = simdutf8::basic::from_utf8(block).ok()?;
        text.get(..bytes.len())
    }
}

/// Shows nothing of the text, which may be confidential.
impl fmt::Debug for ShortText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShortText").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_LEN, ShortText};
    use proptest::prelude::*;

    #[test]
    fn an_unfinished_character_is_found_at_every_index() {
        let mut short = ShortText::new();
        for before in 0..MAX_LEN {
            for character in ["é", "漢", "😀"] {
                let text = "a".repeat(before) + character;
                for end in before + 1..=(text.len() - 1).min(MAX_LEN) {
                    assert_eq!(short.check(&text.as_bytes()[..end]), None, "{before} {end}");
                }
                if text.len() <= MAX_LEN {
                    assert_eq!(short.check(text.as_bytes()), Some(&*text));
                }
            }
        }
    }

    #[test]
    fn nothing_of_the_text_before_is_returned() {
        let mut short = ShortText::new();
        for text in ["x".repeat(MAX_LEN), "yy\0".to_owned(), String::new()] {
            assert_eq!(short.check(text.as_bytes()), Some(&*text));
        }
        assert_eq!(short.check(&[b'x'; MAX_LEN + 1]), None);
    }

    proptest! {
        #[test]
        fn the_check_agrees_with_the_standard_library(
            bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..=MAX_LEN),
                "\\PC{0,16}".prop_map(String::into_bytes),
                ("\\PC{1,16}", any::<prop::sample::Index>(), any::<u8>()).prop_map(
                    |(text, at, byte)| {
                        let mut bytes = text.into_bytes();
                        let at = at.index(bytes.len());
                        bytes[at] = byte;
                        bytes
                    },
                ),
            ],
        ) {
            let mut short = ShortText::new();
            prop_assert_eq!(short.check(&bytes), std::str::from_utf8(&bytes).ok());
        }
    }
}
