//! Outgoing messages in the form that both transports send, encoded once for all recipients.
//!
//! A [`Frame`] holds its WebSocket header and its payload in one shared buffer. A WebSocket sends
//! the whole buffer, polling only the payload. Nothing here knows what a payload means, apart from
//! the Engine.IO type character at the start of a text message.

use std::iter;
use std::sync::Arc;

use bytes::Bytes;

use crate::websocket::{MAX_HEADER, Opcode, write_header};

/// Whether a frame's payload is text or binary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameKind {
    /// An Engine.IO packet, its type character included.
    Text,
    /// The raw bytes of a message, without a type character.
    Binary,
}

impl FrameKind {
    pub(super) const fn opcode(self) -> Opcode {
        match self {
            Self::Text => Opcode::Text,
            Self::Binary => Opcode::Binary,
        }
    }
}

/// An outgoing message, ready for either transport. Cloning it copies a handle, not the bytes.
#[derive(Clone, Debug)]
pub struct Frame {
    pub(super) bytes: Bytes,
    /// The index at which the payload begins, which is the length of the WebSocket header.
    pub(super) payload_at: u8,
    pub(super) kind: FrameKind,
}

impl Frame {
    /// The whole unmasked WebSocket frame: header and payload.
    pub fn websocket(&self) -> &Bytes {
        &self.bytes
    }

    /// The bytes after the WebSocket header. For a text frame this is the Engine.IO packet with its
    /// type character, for a binary frame the raw data.
    pub fn payload(&self) -> &[u8] {
        self.bytes
            .get(usize::from(self.payload_at)..)
            .unwrap_or_default()
    }

    /// Whether the payload is text or binary.
    pub fn kind(&self) -> FrameKind {
        self.kind
    }

    /// The number of bytes that the frame takes on a WebSocket. Limits count these bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// A text message: an Engine.IO packet of the type `4` with this text.
    pub fn text_message(text: &str) -> Self {
        Self::from_parts(FrameKind::Text, &[b"4", text.as_bytes()])
    }

    /// A binary message.
    pub fn binary_message(data: &[u8]) -> Self {
        Self::from_parts(FrameKind::Binary, &[data])
    }

    /// A frame with the concatenated parts as its payload, in an allocation of exactly its size.
    pub(super) fn from_parts(kind: FrameKind, parts: &[&[u8]]) -> Self {
        let payload = parts.iter().map(|part| part.len()).sum();
        let mut header = [0; MAX_HEADER];
        let used = write_header(&mut header, true, kind.opcode(), payload);
        let mut bytes = Vec::with_capacity(used + payload);
        bytes.extend_from_slice(&header[..used]);
        for part in parts {
            bytes.extend_from_slice(part);
        }
        Self {
            bytes: bytes.into(),
            payload_at: u8::try_from(used).unwrap_or(u8::MAX),
            kind,
        }
    }

    /// One or more whole WebSocket frames, to be sent unchanged. Polling must not send them,
    /// because their headers are not separated from their payloads.
    #[doc(hidden)]
    pub fn of_websocket(bytes: Bytes) -> Self {
        Self {
            bytes,
            payload_at: 0,
            kind: FrameKind::Text,
        }
    }

    /// A constant text frame. `bytes` must be the whole frame, with a header of two bytes.
    pub(super) const fn from_static(bytes: &'static [u8]) -> Self {
        Self {
            bytes: Bytes::from_static(bytes),
            payload_at: 2,
            kind: FrameKind::Text,
        }
    }
}

/// A message and the attachments that follow it. They are queued, sent and dropped together, and no
/// other packet's frames come between them.
#[derive(Clone, Debug)]
pub struct EncodedPacket {
    first: Frame,
    attachments: Option<Arc<[Frame]>>,
}

impl EncodedPacket {
    /// Creates a packet of a message and its attachments, in the order in which they are sent.
    pub fn new(first: Frame, attachments: impl Into<Arc<[Frame]>>) -> Self {
        let attachments = attachments.into();
        Self {
            first,
            attachments: (!attachments.is_empty()).then_some(attachments),
        }
    }

    /// The message, without its attachments.
    pub fn first(&self) -> &Frame {
        &self.first
    }

    /// The frames, in the order in which they are sent.
    pub fn frames(&self) -> impl Iterator<Item = &Frame> {
        let attachments = self.attachments.as_deref().unwrap_or_default();
        iter::once(&self.first).chain(attachments)
    }

    /// The number of frames: one for the message, and one for each attachment.
    pub fn frame_count(&self) -> usize {
        1 + self.attachments.as_deref().map_or(0, <[Frame]>::len)
    }

    /// Splits the packet after `frames` frames, but at least after the first. The second part is
    /// `None` if the packet has no further frames. Both parts must be sent one after the other,
    /// with nothing between them.
    #[must_use = "both parts must be sent, or frames of the packet are lost"]
    pub fn split(self, frames: usize) -> (Self, Option<Self>) {
        let attachments = self.attachments.as_deref().unwrap_or_default();
        let kept = frames.max(1) - 1;
        let Some((next, rest)) = attachments.get(kept..).and_then(<[_]>::split_first) else {
            return (self, None);
        };
        let rest = Self::new(next.clone(), rest.to_vec());
        let kept = attachments.get(..kept).unwrap_or_default().to_vec();
        (Self::new(self.first, kept), Some(rest))
    }

    /// The number of bytes that all frames take on a WebSocket. Limits count these bytes.
    pub fn size(&self) -> usize {
        self.frames().map(Frame::size).sum()
    }
}

impl From<Frame> for EncodedPacket {
    fn from(first: Frame) -> Self {
        Self {
            first,
            attachments: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_message_carries_its_type_and_its_header() {
        let frame = Frame::text_message("hi");
        assert_eq!(frame.websocket().as_ref(), b"\x81\x034hi");
        assert_eq!(frame.payload(), b"4hi");
        assert_eq!((frame.kind(), frame.size()), (FrameKind::Text, 5));
    }

    #[test]
    fn a_packet_is_split_between_its_frames() {
        let texts = |packet: &EncodedPacket| {
            let frames = packet.frames().map(|frame| frame.payload().to_vec());
            frames.collect::<Vec<_>>().concat()
        };
        let packet = EncodedPacket::new(
            Frame::text_message("a"),
            vec![Frame::text_message("b"), Frame::text_message("c")],
        );
        for (frames, first, second) in [
            (0, "4a", "4b4c"),
            (1, "4a", "4b4c"),
            (2, "4a4b", "4c"),
            (3, "4a4b4c", ""),
            (9, "4a4b4c", ""),
        ] {
            let (head, tail) = packet.clone().split(frames);
            assert_eq!(texts(&head), first.as_bytes());
            let tail = tail.map(|tail| texts(&tail)).unwrap_or_default();
            assert_eq!(tail, second.as_bytes());
        }
    }

    #[test]
    fn binary_message_is_raw() {
        let frame = Frame::binary_message(&[1, 2, 3]);
        assert_eq!(frame.websocket().as_ref(), [0x82, 3, 1, 2, 3]);
        assert_eq!(frame.payload(), [1, 2, 3]);
    }

    #[test]
    fn header_length_follows_the_payload() {
        for (len, header) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let data = vec![7; len];
            let frame = Frame::binary_message(&data);
            assert_eq!(frame.size(), header + len);
            assert_eq!(frame.payload(), data);
        }
    }

    #[test]
    fn clones_share_the_bytes() {
        let frame = Frame::text_message("shared");
        let clone = frame.clone();
        assert_eq!(frame.websocket().as_ptr(), clone.websocket().as_ptr());
    }

    #[test]
    fn a_packet_counts_its_attachments() {
        let alone = EncodedPacket::from(Frame::text_message("a"));
        assert_eq!((alone.frame_count(), alone.size()), (1, 4));
        let both = EncodedPacket::new(
            Frame::text_message("a"),
            vec![Frame::binary_message(b"xyz"), Frame::binary_message(b"")],
        );
        assert_eq!((both.frame_count(), both.size()), (3, 4 + 5 + 2));
        let kinds: Vec<_> = both.frames().map(Frame::kind).collect();
        assert_eq!(
            kinds,
            [FrameKind::Text, FrameKind::Binary, FrameKind::Binary]
        );
    }
}
