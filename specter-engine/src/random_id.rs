//! Random ids that cannot be guessed: 120 random bits as 20 characters of URL-safe base64.
//!
//! One format for two purposes: the session id, which is a secret of one client, and the public id
//! of a socket. The two are never equal: each is generated separately.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::hash::Hasher;
use std::{fmt, mem};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The length of an id in characters.
pub const ID_LENGTH: usize = 20;

const RANDOM_BYTES: usize = 15;

/// The number of ids for which a thread requests random bytes at a time.
const RESERVED: usize = 32;

/// Twenty characters of `A-Z a-z 0-9 - _`, stored inline.
///
/// `Debug` does not show it, and there is no `Display`, because it may be a session id.
/// [`as_str`](Self::as_str) returns its text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RandomId([u8; ID_LENGTH]);

/// Unused random bytes of a thread. They are requested from the operating system for many ids at a
/// time, because that call takes longer than everything else about an id.
struct Reserve {
    bytes: [u8; RESERVED * RANDOM_BYTES],
    /// The number of unused bytes at the front. Zeros follow them.
    left: usize,
}

thread_local! {
    static RESERVE: RefCell<Reserve> = const {
        RefCell::new(Reserve { bytes: [0; RESERVED * RANDOM_BYTES], left: 0 })
    };
}

impl Reserve {
    /// Takes bytes and overwrites them.
    fn take(&mut self) -> [u8; RANDOM_BYTES] {
        if self.left < RANDOM_BYTES {
            fill(&mut self.bytes);
            self.left = self.bytes.len();
        }
        self.left -= RANDOM_BYTES;
        let mut taken = [0; RANDOM_BYTES];
        let place = self.bytes.iter_mut().skip(self.left);
        for (taken, byte) in taken.iter_mut().zip(place) {
            *taken = mem::take(byte);
        }
        taken
    }
}

fn fill(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system's random source failed");
}

/// Generates a new id from the operating system's random source. A process that forks may generate
/// the same ids in both parts; the framework does not fork.
///
/// # Panics
/// If the operating system's random source fails. No safe id can be generated then.
pub fn random_id() -> RandomId {
    let reserved = RESERVE.try_with(|reserve| reserve.borrow_mut().take());
    let bytes = reserved.unwrap_or_else(|_| {
        // The thread is ending.
        let mut bytes = [0; RANDOM_BYTES];
        fill(&mut bytes);
        bytes
    });
    let mut text = [b'A'; ID_LENGTH];
    // Fifteen bytes are exactly twenty characters, so the slice cannot be too small.
    let written = URL_SAFE_NO_PAD.encode_slice(bytes, &mut text);
    debug_assert_eq!(written, Ok(ID_LENGTH));
    RandomId(text)
}

impl RandomId {
    /// The characters, which are ASCII.
    pub fn into_bytes(self) -> [u8; ID_LENGTH] {
        self.0
    }

    /// The text of the id.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Hashes ids by their first eight characters, for a map whose keys a peer cannot choose. A peer
/// can choose the ids that are looked up, but the duration of a lookup reveals at most a few of an
/// id's 120 bits.
#[derive(Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, id: &[u8]) {
        /// An odd number with ones in all parts, which spreads the low bits to the high ones.
        const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
        let first = id
            .first_chunk()
            .map_or(0, |first| u64::from_le_bytes(*first));
        // A map uses the lowest and the highest bits.
        self.0 = first.wrapping_mul(SPREAD).rotate_left(26);
    }

    /// All ids have the same length.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
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
    use super::{ID_LENGTH, IdHasher, RANDOM_BYTES, RESERVED, Reserve, random_id};
    use std::borrow::Borrow;
    use std::collections::HashSet;
    use std::hash::{BuildHasher, BuildHasherDefault};

    #[test]
    fn hashes_of_ids_spread_over_the_bits_that_maps_look_at() {
        let hasher = BuildHasherDefault::<IdHasher>::default();
        let (mut low, mut high) = (HashSet::new(), HashSet::new());
        for _ in 0..10_000 {
            let id = random_id();
            let hash = hasher.hash_one(id);
            let text: &[u8] = id.borrow();
            assert_eq!(hasher.hash_one(text), hash);
            low.insert(hash % 128);
            high.insert(hash >> 57);
        }
        assert_eq!((low.len(), high.len()), (128, 128));
        assert_eq!(hasher.hash_one(b"short".as_slice()), 0);
    }

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
    fn taken_bytes_are_overwritten() {
        let mut reserve = Reserve {
            bytes: [0; RESERVED * RANDOM_BYTES],
            left: 0,
        };
        let taken: HashSet<_> = (0..3 * RESERVED).map(|_| reserve.take()).collect();
        assert_eq!(taken.len(), 3 * RESERVED);
        assert_eq!(
            (reserve.left, reserve.bytes),
            (0, [0; RESERVED * RANDOM_BYTES])
        );
    }

    #[test]
    fn debug_does_not_show_the_id() {
        let id = random_id();
        assert!(!format!("{id:?}").contains(id.as_str()));
    }
}
