//! The client's side of the WebSocket protocol (RFC 6455): encodes masked frames and decodes
//! messages.
//!
//! It rejects invalid frames from the server, as a browser does.

use bytes::{Buf, BytesMut};
use specter_proto::websocket::Opcode;

/// The masking key. It need not be random: no proxy reads these frames.
const MASK: [u8; 4] = [0x5a, 0xc3, 0x0f, 0x96];
const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;
/// The length field's value if a 16-bit length follows.
const LENGTH_16: u8 = 0x7e;
/// The length field's value if a 64-bit length follows.
const LENGTH_64: u8 = 0x7f;
const OPCODE_BITS: u8 = 0x0f;
const RESERVED_BITS: u8 = 0x70;

/// A message or control frame from the server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Message {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    /// With the status code, if there is one.
    Close(Option<u16>),
}

/// A received frame: its FIN bit, opcode and payload.
type ReceivedFrame = (bool, Opcode, Vec<u8>);

/// Encodes one masked frame with the FIN bit set.
pub(super) fn frame(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 14);
    frame.push(FIN | opcode.bits());
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short), _) if short < LENGTH_16 => frame.push(MASKED | short),
        (_, Ok(medium)) => {
            frame.push(MASKED | LENGTH_16);
            frame.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            frame.push(MASKED | LENGTH_64);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&MASK);
    let masked = payload.iter().zip(MASK.iter().cycle());
    frame.extend(masked.map(|(byte, mask)| byte ^ mask));
    frame
}

/// Decodes messages from received bytes.
#[derive(Default)]
pub(super) struct Reader {
    /// Received bytes that are not decoded yet.
    pub(super) buffer: BytesMut,
    /// The opcode and the fragments received so far of an incomplete message.
    partial: Option<(Opcode, Vec<u8>)>,
}

impl Reader {
    pub(super) fn starting_with(buffer: BytesMut) -> Self {
        Self {
            buffer,
            partial: None,
        }
    }

    /// The next message. `None` while it is incomplete. An error describes the frame of the server
    /// that violates RFC 6455.
    pub(super) fn next(&mut self) -> Result<Option<Message>, &'static str> {
        while let Some(frame) = self.frame()? {
            if let Some(message) = self.add_frame(frame)? {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    /// The next frame. `None` while it is incomplete.
    fn frame(&mut self) -> Result<Option<ReceivedFrame>, &'static str> {
        let [first, second, ..] = *self.buffer else {
            return Ok(None);
        };
        if first & RESERVED_BITS != 0 {
            return Err("a frame with reserved bits");
        }
        if second & MASKED != 0 {
            return Err("a masked frame");
        }
        let opcode =
            Opcode::from_bits(first & OPCODE_BITS).ok_or("a frame with an unknown opcode")?;
        let extended = |len: usize| self.buffer.get(2..2 + len);
        let (header, len) = match second {
            LENGTH_16 => match extended(2) {
                Some(bytes) => (4, big_endian(bytes)),
                None => return Ok(None),
            },
            LENGTH_64 => match extended(8) {
                Some(bytes) => (10, big_endian(bytes)),
                None => return Ok(None),
            },
            short => (2, usize::from(short)),
        };
        if opcode.is_control() && (len > 125 || first & FIN == 0) {
            return Err("a control frame that is fragmented or longer than 125 bytes");
        }
        if self.buffer.len() - header < len {
            return Ok(None);
        }
        self.buffer.advance(header);
        let payload = self.buffer.split_to(len).to_vec();
        Ok(Some((first & FIN != 0, opcode, payload)))
    }

    /// Adds a frame to the current message. Returns the message if that is complete.
    fn add_frame(
        &mut self,
        (fin, opcode, payload): ReceivedFrame,
    ) -> Result<Option<Message>, &'static str> {
        let (kind, whole) = match (opcode, self.partial.take()) {
            (Opcode::Ping, partial) => {
                self.partial = partial;
                return Ok(Some(Message::Ping(payload)));
            }
            (Opcode::Pong, partial) => {
                self.partial = partial;
                return Ok(Some(Message::Pong));
            }
            (Opcode::Close, _) => {
                let code = payload.first_chunk().copied().map(u16::from_be_bytes);
                return Ok(Some(Message::Close(code)));
            }
            (Opcode::Continuation, Some((kind, mut whole))) => {
                whole.extend_from_slice(&payload);
                (kind, whole)
            }
            (Opcode::Text | Opcode::Binary, None) => (opcode, payload),
            _ => return Err("an unexpected continuation or data frame"),
        };
        if !fin {
            self.partial = Some((kind, whole));
            return Ok(None);
        }
        if kind == Opcode::Binary {
            return Ok(Some(Message::Binary(whole)));
        }
        let text = String::from_utf8(whole).map_err(|_| "text that is not UTF-8")?;
        Ok(Some(Message::Text(text)))
    }
}

fn big_endian(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | usize::from(*byte))
}

#[cfg(test)]
mod tests {
    use specter_proto::engine::{EncodedPacket, Frame};
    use specter_proto::websocket::Opcode;

    use super::{Message, Reader, frame};

    fn read(bytes: &[u8]) -> Result<Vec<Message>, &'static str> {
        let mut reader = Reader::default();
        let mut messages = Vec::new();
        // One byte at a time, so that decoding is interrupted everywhere.
        for byte in bytes {
            reader.buffer.extend_from_slice(&[*byte]);
            while let Some(message) = reader.next()? {
                messages.push(message);
            }
        }
        Ok(messages)
    }

    #[test]
    fn frames_of_every_length_are_read() {
        for len in [0, 1, 125, 126, 65_535, 65_536] {
            let packet = EncodedPacket::from(Frame::binary_message(&vec![7; len]));
            let bytes: Vec<_> = packet
                .frames()
                .flat_map(|frame| frame.websocket().to_vec())
                .collect();
            assert_eq!(read(&bytes), Ok(vec![Message::Binary(vec![7; len])]));
        }
    }

    #[test]
    fn fragments_are_joined_around_control_frames() {
        let bytes = b"\x01\x02a\xc3\x89\x01p\x80\x01\xa4\x88\x02\x03\xe8";
        let expected = [
            Message::Ping(b"p".to_vec()),
            Message::Text("aä".into()),
            Message::Close(Some(1000)),
        ];
        assert_eq!(read(bytes), Ok(expected.to_vec()));
    }

    #[test]
    fn invalid_frames_are_rejected_with_a_description() {
        for (bytes, description) in [
            (&b"\x81\x80"[..], "a masked frame"),
            (b"\xc1\x00", "a frame with reserved bits"),
            (b"\x83\x00", "a frame with an unknown opcode"),
            (b"\x80\x00", "an unexpected continuation or data frame"),
            (
                b"\x01\x00\x81\x00",
                "an unexpected continuation or data frame",
            ),
            (b"\x81\x01\xff", "text that is not UTF-8"),
            (
                b"\x09\x00",
                "a control frame that is fragmented or longer than 125 bytes",
            ),
        ] {
            assert_eq!(read(bytes), Err(description), "{bytes:?}");
        }
    }

    #[test]
    fn frames_are_masked() {
        assert_eq!(
            frame(Opcode::Text, b"hi!hi"),
            [
                0x81,
                0x85,
                0x5a,
                0xc3,
                0x0f,
                0x96,
                b'h' ^ 0x5a,
                b'i' ^ 0xc3,
                b'!' ^ 0x0f,
                b'h' ^ 0x96,
                b'i' ^ 0x5a
            ]
        );
        assert_eq!(frame(Opcode::Binary, &[0; 126])[..4], [0x82, 0xfe, 0, 126]);
        assert_eq!(
            frame(Opcode::Binary, &vec![0; 65_536])[..10],
            [0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0]
        );
    }
}
