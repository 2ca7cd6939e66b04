//! The trait of packets that can be queued, or appended to the bytes of a WebSocket.

use super::EncodedPacket;

/// A packet on its way to the network: either encoded already, or encoded where it is written.
///
/// A packet that goes through a queue is converted [`into`](Into) its encoded form. One that is
/// written at once is appended to the bytes of the WebSocket, without a buffer of its own.
pub trait EncodePacket: Into<EncodedPacket> {
    /// How many bytes the packet takes on a WebSocket, frame headers included.
    fn size(&self) -> usize;

    /// Appends the packet as it is sent on a WebSocket.
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
