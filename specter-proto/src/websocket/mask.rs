//! Removes a client's mask from a payload (RFC 6455, section 5.3), many bytes at a time.

/// The number of words that are unmasked together. The compiler uses one vector operation for them.
const BLOCK: usize = 2;

/// XORs `data` with `key`, repeated.
#[inline]
pub(super) fn unmask(data: &mut [u8], key: [u8; 4]) {
    let Some(last) = data.last_chunk() else {
        for (byte, key) in data.iter_mut().zip([key, key].as_flattened()) {
            *byte ^= key;
        }
        return;
    };
    let key = u64::from(u32::from_le_bytes(key)) * 0x1_0000_0001;
    // The length may not be a multiple of a word, so the last 8 bytes are unmasked on their own.
    // They may overlap the words below, so they are read before these words change and written back
    // afterwards. They may begin at any byte of the key, so the key is rotated.
    let rotation = u32::try_from(data.len() % 4 * 8).unwrap_or_default();
    let last = unmasked(*last, key.rotate_right(rotation));
    let (words, _) = data.as_chunks_mut::<8>();
    let (blocks, words) = words.as_chunks_mut::<BLOCK>();
    for block in blocks {
        *block = block.map(|word| unmasked(word, key));
    }
    if let [word] = words {
        *word = unmasked(*word, key);
    }
    if let Some(end) = data.last_chunk_mut() {
        *end = last;
    }
}

#[inline]
fn unmasked(word: [u8; 8], key: u64) -> [u8; 8] {
    (u64::from_le_bytes(word) ^ key).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_example_of_the_rfc_is_hello() {
        let mut data = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
        unmask(&mut data, [0x37, 0xfa, 0x21, 0x3d]);
        assert_eq!(&data, b"Hello");
    }

    #[test]
    fn every_length_is_unmasked_and_no_neighbouring_byte() {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        for length in 0..=70 {
            for start in 0..9 {
                let mut data = vec![0; start + length + 9];
                unmask(&mut data[start..start + length], key);
                let mask = (0..length).map(|at| key[at % 4]);
                let mut expected = vec![0; start];
                expected.extend(mask);
                expected.extend([0; 9]);
                assert_eq!(data, expected, "{length}");
            }
        }
    }

    proptest! {
        #[test]
        fn words_and_bytes_agree(
            data in prop::collection::vec(any::<u8>(), 0..100),
            key: [u8; 4],
        ) {
            let plain: Vec<u8> = data
                .iter()
                .enumerate()
                .map(|(at, byte)| byte ^ key[at % 4])
                .collect();
            let mut fast = data;
            unmask(&mut fast, key);
            prop_assert_eq!(fast, plain);
        }
    }
}
