//! Taking a client's mask off a payload (RFC 6455, section 5.3), a word at a time.

/// XORs `data` with `key`, repeated.
pub(super) fn unmask(data: &mut [u8], key: [u8; 4]) {
    let [a, b, c, d] = key;
    // The byte order does not matter as long as the key and the data are read in the same one.
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = data.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
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
