//! The header in front of a frame's payload (RFC 6455, section 5.2): its opcodes, and how it is
//! written.
//!
//! Only headers of server frames are written here: they are unmasked and use no extension. The
//! decoder reads the headers of client frames.

/// The longest header of a server frame, in bytes: 2 bytes, and a length of 64 bits.
pub const MAX_HEADER: usize = 10;

/// The longest payload, in bytes, whose length fits the header's second byte.
const MAX_SHORT_LENGTH: usize = 125;
/// The second byte of a header with a length of 16 bits.
const LENGTH_16: u8 = 126;
/// The second byte of a header with a length of 64 bits.
const LENGTH_64: u8 = 127;
/// The bit of the first byte that marks a message's last frame.
const FIN: u8 = 0x80;

/// The type of a frame (RFC 6455, section 5.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Opcode {
    /// A further fragment of a message.
    Continuation,
    /// A message of UTF-8 text, or its first fragment.
    Text,
    /// A message of bytes, or its first fragment.
    Binary,
    /// The start of the closing handshake, or the answer to it.
    Close,
    /// A request for a pong, which shows that the peer is there.
    Ping,
    /// The answer to a ping.
    Pong,
}

impl Opcode {
    /// The four bits of the opcode on the wire.
    pub const fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xA,
        }
    }

    /// The opcode that four bits stand for. `None` for reserved ones.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            0x0 => Some(Self::Continuation),
            0x1 => Some(Self::Text),
            0x2 => Some(Self::Binary),
            0x8 => Some(Self::Close),
            0x9 => Some(Self::Ping),
            0xA => Some(Self::Pong),
            _ => None,
        }
    }

    /// Whether a frame with this opcode is a control frame, which is short, is never fragmented,
    /// and may come between the fragments of a message.
    pub const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// Writes the header of an unmasked frame with a payload of `len` bytes to the start of `out`, and
/// returns the header's length. `fin` marks the last frame of a message.
pub fn write_header(out: &mut [u8; MAX_HEADER], fin: bool, opcode: Opcode, len: usize) -> usize {
    out[0] = opcode.bits() | if fin { FIN } else { 0 };
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(short), _) if len <= MAX_SHORT_LENGTH => {
            out[1] = short;
            2
        }
        (_, Ok(medium)) => {
            out[1] = LENGTH_16;
            out[2..4].copy_from_slice(&medium.to_be_bytes());
            4
        }
        _ => {
            out[1] = LENGTH_64;
            out[2..10].copy_from_slice(&(len as u64).to_be_bytes());
            10
        }
    }
}

/// Returns the header of an unmasked message of one frame if two bytes are enough for it. The two
/// bytes are written as one value, because a processor must wait for separately written bytes to
/// leave its store buffer before it can copy them together.
#[inline]
pub(crate) fn short_header(opcode: Opcode, len: usize) -> Option<[u8; 2]> {
    let short = u8::try_from(len).ok().filter(|_| len <= MAX_SHORT_LENGTH)?;
    let first = u16::from(FIN | opcode.bits());
    Some((first | u16::from(short) << 8).to_le_bytes())
}

/// Appends the header of an unmasked message of one frame.
pub(crate) fn append_header(bytes: &mut Vec<u8>, opcode: Opcode, len: usize) {
    let start = bytes.len();
    // The header is written in its final place, so that none of it is read back.
    bytes.extend_from_slice(&[0; MAX_HEADER]);
    let target = bytes.last_chunk_mut();
    let used = target.map_or(0, |target| write_header(target, true, opcode, len));
    bytes.truncate(start + used);
}

/// Writes the header of an unmasked message of one frame to the end of `out`, directly before its
/// payload, and returns the header's length.
#[inline]
pub(crate) fn write_header_at_end(out: &mut [u8; MAX_HEADER], opcode: Opcode, len: usize) -> usize {
    let first = FIN | opcode.bits();
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(short), _) if len <= MAX_SHORT_LENGTH => {
            out[8] = first;
            out[9] = short;
            2
        }
        (_, Ok(medium)) => {
            out[6] = first;
            out[7] = LENGTH_16;
            out[8..].copy_from_slice(&medium.to_be_bytes());
            4
        }
        _ => write_header(out, true, opcode, len),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(fin: bool, opcode: Opcode, len: usize) -> Vec<u8> {
        let mut out = [0; MAX_HEADER];
        let used = write_header(&mut out, fin, opcode, len);
        out[..used].to_vec()
    }

    #[test]
    fn the_shortest_form_of_a_length_is_written() {
        assert_eq!(written(true, Opcode::Text, 0), [0x81, 0]);
        assert_eq!(written(true, Opcode::Binary, 125), [0x82, 125]);
        assert_eq!(written(true, Opcode::Text, 126), [0x81, 126, 0, 126]);
        assert_eq!(written(true, Opcode::Text, 255), [0x81, 126, 0, 255]);
        assert_eq!(written(true, Opcode::Text, 65_535), [0x81, 126, 0xFF, 0xFF]);
        assert_eq!(
            written(true, Opcode::Text, 65_536),
            [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]
        );
    }

    #[test]
    fn all_ways_of_writing_a_header_agree() {
        for opcode in [Opcode::Text, Opcode::Binary] {
            for len in [0, 1, 125, 126, 127, 255, 256, 65_535, 65_536, 1 << 40] {
                let mut out = [7; MAX_HEADER];
                let used = write_header_at_end(&mut out, opcode, len);
                let header = &out[MAX_HEADER - used..];
                let expected = written(true, opcode, len);
                assert_eq!(header, expected, "{len}");
                let mut bytes = b"before".to_vec();
                append_header(&mut bytes, opcode, len);
                assert_eq!(bytes, [b"before", &*expected].concat());
                let short = short_header(opcode, len).map(Vec::from);
                assert_eq!(short, Some(expected).filter(|header| header.len() == 2));
            }
        }
    }

    #[test]
    fn a_fragment_has_no_fin_bit() {
        assert_eq!(written(false, Opcode::Continuation, 1), [0, 1]);
    }

    #[test]
    fn opcodes_and_their_bits_agree() {
        for bits in 0..=u8::MAX {
            match Opcode::from_bits(bits) {
                Some(opcode) => assert_eq!(opcode.bits(), bits),
                None => assert!(matches!(bits, 3..=7 | 11..)),
            }
        }
    }
}
