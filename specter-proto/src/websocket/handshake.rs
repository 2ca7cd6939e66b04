//! The accept key, which is the one computed part of the opening handshake (RFC 6455, section
//! 4.2.2).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use sha1::{Digest, Sha1};

/// The text that is appended to a key before it is hashed (RFC 6455, section 1.3).
const KEY_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The length of a key, in bytes: 16 bytes in padded base64.
const KEY_LENGTH: usize = 24;

/// The base64 of a client's key. The unused bits of its last character may be set.
const KEY_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// Returns the `Sec-WebSocket-Accept` that answers a `Sec-WebSocket-Key`, or `None` if the key is
/// not 16 bytes in base64.
pub fn accept_key(key: &str) -> Option<String> {
    if key.len() != KEY_LENGTH {
        return None;
    }
    let nonce = KEY_BASE64.decode(key).ok()?;
    if nonce.len() != 16 {
        return None;
    }
    let hash = Sha1::new()
        .chain_update(key.as_bytes())
        .chain_update(KEY_SUFFIX)
        .finalize();
    Some(STANDARD.encode(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc_is_accepted() {
        assert_eq!(
            accept_key("dGhlIHNhbXBsZSBub25jZQ==").as_deref(),
            Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        );
    }

    #[test]
    fn a_key_other_than_16_bytes_of_base64_is_rejected() {
        for key in [
            "",
            "dGhlIHNhbXBsZSBub25jZQ",
            "dGhlIHNhbXBsZSBub25jZQ=",
            "dGhlIHNhbXBsZSBub25jZTE=",
            "dGhlIHNhbXBsZSBub25jZTEy",
            " dGhlIHNhbXBsZSBub25jZQ=",
            "dGhlIHNhbXBsZSBub25j!Q==",
            "========================",
            "dGhlIHNhbXBsZSBub25jZQ==dGhlIHNhbXBsZSBub25jZQ==",
        ] {
            assert_eq!(accept_key(key), None, "{key}");
        }
        assert!(accept_key("dGhlIHNhbXBsZSBub25jZR==").is_some());
    }
}
