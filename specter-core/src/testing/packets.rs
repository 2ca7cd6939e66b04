//! Encoding and decoding of packets for the client's side of a test.

use specter_proto::engine::{EncodedPacket, FrameKind};
use specter_proto::socketio::{AckPacket, Decoder, DecoderLimits, EncodeError, Packet};

/// The limits of a test's client. It has none, because tests are about the limits of the server.
pub(super) const LIMITS: DecoderLimits = DecoderLimits {
    max_attachments: usize::MAX,
    max_bytes: usize::MAX,
    max_namespace_len: usize::MAX,
    max_event_name_len: usize::MAX,
};

/// Returns the encoded packet.
///
/// # Panics
/// If the packet could not be encoded.
#[track_caller]
pub(super) fn expect_encoded<T>(packet: Result<T, EncodeError>) -> T {
    packet.unwrap_or_else(|error| panic!("the packet cannot be encoded: {error}"))
}

/// Decodes a packet as its receiver would. `None` if it is no Socket.IO packet.
pub(super) fn decode(packet: &EncodedPacket) -> Option<Packet> {
    let mut decoder = Decoder::new(LIMITS);
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
