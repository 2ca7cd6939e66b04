//! The bytes that were read from a WebSocket and are not decoded yet: a part of a frame, or the
//! frames that are left when reading stops. An empty buffer holds no memory.

use std::ops::Range;

/// Up to this many bytes are copied in front of the next read, so that a frame which is split
/// between two reads is decoded in the read buffer. More bytes are collected here, or each read of
/// a long message would copy all of it again.
const CARRY: usize = 4 * 1024;

/// Bytes that are left after decoding.
#[derive(Default)]
pub(crate) struct ReadBuffer {
    bytes: Vec<u8>,
    /// The bytes before this index are decoded.
    at: usize,
    /// Decoding cannot continue until there are this many bytes.
    needed: usize,
}

impl ReadBuffer {
    /// Whether decoding may continue without another read.
    pub(crate) fn is_ready(&self) -> bool {
        let len = self.len();
        len > 0 && len >= self.needed
    }

    /// The number of bytes.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// The bytes.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.at..).unwrap_or_default()
    }

    /// Removes the first `consumed` bytes, which are decoded. Decoding of the rest continues when
    /// `wanted` more bytes have arrived, or immediately if `wanted` is 0.
    pub(crate) fn consume(&mut self, consumed: usize, wanted: usize) {
        self.at = (self.at + consumed).min(self.bytes.len());
        self.needed = self.len() + wanted;
        if self.at == self.bytes.len() {
            *self = Self::default();
        }
    }

    /// Copies the bytes to the front of a read buffer, if they are few. Returns the range to read
    /// into; it starts at 0 if nothing was copied.
    #[inline]
    pub(crate) fn copy_remainder_into(&self, buffer: &mut [u8]) -> Range<usize> {
        if self.bytes.is_empty() {
            0..buffer.len()
        } else {
            self.copy_into(buffer)
        }
    }

    #[inline(never)]
    fn copy_into(&self, buffer: &mut [u8]) -> Range<usize> {
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

    /// Whether [`copy_remainder_into`](Self::copy_remainder_into) would copy the bytes.
    pub(crate) fn is_carried(&self) -> bool {
        self.len() <= CARRY
    }

    /// Replaces the bytes by the rest of a read buffer; `wanted` is as in
    /// [`consume`](Self::consume).
    #[inline]
    pub(crate) fn replace(&mut self, rest: &[u8], wanted: usize) {
        // A buffer without memory is already in its initial state.
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

    /// Appends bytes.
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        if self.at > 0 {
            self.bytes.drain(..self.at);
            self.at = 0;
        }
        let len = self.bytes.len() + bytes.len();
        if len > self.bytes.capacity() {
            // Reserves as much as decoding needs, so that a long message is not copied repeatedly;
            // but at most a few times what was received, whatever length a peer announces.
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
    fn few_bytes_are_copied_in_front_of_the_next_read() {
        let mut input = ReadBuffer::default();
        input.replace(b"abc", 2);
        assert!(!input.is_ready());
        let mut buffer = [0; 8];
        assert!(input.is_carried());
        assert_eq!(input.copy_remainder_into(&mut buffer), 3..8);
        assert_eq!(&buffer[..3], b"abc");
    }

    #[test]
    fn many_bytes_are_collected_until_decoding_can_continue() {
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
    fn an_empty_buffer_holds_no_memory() {
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
