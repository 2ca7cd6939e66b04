//! The trait of packets that can be queued, or appended to the bytes that a WebSocket sends.

use super::EncodedPacket;

/// An outgoing packet. It is encoded already, or is encoded when it is written.
///
/// A packet that goes through a queue is converted [`into`](Into) its encoded form. A packet that
/// is written at once is appended to the bytes of the WebSocket, without a buffer of its own.
pub trait EncodePacket: Into<EncodedPacket> {
    /// The number of bytes that the packet takes on a WebSocket, frame headers included.
    fn size(&self) -> usize;

    /// Appends the packet's WebSocket frames to `bytes`.
    fn append_to(&self, bytes: &mut Vec<u8>);
}

impl EncodePacket for EncodedPacket {
    fn size(&self) -> usize {
        self.size()
    }

    fn append_to(&self, bytes: &mut Vec<u8>) {
        for frame in self.frames() {
            bytes.extend_from_slice(frame.websocket());
        }
    }
}
