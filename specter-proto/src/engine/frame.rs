//! Outgoing messages in the form that both transports send, encoded once for all recipients.
//!
//! A [`Frame`] holds its WebSocket header and its payload in one shared buffer: the WebSocket sends
//! all of it, polling the part behind the header. Nothing here knows what a payload means, apart
//! from the Engine.IO type character in front of a text message.

use std::iter;
use std::sync::Arc;

use bytes::{Buf, Bytes};

use crate::websocket::{MAX_HEADER, Opcode, write_header};

/// Whether a frame's payload is text or bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameKind {
    /// An Engine.IO packet, its type character included.
    Text,
    /// Raw bytes: a message without a type character.
    Binary,
}

impl FrameKind {
    const fn opcode(self) -> Opcode {
        match self {
            Self::Text => Opcode::Text,
            Self::Binary => Opcode::Binary,
        }
    }
}

/// An outgoing message, ready for any transport. Cloning it copies a handle, not the bytes.
#[derive(Clone, Debug)]
pub struct Frame {
    bytes: Bytes,
    /// Where the payload starts: the length of the WebSocket header.
    payload_at: u8,
    kind: FrameKind,
}

impl Frame {
    /// The whole unmasked WebSocket frame: header and payload.
    pub fn websocket(&self) -> &Bytes {
        &self.bytes
    }

    /// What stands behind the WebSocket header. For text this is the Engine.IO packet with its type
    /// character, for binary the raw data.
    pub fn payload(&self) -> &[u8] {
        self.bytes
            .get(usize::from(self.payload_at)..)
            .unwrap_or_default()
    }

    /// Whether the payload is text or bytes.
    pub fn kind(&self) -> FrameKind {
        self.kind
    }

    /// The bytes that it takes on a WebSocket. Limits count these.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// A text message: the Engine.IO packet `4` with `text` in it.
    pub fn text_message(text: &str) -> Self {
        let mut builder = FrameBuilder::new(0, 1 + text.len());
        builder.body().push(b'4');
        builder.body().extend_from_slice(text.as_bytes());
        builder.finish(FrameKind::Text)
    }

    /// A binary message.
    pub fn binary_message(data: &[u8]) -> Self {
        let mut builder = FrameBuilder::new(0, data.len());
        builder.body().extend_from_slice(data);
        builder.finish(FrameKind::Binary)
    }

    /// A frame that stands in the program. `bytes` must be a short one: a header of two bytes.
    pub(super) const fn from_static(bytes: &'static [u8]) -> Self {
        Self {
            bytes: Bytes::from_static(bytes),
            payload_at: 2,
            kind: FrameKind::Text,
        }
    }
}

/// Writes a frame back to front: the body first, then what depends on it in front of it.
///
/// ```
/// use specter_proto::engine::{FrameBuilder, FrameKind};
///
/// let mut builder = FrameBuilder::new(2, 16);
/// builder.body().extend_from_slice(br#"["hello"]"#);
/// builder.prepend(b"42");
/// let frame = builder.finish(FrameKind::Text);
/// assert_eq!(frame.payload(), br#"42["hello"]"#);
/// assert_eq!(frame.websocket()[..2], [0x81, 11]);
/// ```
#[derive(Debug)]
pub struct FrameBuilder {
    buffer: Vec<u8>,
    /// Where the payload starts so far: it moves down as bytes are prepended.
    start: usize,
}

impl FrameBuilder {
    /// A builder with room for `headroom` bytes to be prepended and `capacity` to be appended. The
    /// body may outgrow `capacity`; `headroom` is a promise. The WebSocket header has its own room.
    pub fn new(headroom: usize, capacity: usize) -> Self {
        let start = MAX_HEADER + headroom;
        let mut buffer = Vec::with_capacity(start + capacity);
        buffer.resize(start, 0);
        Self { buffer, start }
    }

    /// The buffer to append the body to. What is in it already belongs to the builder: only add.
    pub fn body(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// How long the payload is so far, prepended bytes included.
    pub fn body_len(&self) -> usize {
        self.buffer.len().saturating_sub(self.start)
    }

    /// Puts `bytes` in front of what is there.
    ///
    /// # Panics
    ///
    /// When more is prepended than the head-room that the builder was made with: an error of the
    /// caller's program, never of a peer.
    pub fn prepend(&mut self, bytes: &[u8]) {
        assert!(
            self.start >= MAX_HEADER + bytes.len(),
            "prepended more than the head-room of the frame builder"
        );
        let start = self.start - bytes.len();
        self.buffer[start..self.start].copy_from_slice(bytes);
        self.start = start;
    }

    /// Writes the WebSocket header in front and closes the frame.
    ///
    /// # Panics
    ///
    /// When [`body`](Self::body) was used to take away what it did not add.
    pub fn finish(mut self, kind: FrameKind) -> Frame {
        assert!(
            self.buffer.len() >= self.start,
            "removed the head-room of the frame builder"
        );
        let mut header = [0; MAX_HEADER];
        let used = write_header(&mut header, true, kind.opcode(), self.body_len());
        let start = self.start - used;
        self.buffer[start..self.start].copy_from_slice(&header[..used]);
        let mut bytes = Bytes::from(self.buffer);
        // Not `slice`: that would count a second owner of a buffer that has one.
        bytes.advance(start);
        Frame {
            bytes,
            payload_at: u8::try_from(used).unwrap_or(u8::MAX),
            kind,
        }
    }
}

/// One message with the attachments that follow it. They are queued, sent and dropped as one item,
/// never interleaved with another's.
#[derive(Clone, Debug)]
pub struct Prepared {
    first: Frame,
    attachments: Option<Arc<[Frame]>>,
}

impl Prepared {
    /// A message and its attachments, in the order in which they are to be sent.
    pub fn new(first: Frame, attachments: Vec<Frame>) -> Self {
        Self {
            first,
            attachments: (!attachments.is_empty()).then(|| attachments.into()),
        }
    }

    /// The frames, in the order in which they are to be sent.
    pub fn frames(&self) -> impl Iterator<Item = &Frame> {
        let attachments = self.attachments.as_deref().unwrap_or_default();
        iter::once(&self.first).chain(attachments)
    }

    /// How many frames there are: one, and one for each attachment.
    pub fn frame_count(&self) -> usize {
        1 + self.attachments.as_deref().map_or(0, <[Frame]>::len)
    }

    /// Splits it behind so many frames, at least one. The second part is `None` where there are no
    /// more than that. Both are to be sent one after the other, with nothing between them.
    #[must_use]
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

    /// The bytes that all of it takes on a WebSocket. Limits count these.
    pub fn size(&self) -> usize {
        self.frames().map(Frame::size).sum()
    }
}

impl From<Frame> for Prepared {
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
        let texts = |packet: &Prepared| {
            let frames = packet.frames().map(|frame| frame.payload().to_vec());
            frames.collect::<Vec<_>>().concat()
        };
        let packet = Prepared::new(
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
    fn prepended_parts_stand_in_front_of_the_body() {
        let mut builder = FrameBuilder::new(5, 0);
        builder.body().extend_from_slice(b"body");
        builder.prepend(b"de");
        builder.prepend(b"abc");
        assert_eq!(builder.body_len(), 9);
        assert_eq!(builder.finish(FrameKind::Text).payload(), b"abcdebody");
    }

    #[test]
    #[should_panic(expected = "head-room")]
    fn prepending_more_than_the_headroom_is_a_bug() {
        FrameBuilder::new(1, 0).prepend(b"ab");
    }

    #[test]
    fn clones_share_the_bytes() {
        let frame = Frame::text_message("shared");
        let clone = frame.clone();
        assert_eq!(frame.websocket().as_ptr(), clone.websocket().as_ptr());
    }

    #[test]
    fn prepared_counts_its_attachments() {
        let alone = Prepared::from(Frame::text_message("a"));
        assert_eq!((alone.frame_count(), alone.size()), (1, 4));
        let both = Prepared::new(
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
