//! Compares short texts, such as event names, inline: a call of `memcmp` would cost more than the
//! comparison.

/// Whether both texts are equal.
#[inline]
pub(super) fn short_eq(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    match one.len() {
        4..=8 => are_ends_same::<4>(one, other),
        9..=16 => are_ends_same::<8>(one, other),
        _ => one == other,
    }
}

/// Compares the first and the last `N` bytes, which overlap or meet.
#[inline]
fn are_ends_same<const N: usize>(one: &[u8], other: &[u8]) -> bool {
    one.first_chunk::<N>() == other.first_chunk() && one.last_chunk::<N>() == other.last_chunk()
}

#[cfg(test)]
mod tests {
    use super::short_eq;

    #[test]
    fn texts_of_every_length_are_compared_whole() {
        for length in 0..40 {
            let text: Vec<u8> = (b'a'..=b'z').cycle().take(length).collect();
            assert!(short_eq(&text, &text.clone()));
            assert!(!short_eq(&text, &[&*text, b"a"].concat()));
            for place in 0..length {
                let mut other = text.clone();
                other[place] ^= 1;
                assert!(!short_eq(&text, &other), "{length} {place}");
                assert!(!short_eq(&text, &text[..place]));
            }
        }
    }
}
