//! The bytes that were read from a WebSocket and not decoded yet: a part of a frame, or the frames
//! that are left when reading stops. Empty, it holds no memory.

use std::ops::Range;

/// Up to this many bytes are copied in front of the next read, so that a frame split between two
/// reads is still decoded where it was read. More is gathered here instead, or each read of a long
/// message would copy all of it again.
const CARRY: usize = 4 * 1024;

/// What is left over of what was read.
#[derive(Default)]
pub(crate) struct ReadBuffer {
    bytes: Vec<u8>,
    /// Those in front are used up.
    at: usize,
    /// As long as fewer bytes than this are here, decoding can not get on.
    needed: usize,
}

impl ReadBuffer {
    /// Whether decoding may get on with what is here, without another read.
    pub(crate) fn is_ready(&self) -> bool {
        let len = self.len();
        len > 0 && len >= self.needed
    }

    /// How many bytes are here.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// What is here.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.at..).unwrap_or_default()
    }

    /// The first `consumed` bytes are used up. Decoding gets on again with `wanted` more than are
    /// left then; with none, at once.
    pub(crate) fn consume(&mut self, consumed: usize, wanted: usize) {
        self.at = (self.at + consumed).min(self.bytes.len());
        self.needed = self.len() + wanted;
        if self.at == self.bytes.len() {
            *self = Self::default();
        }
    }

    /// Takes what is here to the front of a read buffer, if it is little. The range is where to
    /// read to; it starts at 0 where nothing was taken.
    #[inline]
    pub(crate) fn copy_remainder_into(&self, buffer: &mut [u8]) -> Range<usize> {
        if self.bytes.is_empty() {
            0..buffer.len()
        } else {
            self.carry_some_into(buffer)
        }
    }

    #[inline(never)]
    fn carry_some_into(&self, buffer: &mut [u8]) -> Range<usize> {
        let carried = self.bytes.get(self.at..).unwrap_or_default();
        let len = buffer.len();
        if carried.len() > CARRY {
            return 0..len;
        }
        match buffer.get_mut(..carried.len()) {
            Some(front) => {
                front.copy_from_slice(carried);
                carried.len()..len
            }
            None => 0..len,
        }
    }

    /// Whether what is here would be carried by [`copy_remainder_into`](Self::copy_remainder_into).
    pub(crate) fn is_carried(&self) -> bool {
        self.len() <= CARRY
    }

    /// Replaces what is here by the rest of a buffer, with `wanted` as in
    /// [`consume`](Self::consume).
    #[inline]
    pub(crate) fn replace(&mut self, rest: &[u8], wanted: usize) {
        // Without memory it is as it was made.
        if !rest.is_empty() || self.bytes.capacity() > 0 {
            self.keep(rest, wanted);
        }
    }

    #[inline(never)]
    fn keep(&mut self, rest: &[u8], wanted: usize) {
        *self = Self {
            bytes: rest.to_vec(),
            at: 0,
            needed: if rest.is_empty() {
                0
            } else {
                rest.len() + wanted
            },
        };
    }

    /// Adds bytes behind what is here.
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        if self.at > 0 {
            self.bytes.drain(..self.at);
            self.at = 0;
        }
        let len = self.bytes.len() + bytes.len();
        if len > self.bytes.capacity() {
            // As much as is wanted, so that a long message is not copied again and again; but no
            // more than a few times what came, whatever a peer announces.
            let wanted = self.needed.clamp(len, len.saturating_mul(4));
            self.bytes.reserve_exact(wanted - self.bytes.len());
        }
        self.bytes.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::{CARRY, ReadBuffer};

    #[test]
    fn little_is_carried_in_front_of_the_next_read() {
        let mut input = ReadBuffer::default();
        input.replace(b"abc", 2);
        assert!(!input.is_ready());
        let mut buffer = [0; 8];
        assert!(input.is_carried());
        assert_eq!(input.copy_remainder_into(&mut buffer), 3..8);
        assert_eq!(&buffer[..3], b"abc");
    }

    #[test]
    fn much_is_gathered_until_it_is_enough() {
        let mut input = ReadBuffer::default();
        input.replace(&vec![1; CARRY + 1], 10);
        assert!(!input.is_carried());
        assert_eq!(input.copy_remainder_into(&mut [0; 8]), 0..8);
        input.append(&[2; 9]);
        assert!(!input.is_ready());
        input.append(&[3]);
        assert!(input.is_ready());
        assert_eq!(input.bytes_mut().len(), CARRY + 11);
    }

    #[test]
    fn used_up_it_holds_no_memory() {
        let mut input = ReadBuffer::default();
        input.append(b"abcdef");
        assert!(input.is_ready());
        input.consume(2, 0);
        assert!(input.is_ready());
        assert_eq!(input.bytes_mut(), b"cdef");
        input.append(b"g");
        assert_eq!(input.bytes_mut(), b"cdefg");
        input.consume(5, 0);
        assert!(!input.is_ready());
        assert_eq!(input.bytes.capacity(), 0);
    }
}
