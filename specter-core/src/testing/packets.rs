//! Socket.IO packets on the client's side: limits for decoding, and helpers that fail the test when
//! a packet cannot be encoded.

use specter_proto::engine::{EncodedPacket, FrameKind};
use specter_proto::socketio::{AckPacket, Decoder, DecoderLimits, EncodeError, Packet};

/// A test's client accepts packets of any size: limits protect the server, not its tests.
pub(super) const UNLIMITED: DecoderLimits = DecoderLimits {
    max_attachments: usize::MAX,
    max_bytes: usize::MAX,
    max_namespace: usize::MAX,
    max_event_name_len: usize::MAX,
};

/// The encoded packet.
///
/// # Panics
/// If encoding failed.
#[track_caller]
pub(super) fn expect_encoded<T>(packet: Result<T, EncodeError>) -> T {
    packet.unwrap_or_else(|error| panic!("the packet cannot be encoded: {error}"))
}

/// Decodes a whole packet, attachments included. `None` if it is no valid packet.
pub(super) fn decode(packet: &EncodedPacket) -> Option<Packet> {
    let mut decoder = Decoder::new(UNLIMITED);
    packet.frames().find_map(|frame| match frame.kind() {
        FrameKind::Binary => decoder.binary(frame.payload()).ok()?,
        FrameKind::Text => {
            let text = std::str::from_utf8(frame.payload()).ok()?;
            decoder.text(text.strip_prefix('4')?).ok()?
        }
    })
}

/// Decodes an acknowledgement. `None` if it is another packet.
pub(super) fn decode_ack(packet: &EncodedPacket) -> Option<AckPacket> {
    match decode(packet)? {
        Packet::Ack(ack) => Some(ack),
        _ => None,
    }
}
