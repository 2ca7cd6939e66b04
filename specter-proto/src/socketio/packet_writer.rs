//! A packet that was just encoded. It is sent from the buffer in which it was encoded, or converted
//! into a packet that can be queued.

use std::sync::Arc;

use super::attachments::Attachments;
use crate::engine::{BufferedFrame, EncodedPacket, Frame, append_binary};
use crate::websocket::{MAX_HEADER, Opcode, write_header};

/// An encoded packet that is still in the buffer in which it was written.
///
/// A packet that can be written at once is sent from there. A packet that is queued or sent to many
/// clients is converted into an [`EncodedPacket`].
#[derive(Debug)]
pub struct PacketWriter {
    first: BufferedFrame,
    attachments: Attachments,
}

impl PacketWriter {
    pub(super) fn new(first: BufferedFrame, attachments: Attachments) -> Self {
        Self { first, attachments }
    }

    /// The number of bytes that the packet takes on a WebSocket, attachments included. Limits count
    /// these bytes.
    #[inline]
    pub fn size(&self) -> usize {
        let first = self.first.websocket().len();
        if self.attachments.is_nothing() {
            first
        } else {
            first + self.attachments_size()
        }
    }

    #[inline(never)]
    fn attachments_size(&self) -> usize {
        let attachments = self.attachments.iter();
        let attachments = attachments.map(|data| header_len(data) + data.len());
        attachments.sum()
    }

    /// Appends the packet's WebSocket frames to `bytes`.
    #[inline]
    pub fn append_to(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.first.websocket());
        if !self.attachments.is_nothing() {
            append_attachments(&self.attachments, bytes);
        }
    }
}

#[inline(never)]
pub(super) fn append_attachments(attachments: &Attachments, bytes: &mut Vec<u8>) {
    for data in attachments.iter() {
        append_binary(bytes, data);
    }
}

/// The length of the WebSocket header of an attachment.
fn header_len(data: &[u8]) -> usize {
    write_header(&mut [0; MAX_HEADER], true, Opcode::Binary, data.len())
}

impl From<PacketWriter> for EncodedPacket {
    fn from(packet: PacketWriter) -> Self {
        let first = packet.first.into_frame();
        if packet.attachments.is_nothing() {
            return first.into();
        }
        let attachments = packet.attachments.iter();
        let attachments: Arc<[Frame]> = attachments
            .map(|data| Frame::binary_message(data))
            .collect();
        Self::new(first, attachments)
    }
}

impl crate::engine::EncodePacket for PacketWriter {
    fn size(&self) -> usize {
        self.size()
    }

    fn append_to(&self, bytes: &mut Vec<u8>) {
        self.append_to(bytes);
    }
}
