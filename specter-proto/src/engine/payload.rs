//! Polling bodies: packets joined by the record separator (0x1E), binary ones as `b` and base64.
//!
//! A body is read in one pass, without a copy of its texts; how many bytes it may have is the
//! HTTP layer's to enforce before it gets here. Not here: what the packets do to a session.

use std::borrow::Cow;
use std::str::{self, Split};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use thiserror::Error;

use super::frame::{Frame, FrameKind};
use super::packet::{Packet, PacketError};

/// What stands between two packets.
const SEPARATOR: u8 = 0x1E;

/// Clients pad, or do not; the bits of a value are checked either way.
const LENIENT_PADDING: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What bounds a polling body, apart from its size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PayloadLimits {
    /// How many packets it may hold. The default is 65,536: a client that emits in a loop sends all
    /// of it in its next request, so thousands are normal, while the smallest events would fit
    /// 125,000 times into a body of the default size.
    pub max_packets: usize,
}

impl Default for PayloadLimits {
    fn default() -> Self {
        Self {
            max_packets: 65_536,
        }
    }
}

/// Why a body, or a packet in it, cannot be read. Each closes the session with `parse error`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum PayloadError {
    /// The body is not UTF-8.
    #[error("polling body is not utf-8 from byte {at} on")]
    NotUtf8 {
        /// Where it stops being UTF-8.
        at: usize,
    },
    /// There are more packets than allowed.
    #[error("polling body holds more than {limit} packets")]
    TooManyPackets {
        /// The limit.
        limit: usize,
    },
    /// An element is not a packet. An empty body, and a separator at an end, is an empty packet.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// What follows a `b` is not base64.
    #[error("binary packet is not base64")]
    Base64,
}

impl PayloadError {
    /// A stable name for logs and counters.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotUtf8 { .. } => "engine_payload_not_utf8",
            Self::TooManyPackets { .. } => "engine_payload_too_many_packets",
            Self::Packet(error) => error.code(),
            Self::Base64 => "engine_payload_base64",
        }
    }
}

/// One element of a polling body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PayloadPacket<'a> {
    /// A packet in text form.
    Text(Packet<'a>),
    /// A binary message.
    Binary(Vec<u8>),
}

impl PayloadPacket<'_> {
    /// It as a packet, whichever way it was written.
    pub fn as_packet(&self) -> Packet<'_> {
        match self {
            Self::Text(packet) => *packet,
            Self::Binary(data) => Packet::Binary(data),
        }
    }
}

/// Checks that a body is UTF-8 and within the limits, then yields its packets one by one.
pub fn decode<'a>(
    body: &'a [u8],
    limits: &PayloadLimits,
) -> Result<PayloadPackets<'a>, PayloadError> {
    let text = simdutf8::compat::from_utf8(body).map_err(|error| PayloadError::NotUtf8 {
        at: error.valid_up_to(),
    })?;
    let separators = body.iter().filter(|byte| **byte == SEPARATOR);
    let packets = 1 + separators.count();
    if packets > limits.max_packets {
        return Err(PayloadError::TooManyPackets {
            limit: limits.max_packets,
        });
    }
    Ok(PayloadPackets {
        rest: Some(text.split(char::from(SEPARATOR))),
    })
}

/// Reads one element of a body, by itself.
pub fn decode_one(element: &[u8]) -> Result<PayloadPacket<'_>, PayloadError> {
    let text = simdutf8::compat::from_utf8(element).map_err(|error| PayloadError::NotUtf8 {
        at: error.valid_up_to(),
    })?;
    decode_text(text)
}

/// Reads one packet in the text form that every transport shares: an element of a polling body, or
/// a WebSocket text message. Clients that cannot send binary data (`forceBase64`) write it as `b`
/// and base64 on both.
pub fn decode_text(packet: &str) -> Result<PayloadPacket<'_>, PayloadError> {
    match packet.strip_prefix('b') {
        Some(encoded) => decode_base64(encoded).map(PayloadPacket::Binary),
        None => Ok(PayloadPacket::Text(Packet::parse(packet)?)),
    }
}

/// The packets of a body, in order. The first that cannot be read is the last that is yielded.
#[derive(Clone, Debug)]
pub struct PayloadPackets<'a> {
    rest: Option<Split<'a, char>>,
}

impl<'a> Iterator for PayloadPackets<'a> {
    type Item = Result<PayloadPacket<'a>, PayloadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let element = self.rest.as_mut()?.next();
        let packet = element.map(decode_text);
        if !matches!(packet, Some(Ok(_))) {
            self.rest = None;
        }
        packet
    }
}

impl std::iter::FusedIterator for PayloadPackets<'_> {}

/// Line breaks are dropped first: the Java client breaks its base64 every 76 characters.
fn decode_base64(encoded: &str) -> Result<Vec<u8>, PayloadError> {
    let broken = encoded.bytes().any(|byte| matches!(byte, b'\r' | b'\n'));
    let joined = if broken {
        Cow::Owned(encoded.replace(['\r', '\n'], ""))
    } else {
        Cow::Borrowed(encoded)
    };
    LENIENT_PADDING
        .decode(joined.as_bytes())
        .map_err(|_| PayloadError::Base64)
}

/// Writes a polling body.
#[derive(Debug, Default)]
pub struct PayloadEncoder {
    body: Vec<u8>,
    /// A first packet may be no bytes long, so the body's length does not tell.
    started: bool,
}

impl PayloadEncoder {
    /// An empty body.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty body with room for exactly these packets.
    pub fn for_frames<'a>(frames: impl Iterator<Item = &'a Frame>) -> Self {
        let lens = frames.map(|frame| match frame.kind() {
            FrameKind::Text => 1 + frame.payload().len(),
            FrameKind::Binary => 2 + frame.payload().len().div_ceil(3) * 4,
        });
        Self {
            body: Vec::with_capacity(lens.sum::<usize>().saturating_sub(1)),
            started: false,
        }
    }

    /// Adds a packet.
    pub fn push(&mut self, frame: &Frame) {
        if self.started {
            self.body.push(SEPARATOR);
        }
        self.started = true;
        match frame.kind() {
            FrameKind::Text => self.body.extend_from_slice(frame.payload()),
            FrameKind::Binary => {
                self.body.push(b'b');
                let start = self.body.len();
                let len = frame.payload().len().div_ceil(3) * 4;
                self.body.resize(start + len, 0);
                let room = self.body.get_mut(start..).unwrap_or_default();
                // It fits: that is how long it is.
                let written = STANDARD.encode_slice(frame.payload(), room);
                debug_assert_eq!(written, Ok(len));
            }
        }
    }

    /// Whether nothing was pushed.
    pub fn is_empty(&self) -> bool {
        !self.started
    }

    /// How many bytes the body has so far.
    pub fn len(&self) -> usize {
        self.body.len()
    }

    /// The body.
    pub fn finish(self) -> Vec<u8> {
        self.body
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(body: &[u8]) -> Result<Vec<PayloadPacket<'_>>, PayloadError> {
        decode(body, &PayloadLimits::default())?.collect()
    }

    #[test]
    fn packets_are_read_in_order() {
        let packets = all(b"4hello\x1e2\x1ebAQIDBA==\x1e4").unwrap();
        assert_eq!(
            packets,
            [
                PayloadPacket::Text(Packet::Message("hello")),
                PayloadPacket::Text(Packet::Ping("")),
                PayloadPacket::Binary(vec![1, 2, 3, 4]),
                PayloadPacket::Text(Packet::Message("")),
            ]
        );
    }

    #[test]
    fn the_first_bad_packet_ends_the_body() {
        let mut packets = decode(b"4a\x1e9\x1e4b", &PayloadLimits::default()).unwrap();
        assert!(packets.next().unwrap().is_ok());
        let error = packets.next().unwrap().unwrap_err();
        assert_eq!(error.code(), "engine_packet_unknown_type");
        assert!(packets.next().is_none());
    }

    #[test]
    fn empty_elements_are_empty_packets() {
        for body in [&b""[..], b"\x1e", b"4a\x1e", b"\x1e4a", b"4a\x1e\x1e4b"] {
            assert_eq!(
                all(body),
                Err(PayloadError::Packet(PacketError::Empty)),
                "{body:?}"
            );
        }
    }

    #[test]
    fn a_body_must_be_utf8() {
        assert_eq!(all(b"4a\xff"), Err(PayloadError::NotUtf8 { at: 2 }));
    }

    #[test]
    fn packets_are_counted_before_any_is_read() {
        let limits = PayloadLimits { max_packets: 3 };
        assert_eq!(decode(b"4\x1e4\x1e4", &limits).unwrap().count(), 3);
        assert_eq!(
            decode(b"4\x1e4\x1e4\x1e4", &limits).unwrap_err(),
            PayloadError::TooManyPackets { limit: 3 }
        );
    }

    #[test]
    fn base64_may_be_unpadded_or_broken_into_lines() {
        for body in ["bAQIDBA==", "bAQIDBA", "bAQID\nBA==\n", "bAQ\r\nIDBA=="] {
            assert_eq!(
                all(body.as_bytes()).unwrap(),
                [PayloadPacket::Binary(vec![1, 2, 3, 4])],
                "{body:?}"
            );
        }
        assert_eq!(all(b"b").unwrap(), [PayloadPacket::Binary(vec![])]);
    }

    #[test]
    fn what_is_not_base64_is_refused() {
        for body in ["b!", "bA", "bAB", "bAQID_-", "bAQ=ID", "b====", "bé", "b A"] {
            assert_eq!(all(body.as_bytes()), Err(PayloadError::Base64), "{body:?}");
        }
    }

    #[test]
    fn worst_shapes_yield_no_more_than_their_separators() {
        let mut limits = PayloadLimits {
            max_packets: usize::MAX,
        };
        let body = vec![SEPARATOR; 1_000_000];
        // The first element is no packet, so nothing behind it is looked at.
        assert_eq!(decode(&body, &limits).unwrap().count(), 1);
        let body = b"6\x1e".repeat(500_000);
        assert_eq!(decode(&body, &limits).unwrap().count(), 500_001);
        limits.max_packets = 16;
        assert!(decode(&body, &limits).is_err());
    }

    #[test]
    fn a_body_is_written_as_clients_read_it() {
        let mut encoder = PayloadEncoder::new();
        assert!(encoder.is_empty());
        encoder.push(&Frame::text_message("hello"));
        encoder.push(&Frame::binary_message(&[1, 2, 3, 4]));
        encoder.push(&super::super::packet::control::noop());
        assert_eq!(encoder.len(), 18);
        assert_eq!(encoder.finish(), b"4hello\x1ebAQIDBA==\x1e6");
    }

    #[derive(Clone, Debug)]
    enum Sent {
        Text(String),
        Binary(Vec<u8>),
    }

    fn sent() -> impl Strategy<Value = Sent> {
        prop_oneof![
            "[^\u{1e}]*".prop_map(Sent::Text),
            prop::collection::vec(any::<u8>(), 0..200).prop_map(Sent::Binary),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(messages in prop::collection::vec(sent(), 1..20)) {
            let frames: Vec<_> = messages.iter().map(|message| match message {
                Sent::Text(text) => Frame::text_message(text),
                Sent::Binary(data) => Frame::binary_message(data),
            }).collect();
            let mut encoder = PayloadEncoder::for_frames(frames.iter());
            let room = encoder.body.capacity();
            for frame in &frames {
                encoder.push(frame);
            }
            let expected_len = encoder.len();
            let body = encoder.finish();
            prop_assert_eq!((body.len(), room), (expected_len, expected_len));
            prop_assert_eq!(body.capacity(), room);
            let read = all(&body).unwrap();
            prop_assert_eq!(read.len(), messages.len());
            for (read, sent) in read.iter().zip(&messages) {
                match sent {
                    Sent::Text(text) => prop_assert_eq!(read.as_packet(), Packet::Message(text)),
                    Sent::Binary(data) => prop_assert_eq!(read.as_packet(), Packet::Binary(data)),
                }
            }
        }

        #[test]
        fn any_body_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(packets) = decode(&body, &PayloadLimits::default()) {
                let elements = body.split(|byte| *byte == SEPARATOR).count();
                prop_assert!(packets.count() <= elements);
            }
        }

        #[test]
        fn any_text_of_packet_characters_is_read_or_refused(body in "[0-6bA-C=\u{1e}\n]{0,60}") {
            let results: Vec<_> = decode(body.as_bytes(), &PayloadLimits::default()).unwrap().collect();
            let errors = results.iter().filter(|result| result.is_err()).count();
            prop_assert!(errors <= 1);
            prop_assert!(errors == 0 || results.last().unwrap().is_err());
        }
    }
}
