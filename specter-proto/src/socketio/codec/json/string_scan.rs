//! Finds the next quote, backslash or control character of a JSON string, where its plain part
//! ends. It compares many bytes at a time.

/// The index of the first quote, backslash or control character at or after `from`, or the end of
/// `bytes` if there is none.
#[inline]
pub(in crate::socketio) fn find_special(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let Some(word) = rest.first_chunk() else {
        return bytes.len() - skip_plain_bytes(rest).len();
    };
    // Most strings end within this word.
    match first_special(*word) {
        Some(special) => from + special,
        None => find_special_after_word(bytes, from),
    }
}

/// Does the same as [`find_special`] if the word at `from` is plain.
#[inline(never)]
fn find_special_after_word(bytes: &[u8], from: usize) -> usize {
    let mut rest = bytes.get(from + WORD..).unwrap_or_default();
    rest = skip_plain_blocks::<LONG_BLOCK>(rest);
    rest = skip_plain_blocks::<SHORT_BLOCK>(rest);
    while let Some((word, after)) = rest.split_first_chunk() {
        if let Some(special) = first_special(*word) {
            return bytes.len() - rest.len() + special;
        }
        rest = after;
    }
    // The remaining bytes are the end of the last word of the text. The other bytes of that word
    // come after `from` and are plain.
    let last = bytes.last_chunk().and_then(|word| first_special(*word));
    last.map_or(bytes.len(), |special| bytes.len() - WORD + special)
}

/// The rest of fewer bytes than a word, from its first special byte on.
#[inline(never)]
fn skip_plain_bytes(mut rest: &[u8]) -> &[u8] {
    while let Some((byte, after)) = rest.split_first()
        && !is_special(*byte)
    {
        rest = after;
    }
    rest
}

/// The number of bytes of a word.
const WORD: usize = 8;
/// The number of bytes of a long text that are compared together.
const LONG_BLOCK: usize = 64;
/// The number of bytes that are compared together in a shorter text. They fit a vector register of
/// every processor.
const SHORT_BLOCK: usize = 16;

/// Skips the blocks of `N` bytes without quotes, backslashes and control characters.
#[inline]
fn skip_plain_blocks<const N: usize>(mut rest: &[u8]) -> &[u8] {
    while let Some((block, after)) = rest.split_first_chunk::<N>() {
        // Comparing every byte, without an early exit, compiles to a few vector instructions.
        let special = block
            .iter()
            .fold(0, |special, byte| special | u8::from(is_special(*byte)));
        if special != 0 {
            break;
        }
        rest = after;
    }
    rest
}

#[inline]
#[expect(
    clippy::needless_bitwise_bool,
    reason = "without branches the compiler compares many bytes at once"
)]
fn is_special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// The index of the first quote, backslash or control character in `word`.
#[inline]
fn first_special(word: [u8; WORD]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; WORD]);
    const TOPS: u64 = u64::from_ne_bytes([0x80; WORD]);
    let word = u64::from_le_bytes(word);
    // Subtracting from a smaller byte sets its top bit by a borrow. Bytes whose top bit is set from
    // the start are not special.
    let quote = (word ^ (ONES * 0x22)).wrapping_sub(ONES);
    let backslash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
    let control = word.wrapping_sub(ONES * 0x20);
    // The lowest bit that is set is exact. Bits above it may be set by a borrow from a lower byte.
    let special = (quote | backslash | control) & !word & TOPS;
    (special != 0).then(|| (special.trailing_zeros() / 8) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_byte_is_found_at_every_index() {
        for length in 0..160 {
            let plain = vec![b'a'; length];
            for from in 0..=length + 1 {
                assert_eq!(find_special(&plain, from), length, "{length} {from}");
            }
            for place in 0..length {
                for special in [0, 1, 0x1f, b'"', b'\\'] {
                    let mut text = plain.clone();
                    text[place] = special;
                    for from in 0..=place {
                        assert_eq!(find_special(&text, from), place, "{length} {special}");
                    }
                    assert_eq!(find_special(&text, place + 1), length);
                }
            }
        }
    }

    #[test]
    fn every_other_byte_is_plain() {
        for byte in 0..=u8::MAX {
            let special = byte < 0x20 || byte == b'"' || byte == b'\\';
            for length in [1, 7, 8, 15, 16, 24, 40, 80, 150] {
                let found = find_special(&vec![byte; length], 0);
                assert_eq!(found, if special { 0 } else { length }, "{byte}");
                // The bytes after a special byte are affected by its borrow.
                for before in [0x1f, b'"', b'\\'] {
                    let text = [vec![byte; length], vec![before, byte, byte]].concat();
                    let expected = if special { 0 } else { length };
                    assert_eq!(find_special(&text, 0), expected, "{byte} {before}");
                }
            }
        }
    }
}
