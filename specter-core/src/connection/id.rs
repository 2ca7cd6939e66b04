//! Ids that nobody can guess: 120 random bits as 20 characters of URL-safe base64.
//!
//! One form for two purposes that must never meet: the session id (a bearer secret of one client)
//! and the public id of a socket. Each is drawn anew.

use std::borrow::Borrow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// How many characters an id has.
pub(crate) const ID_LENGTH: usize = 20;

const RANDOM_BYTES: usize = 15;

/// Twenty characters of `A-Z a-z 0-9 - _`, held in place.
///
/// `Debug` shows nothing of it, and there is no `Display`, because it may be a session id;
/// [`as_str`](Self::as_str) is the deliberate way to its text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RandomId([u8; ID_LENGTH]);

/// Draws a new id from the operating system's random source.
///
/// # Panics
/// If the operating system has no random bytes to give, which leaves nothing safe to do.
pub(crate) fn random_id() -> RandomId {
    let mut bytes = [0_u8; RANDOM_BYTES];
    getrandom::fill(&mut bytes).expect("the operating system's random source works");
    let mut text = [b'A'; ID_LENGTH];
    // Fifteen bytes are exactly twenty characters, so the slice can not be too small.
    let written = URL_SAFE_NO_PAD.encode_slice(bytes, &mut text);
    debug_assert_eq!(written, Ok(ID_LENGTH));
    RandomId(text)
}

impl RandomId {
    /// The characters, all of them ASCII.
    pub(crate) fn into_bytes(self) -> [u8; ID_LENGTH] {
        self.0
    }

    /// The id's text.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Borrow<[u8]> for RandomId {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for RandomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RandomId(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::{ID_LENGTH, random_id};
    use std::collections::HashSet;

    #[test]
    fn ids_have_twenty_url_safe_characters_and_do_not_repeat() {
        let ids: HashSet<_> = (0..10_000).map(|_| random_id()).collect();
        assert_eq!(ids.len(), 10_000);
        for id in ids {
            let text = id.as_str();
            assert_eq!(text.len(), ID_LENGTH);
            assert!(
                text.bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            );
        }
    }

    #[test]
    fn debug_does_not_show_the_id() {
        let id = random_id();
        assert!(!format!("{id:?}").contains(id.as_str()));
    }
}
