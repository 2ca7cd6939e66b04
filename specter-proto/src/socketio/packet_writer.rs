//! A packet that was just encoded: it is sent from the buffer in which it was encoded, or converted
//! into one that can be queued.

use std::sync::Arc;

use super::attachments::Attachments;
use crate::engine::{BufferedFrame, EncodedPacket, Frame, append_binary};
use crate::websocket::{MAX_HEADER, Opcode, write_header};

/// An encoded packet that still lies in the buffer in which it was written.
///
/// Where it can be written at once, its bytes are taken from there; to be queued or sent to many it
/// becomes a [`EncodedPacket`] packet.
#[derive(Debug)]
pub struct PacketWriter {
    first: BufferedFrame,
    attachments: Attachments,
}

impl PacketWriter {
    pub(super) fn new(first: BufferedFrame, attachments: Attachments) -> Self {
        Self { first, attachments }
    }

    /// The bytes that all of it takes on a WebSocket. Limits count these.
    #[inline]
    pub fn size(&self) -> usize {
        let first = self.first.websocket().len();
        if self.attachments.is_nothing() {
            first
        } else {
            first + self.attached_size()
        }
    }

    #[inline(never)]
    fn attached_size(&self) -> usize {
        let attachments = self.attachments.iter();
        let attachments = attachments.map(|data| header(data, &mut [0; MAX_HEADER]) + data.len());
        attachments.sum()
    }

    /// Appends it as it is sent on a WebSocket.
    #[inline]
    pub fn append_to(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.first.websocket());
        if !self.attachments.is_nothing() {
            append_attached(&self.attachments, bytes);
        }
    }
}

#[inline(never)]
pub(super) fn append_attached(attachments: &Attachments, bytes: &mut Vec<u8>) {
    for data in attachments.iter() {
        append_binary(bytes, data);
    }
}

fn header(data: &[u8], room: &mut [u8; MAX_HEADER]) -> usize {
    write_header(room, true, Opcode::Binary, data.len())
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
