//! The header in front of a frame's payload (RFC 6455, section 5.2): opcodes, and writing.
//!
//! Only server frames are written here: unmasked, without extensions. Reading is the decoder's.

/// The longest header of a server frame, in bytes: two, and a 64-bit length.
pub const MAX_HEADER: usize = 10;

/// The longest payload whose length stands in the header's second byte.
const SHORT: usize = 125;
/// What the second byte says when a 16-bit length follows.
const LENGTH_16: u8 = 126;
/// What the second byte says when a 64-bit length follows.
const LENGTH_64: u8 = 127;
/// The bit of the first byte that marks a message's last frame.
const FIN: u8 = 0x80;

/// What a frame is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Opcode {
    /// A further fragment of a message.
    Continuation,
    /// A message of UTF-8 text, or its first fragment.
    Text,
    /// A message of bytes, or its first fragment.
    Binary,
    /// The end of the connection.
    Close,
    /// A question whether the peer is there.
    Ping,
    /// The answer to a ping.
    Pong,
}

impl Opcode {
    /// The four bits that stand for it on the wire.
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

    /// The opcode that four bits stand for; `None` for the reserved ones.
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

    /// Whether it is a control frame: short, never fragmented, allowed between fragments.
    pub const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// Writes the header of an unmasked frame with `len` bytes of payload to the start of `out`, and
/// says how long it is.
pub fn write_header(out: &mut [u8; MAX_HEADER], fin: bool, opcode: Opcode, len: usize) -> usize {
    out[0] = opcode.bits() | if fin { FIN } else { 0 };
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(short), _) if len <= SHORT => {
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

/// The header of an unmasked message of one frame, where two bytes are enough. As one value: of
/// bytes written one by one a copy cannot be made before they have left the processor's store
/// buffer.
#[inline]
pub(crate) fn short_header(opcode: Opcode, len: usize) -> Option<[u8; 2]> {
    let short = u8::try_from(len).ok().filter(|_| len <= SHORT)?;
    let first = u16::from(FIN | opcode.bits());
    Some((first | u16::from(short) << 8).to_le_bytes())
}

/// Appends the header of an unmasked message of one frame.
pub(crate) fn append_header(bytes: &mut Vec<u8>, opcode: Opcode, len: usize) {
    let start = bytes.len();
    // Written in its place: nothing of it is read back.
    bytes.extend_from_slice(&[0; MAX_HEADER]);
    let room = bytes.last_chunk_mut();
    let used = room.map_or(0, |room| write_header(room, true, opcode, len));
    bytes.truncate(start + used);
}

/// Writes the header of an unmasked message of one frame to the end of `room`, so that the payload
/// can follow, and says how long it is.
#[inline]
pub(crate) fn write_header_behind(
    room: &mut [u8; MAX_HEADER],
    opcode: Opcode,
    len: usize,
) -> usize {
    let first = FIN | opcode.bits();
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(short), _) if len <= SHORT => {
            room[8] = first;
            room[9] = short;
            2
        }
        (_, Ok(medium)) => {
            room[6] = first;
            room[7] = LENGTH_16;
            room[8..].copy_from_slice(&medium.to_be_bytes());
            4
        }
        _ => write_header(room, true, opcode, len),
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
    fn a_header_before_its_payload_is_the_same() {
        for opcode in [Opcode::Text, Opcode::Binary] {
            for len in [0, 1, 125, 126, 127, 255, 256, 65_535, 65_536, 1 << 40] {
                let mut room = [7; MAX_HEADER];
                let used = write_header_behind(&mut room, opcode, len);
                let header = &room[MAX_HEADER - used..];
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
