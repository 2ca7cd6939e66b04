//! Short texts, each checked as one block.
//!
//! Where it lies, a text this short is looked at byte by byte up to an address that suits the
//! processor, which is another for each text of a stream. The copy is looked at in one go (on
//! processors for which `simdutf8` has instructions), whatever the text. It must not know where a
//! text comes from.

use std::fmt;

/// The longest text that is checked so, in bytes.
pub(super) const LONGEST: usize = 64;

/// The text that was checked last, until the next one is.
pub(super) struct Short([u8; LONGEST]);

impl Short {
    pub(super) const fn new() -> Self {
        Self([0; LONGEST])
    }

    /// A text of at most [`LONGEST`] bytes, if it is UTF-8.
    #[inline]
    pub(super) fn check(&mut self, bytes: &[u8]) -> Option<&str> {
        let Self(block) = self;
        // Zeros are text, and go on with no character that ends too early.
        *block = [0; LONGEST];
        block.get_mut(..bytes.len())?.copy_from_slice(bytes);
        let text = simdutf8::basic::from_utf8(block).ok()?;
        text.get(..bytes.len())
    }
}

/// Nothing of the text.
impl fmt::Debug for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Short").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Short};
    use proptest::prelude::*;

    #[test]
    fn a_character_that_ends_too_early_is_found_at_every_place() {
        let mut short = Short::new();
        for before in 0..LONGEST {
            for character in ["é", "漢", "😀"] {
                let text = "a".repeat(before) + character;
                for end in before + 1..=(text.len() - 1).min(LONGEST) {
                    assert_eq!(short.check(&text.as_bytes()[..end]), None, "{before} {end}");
                }
                if text.len() <= LONGEST {
                    assert_eq!(short.check(text.as_bytes()), Some(&*text));
                }
            }
        }
    }

    #[test]
    fn a_text_ends_where_it_ends() {
        let mut short = Short::new();
        for text in ["x".repeat(LONGEST), "yy\0".to_owned(), String::new()] {
            assert_eq!(short.check(text.as_bytes()), Some(&*text));
        }
        assert_eq!(short.check(&[b'x'; LONGEST + 1]), None);
    }

    proptest! {
        #[test]
        fn it_is_what_the_standard_library_says(
            bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..=LONGEST),
                "\\PC{0,16}".prop_map(String::into_bytes),
                ("\\PC{1,16}", any::<prop::sample::Index>(), any::<u8>()).prop_map(|(text, at, byte)| {
                    let mut bytes = text.into_bytes();
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                    bytes
                }),
            ],
        ) {
            let mut short = Short::new();
            prop_assert_eq!(short.check(&bytes), std::str::from_utf8(&bytes).ok());
        }
    }
}
