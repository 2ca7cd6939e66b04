//! Finds the end of the plain part of a JSON string: the next quote, backslash or control
//! character. It looks at many bytes at a time.

/// Where, at `from` or behind it, the next quote, backslash or control character stands; the end if
/// there is none.
#[inline]
pub(in crate::socketio) fn find_special(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let Some(word) = rest.first_chunk() else {
        return bytes.len() - behind_few(rest).len();
    };
    // Most strings end here.
    match first_special(*word) {
        Some(special) => from + special,
        None => behind_word(bytes, from),
    }
}

/// The same where the word at `from` is plain.
#[inline(never)]
fn behind_word(bytes: &[u8], from: usize) -> usize {
    let mut rest = bytes.get(from + WORD..).unwrap_or_default();
    rest = behind_plain::<LONG>(rest);
    rest = behind_plain::<BLOCK>(rest);
    while let Some((word, behind)) = rest.split_first_chunk() {
        if let Some(special) = first_special(*word) {
            return bytes.len() - rest.len() + special;
        }
        rest = behind;
    }
    // What is left is a part of the last word. Its other bytes lie behind `from`, and were found
    // plain.
    let last = bytes.last_chunk().and_then(|word| first_special(*word));
    last.map_or(bytes.len(), |special| bytes.len() - WORD + special)
}

/// The rest from its first byte that is not plain. It is shorter than a word.
#[inline(never)]
fn behind_few(mut rest: &[u8]) -> &[u8] {
    while let Some((byte, behind)) = rest.split_first()
        && !is_special(*byte)
    {
        rest = behind;
    }
    rest
}

/// Bytes of a word.
const WORD: usize = 8;
/// So many bytes are looked at together in a long text.
const LONG: usize = 64;
/// And in what is left of it: what fits a register of every processor.
const BLOCK: usize = 16;

/// Passes by the blocks of `N` bytes that hold neither quote nor backslash nor control character.
#[inline]
fn behind_plain<const N: usize>(mut rest: &[u8]) -> &[u8] {
    while let Some((block, behind)) = rest.split_first_chunk::<N>() {
        // Every byte is looked at, which the compiler makes a few instructions of.
        let special = block
            .iter()
            .fold(0, |special, byte| special | u8::from(is_special(*byte)));
        if special != 0 {
            break;
        }
        rest = behind;
    }
    rest
}

#[inline]
#[expect(
    clippy::needless_bitwise_bool,
    reason = "without branches many are compared at once"
)]
fn is_special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// The place of the first byte of `word` that is a quote, a backslash or a control character.
#[inline]
fn first_special(word: [u8; WORD]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; WORD]);
    const TOPS: u64 = u64::from_ne_bytes([0x80; WORD]);
    let word = u64::from_le_bytes(word);
    // Below a subtrahend the top bit is borrowed. Bytes that have it from the start are none
    // of these.
    let quote = (word ^ (ONES * 0x22)).wrapping_sub(ONES);
    let backslash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
    let control = word.wrapping_sub(ONES * 0x20);
    // The lowest bit is exact; those above it may be carried over.
    let special = (quote | backslash | control) & !word & TOPS;
    (special != 0).then(|| (special.trailing_zeros() / 8) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_byte_is_found_at_every_place() {
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
                // Beside a special byte the neighbours are borrowed from.
                for before in [0x1f, b'"', b'\\'] {
                    let text = [vec![byte; length], vec![before, byte, byte]].concat();
                    let expected = if special { 0 } else { length };
                    assert_eq!(find_special(&text, 0), expected, "{byte} {before}");
                }
            }
        }
    }
}
