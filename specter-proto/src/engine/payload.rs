//! Polling bodies: packets joined by the record separator (0x1E), binary ones as `b` and base64
//! (Engine.IO v4, "HTTP long-polling").
//!
//! Bodies are read without copying their texts. The HTTP layer limits the size of a body before it
//! is read here. [`Session`](super::Session) decides what a packet does to a session.

use std::borrow::Cow;
use std::str::{self, Split};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use thiserror::Error;

use super::frame::{Frame, FrameKind};
use super::packet::{Packet, PacketError};

/// The byte between two packets.
const SEPARATOR: u8 = 0x1E;

/// Some clients pad base64 and others do not, so both are accepted. In either case the unused bits
/// of the last character must be zero.
const LENIENT_PADDING: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The limits of a polling body, apart from its size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PayloadLimits {
    /// The largest number of packets in a body. Default: 65,536. A body with more packets is
    /// rejected with [`PayloadError::TooManyPackets`] before any of them is read.
    ///
    /// A client that emits in a loop sends all of it in its next request, so thousands of packets
    /// are normal. Without this limit a body of the default size could hold 125,000 of the smallest
    /// events.
    pub max_packets: usize,
}

impl Default for PayloadLimits {
    fn default() -> Self {
        Self {
            max_packets: 65_536,
        }
    }
}

/// The reason why a polling body, or a packet in it, cannot be read. Each such error closes the
/// session with `parse error`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum PayloadError {
    /// The body is not UTF-8.
    #[error("the polling body is not valid UTF-8 at byte {at}")]
    NotUtf8 {
        /// The number of bytes before the first invalid one.
        at: usize,
    },
    /// The body has more packets than allowed.
    #[error("the polling body has more than {limit} packets, which is the limit")]
    TooManyPackets {
        /// The limit, [`PayloadLimits::max_packets`].
        limit: usize,
    },
    /// An element is not a packet. An empty body, and a separator at the start or the end of a
    /// body, make an empty packet.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// The data after a `b` is not base64.
    #[error("the data of a binary packet is not valid base64")]
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
    /// The element as a packet, regardless of the form in which it was sent.
    pub fn as_packet(&self) -> Packet<'_> {
        match self {
            Self::Text(packet) => *packet,
            Self::Binary(data) => Packet::Binary(data),
        }
    }
}

/// Checks that a body is UTF-8 and within the limits, and returns an iterator over its packets. A
/// packet that cannot be read is an error of the iterator's item.
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

/// Reads a single element of a body.
pub fn decode_one(element: &[u8]) -> Result<PayloadPacket<'_>, PayloadError> {
    let text = simdutf8::compat::from_utf8(element).map_err(|error| PayloadError::NotUtf8 {
        at: error.valid_up_to(),
    })?;
    decode_text(text)
}

/// Reads one packet in the text form that every transport shares: an element of a polling body, or
/// a WebSocket text message. Clients that cannot send binary data (`forceBase64`) write it as `b`
/// and base64 on both transports.
pub fn decode_text(packet: &str) -> Result<PayloadPacket<'_>, PayloadError> {
    match packet.strip_prefix('b') {
        Some(encoded) => decode_base64(encoded).map(PayloadPacket::Binary),
        None => Ok(PayloadPacket::Text(Packet::parse(packet)?)),
    }
}

/// The packets of a body, in order. The iteration ends after the first packet that cannot be read.
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

/// Decodes base64 after removing line breaks: the Java client breaks its base64 every 76
/// characters.
fn decode_base64(encoded: &str) -> Result<Vec<u8>, PayloadError> {
    let has_line_breaks = encoded.bytes().any(|byte| matches!(byte, b'\r' | b'\n'));
    let joined = if has_line_breaks {
        Cow::Owned(encoded.replace(['\r', '\n'], ""))
    } else {
        Cow::Borrowed(encoded)
    };
    LENIENT_PADDING
        .decode(joined.as_bytes())
        .map_err(|_| PayloadError::Base64)
}

/// Encodes a polling body.
#[derive(Debug, Default)]
pub struct PayloadEncoder {
    body: Vec<u8>,
    /// Whether a packet was added. The body's length does not show this, because the first packet
    /// may be empty.
    has_packets: bool,
}

impl PayloadEncoder {
    /// Creates an empty body.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an empty body with the exact capacity for these packets.
    pub fn for_frames<'a>(frames: impl Iterator<Item = &'a Frame>) -> Self {
        let lens = frames.map(|frame| match frame.kind() {
            FrameKind::Text => 1 + frame.payload().len(),
            FrameKind::Binary => 2 + frame.payload().len().div_ceil(3) * 4,
        });
        Self {
            body: Vec::with_capacity(lens.sum::<usize>().saturating_sub(1)),
            has_packets: false,
        }
    }

    /// Appends a packet.
    pub fn push(&mut self, frame: &Frame) {
        if self.has_packets {
            self.body.push(SEPARATOR);
        }
        self.has_packets = true;
        match frame.kind() {
            FrameKind::Text => self.body.extend_from_slice(frame.payload()),
            FrameKind::Binary => {
                self.body.push(b'b');
                let start = self.body.len();
                let len = frame.payload().len().div_ceil(3) * 4;
                self.body.resize(start + len, 0);
                let target = self.body.get_mut(start..).unwrap_or_default();
                // The target has exactly the encoded length, so encoding cannot fail.
                let written = STANDARD.encode_slice(frame.payload(), target);
                debug_assert_eq!(written, Ok(len));
            }
        }
    }

    /// Whether no packet was added.
    pub fn is_empty(&self) -> bool {
        !self.has_packets
    }

    /// The body's length so far, in bytes.
    pub fn len(&self) -> usize {
        self.body.len()
    }

    /// Returns the body.
    pub fn finish(self) -> Vec<u8> {
        self.body
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode_all(body: &[u8]) -> Result<Vec<PayloadPacket<'_>>, PayloadError> {
        decode(body, &PayloadLimits::default())?.collect()
    }

    #[test]
    fn packets_are_read_in_order() {
        let packets = decode_all(b"4hello\x1e2\x1ebAQIDBA==\x1e4").unwrap();
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
                decode_all(body),
                Err(PayloadError::Packet(PacketError::Empty)),
                "{body:?}"
            );
        }
    }

    #[test]
    fn a_body_must_be_utf8() {
        assert_eq!(decode_all(b"4a\xff"), Err(PayloadError::NotUtf8 { at: 2 }));
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
                decode_all(body.as_bytes()).unwrap(),
                [PayloadPacket::Binary(vec![1, 2, 3, 4])],
                "{body:?}"
            );
        }
        assert_eq!(decode_all(b"b").unwrap(), [PayloadPacket::Binary(vec![])]);
    }

    #[test]
    fn invalid_base64_is_rejected() {
        for body in ["b!", "bA", "bAB", "bAQID_-", "bAQ=ID", "b====", "bé", "b A"] {
            assert_eq!(
                decode_all(body.as_bytes()),
                Err(PayloadError::Base64),
                "{body:?}"
            );
        }
    }

    #[test]
    fn a_body_of_separators_yields_a_bounded_number_of_packets() {
        let mut limits = PayloadLimits {
            max_packets: usize::MAX,
        };
        let body = vec![SEPARATOR; 1_000_000];
        // The first element is not a packet, so the elements after it are not read.
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
    enum Message {
        Text(String),
        Binary(Vec<u8>),
    }

    fn message() -> impl Strategy<Value = Message> {
        prop_oneof![
            "[^\u{1e}]*".prop_map(Message::Text),
            prop::collection::vec(any::<u8>(), 0..200).prop_map(Message::Binary),
        ]
    }

    proptest! {
        #[test]
        fn written_packets_are_read_back(messages in prop::collection::vec(message(), 1..20)) {
            let frames: Vec<_> = messages.iter().map(|message| match message {
                Message::Text(text) => Frame::text_message(text),
                Message::Binary(data) => Frame::binary_message(data),
            }).collect();
            let mut encoder = PayloadEncoder::for_frames(frames.iter());
            let capacity = encoder.body.capacity();
            for frame in &frames {
                encoder.push(frame);
            }
            let expected_len = encoder.len();
            let body = encoder.finish();
            prop_assert_eq!((body.len(), capacity), (expected_len, expected_len));
            prop_assert_eq!(body.capacity(), capacity);
            let read = decode_all(&body).unwrap();
            prop_assert_eq!(read.len(), messages.len());
            for (read, message) in read.iter().zip(&messages) {
                match message {
                    Message::Text(text) => prop_assert_eq!(read.as_packet(), Packet::Message(text)),
                    Message::Binary(data) => {
                        prop_assert_eq!(read.as_packet(), Packet::Binary(data));
                    }
                }
            }
        }

        #[test]
        fn any_body_is_read_or_rejected(body in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(packets) = decode(&body, &PayloadLimits::default()) {
                let elements = body.split(|byte| *byte == SEPARATOR).count();
                prop_assert!(packets.count() <= elements);
            }
        }

        #[test]
        fn any_text_of_packet_characters_is_read_or_rejected(body in "[0-6bA-C=\u{1e}\n]{0,60}") {
            let packets = decode(body.as_bytes(), &PayloadLimits::default()).unwrap();
            let results: Vec<_> = packets.collect();
            let errors = results.iter().filter(|result| result.is_err()).count();
            prop_assert!(errors <= 1);
            prop_assert!(errors == 0 || results.last().unwrap().is_err());
        }
    }
}
