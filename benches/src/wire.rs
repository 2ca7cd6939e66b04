//! The WebSocket framing that the load and the bare loop need.

/// The opcode of a text frame.
pub const TEXT: u8 = 1;
/// The opcode of a binary frame.
pub const BINARY: u8 = 2;
/// The opcode of a ping.
pub const PING: u8 = 9;
/// The opcode of a close frame.
pub const CLOSE: u8 = 8;
/// The opcode of a pong.
pub const PONG: u8 = 10;

/// The mask of all client frames. It is not zero, so that a server must unmask the payload.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Appends a masked frame.
pub fn push_client_frame(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    push_head(out, opcode, 0x80, payload.len());
    out.extend_from_slice(&MASK);
    let masked = payload.iter().zip(MASK.iter().cycle());
    out.extend(masked.map(|(byte, key)| byte ^ key));
}

/// Appends an unmasked frame, as servers send it.
pub fn push_server_frame(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    push_head(out, opcode, 0, payload.len());
    out.extend_from_slice(payload);
}

fn push_head(out: &mut Vec<u8>, opcode: u8, mask: u8, length: usize) {
    out.push(0x80 | opcode);
    if length < 126 {
        out.push(mask | u8::try_from(length).unwrap_or(0));
    } else if let Ok(length) = u16::try_from(length) {
        out.push(mask | 0x7e);
        out.extend_from_slice(&length.to_be_bytes());
    } else {
        out.push(mask | 0x7f);
        out.extend_from_slice(&(length as u64).to_be_bytes());
    }
}

/// The layout of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The opcode.
    pub opcode: u8,
    /// The masking key, if the frame is masked.
    pub mask: Option<[u8; 4]>,
    /// The length of the header in bytes.
    pub header: usize,
    /// The length of the payload in bytes.
    pub payload: usize,
}

impl Head {
    /// Parses the header of a frame. `None` if it is incomplete.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let &[first, second, ref rest @ ..] = bytes else {
            return None;
        };
        let (extended, payload) = match second & 0x7f {
            126 => (
                2,
                usize::from(u16::from_be_bytes(rest.first_chunk().copied()?)),
            ),
            127 => {
                let length = u64::from_be_bytes(rest.first_chunk().copied()?);
                (8, usize::try_from(length).ok()?)
            }
            length => (0, usize::from(length)),
        };
        let (mask, masked) = if second & 0x80 == 0 {
            (None, 0)
        } else {
            (Some(rest.get(extended..)?.first_chunk().copied()?), 4)
        };
        Some(Self {
            opcode: first & 0x0f,
            mask,
            header: 2 + extended + masked,
            payload,
        })
    }
}

/// Passes each complete frame at the start of `bytes` to `take`. Returns the number of processed
/// bytes.
pub fn frames(bytes: &[u8], mut take: impl FnMut(u8, &[u8])) -> usize {
    let mut at = 0;
    while let Some(head) = Head::parse(&bytes[at..]) {
        let start = at + head.header;
        let Some(payload) = bytes.get(start..start + head.payload) else {
            break;
        };
        take(head.opcode, payload);
        at = start + head.payload;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_of_any_length_is_read_as_written() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let mut bytes = Vec::new();
            push_server_frame(&mut bytes, TEXT, &vec![b'x'; length]);
            let mut seen = Vec::new();
            let used = frames(&bytes, |opcode, payload| seen.push((opcode, payload.len())));
            assert_eq!((used, seen), (bytes.len(), vec![(TEXT, length)]));
        }
    }
}
