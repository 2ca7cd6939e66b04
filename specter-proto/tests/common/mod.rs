//! The helpers of the decoder's tests.

use specter_proto::socketio::{Decoder, DecoderLimits, EventPacket, Packet, ParseError};

pub(crate) fn decoder() -> Decoder {
    Decoder::new(DecoderLimits::default())
}

pub(crate) fn decode(text: &str) -> Result<Option<Packet>, ParseError> {
    decoder().text(text)
}

pub(crate) fn event(text: &str) -> EventPacket {
    match decode(text) {
        Ok(Some(Packet::Event(event))) => event,
        other => panic!("{text}: {other:?}"),
    }
}

pub(crate) fn decode_error(text: &str) -> ParseError {
    decode(text).expect_err(text)
}
