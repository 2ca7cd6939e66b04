//! Engine.IO packets in their text form: one type character, followed by the packet's data.
//!
//! Binary messages are read elsewhere. On a WebSocket they are binary frames. In a polling body,
//! and in the text frames of a client that sends no binary frames, they are base64 after a `b` (see
//! `payload.rs`).

use thiserror::Error;

/// The type of a packet (Engine.IO v4, "Packet encoding").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PacketType {
    /// `0`: the server's handshake.
    Open,
    /// `1`: the end of the session.
    Close,
    /// `2`: the server's heartbeat, and a client's probe of a new transport.
    Ping,
    /// `3`: the answer to a ping.
    Pong,
    /// `4`: a message.
    Message,
    /// `5`: the session moves to the transport that the client probed.
    Upgrade,
    /// `6`: a packet without content. It answers a waiting poll that has nothing to deliver.
    Noop,
}

impl PacketType {
    /// The type's character on the wire.
    pub const fn as_byte(self) -> u8 {
        match self {
            Self::Open => b'0',
            Self::Close => b'1',
            Self::Ping => b'2',
            Self::Pong => b'3',
            Self::Message => b'4',
            Self::Upgrade => b'5',
            Self::Noop => b'6',
        }
    }

    /// The type that a character stands for. `None` if it stands for no type.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            b'0' => Some(Self::Open),
            b'1' => Some(Self::Close),
            b'2' => Some(Self::Ping),
            b'3' => Some(Self::Pong),
            b'4' => Some(Self::Message),
            b'5' => Some(Self::Upgrade),
            b'6' => Some(Self::Noop),
            _ => None,
        }
    }
}

/// A packet from a client. The data of [`Open`](Packet::Open), [`Close`](Packet::Close),
/// [`Upgrade`](Packet::Upgrade) and [`Noop`](Packet::Noop) has no meaning and is dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Packet<'a> {
    /// A handshake, which only a server sends.
    Open,
    /// The client ends the session.
    Close,
    /// A ping and its data. The data is `probe` on a WebSocket that probes for an upgrade.
    Ping(&'a str),
    /// A pong and its data.
    Pong(&'a str),
    /// A text message, without its type character.
    Message(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// The session moves to the WebSocket on which this packet came.
    Upgrade,
    /// A packet without content.
    Noop,
}

impl<'a> Packet<'a> {
    /// Reads a packet's text form: a WebSocket text message, or an element of a polling body. A
    /// text that starts with `b` is a binary message and therefore an error here;
    /// [`decode_text`](super::payload::decode_text) reads both.
    pub fn parse(text: &'a str) -> Result<Self, PacketError> {
        let first = *text.as_bytes().first().ok_or(PacketError::Empty)?;
        let kind = PacketType::from_byte(first).ok_or(PacketError::UnknownType { byte: first })?;
        // The type is one ASCII character, so the data starts at a character boundary.
        let rest = text.get(1..).unwrap_or_default();
        Ok(match kind {
            PacketType::Open => Self::Open,
            PacketType::Close => Self::Close,
            PacketType::Ping => Self::Ping(rest),
            PacketType::Pong => Self::Pong(rest),
            PacketType::Message => Self::Message(rest),
            PacketType::Upgrade => Self::Upgrade,
            PacketType::Noop => Self::Noop,
        })
    }
}

/// The reason why a text is not a packet. Each such error closes the session with `parse error`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum PacketError {
    /// The text is empty, so it has no type character.
    #[error("the packet is empty: it must begin with a type, `0` to `6`")]
    Empty,
    /// The first character is not a packet type.
    #[error("the packet type {byte:#04x} is unknown: the types are `0` to `6`")]
    UnknownType {
        /// The first byte of the text.
        byte: u8,
    },
}

impl PacketError {
    /// A stable name for logs and counters.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "engine_packet_empty",
            Self::UnknownType { .. } => "engine_packet_unknown_type",
        }
    }
}

/// The packets whose content is constant, as frames.
pub mod control {
    use crate::engine::Frame;

    /// `2`: the server's heartbeat.
    pub fn ping() -> Frame {
        const { Frame::from_static(b"\x81\x012") }
    }

    /// `3probe`: the answer to a client's probe.
    pub fn probe_pong() -> Frame {
        const { Frame::from_static(b"\x81\x063probe") }
    }

    /// `6`: answers a waiting poll that has nothing to deliver.
    pub fn noop() -> Frame {
        const { Frame::from_static(b"\x81\x016") }
    }

    /// `1`: the session has ended.
    pub fn close() -> Frame {
        const { Frame::from_static(b"\x81\x011") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::FrameKind;

    #[test]
    fn types_and_their_characters_agree() {
        for byte in 0..=u8::MAX {
            match PacketType::from_byte(byte) {
                Some(kind) => assert_eq!(kind.as_byte(), byte),
                None => assert!(!(b'0'..=b'6').contains(&byte)),
            }
        }
    }

    #[test]
    fn each_type_is_read() {
        assert_eq!(Packet::parse("0{}"), Ok(Packet::Open));
        assert_eq!(Packet::parse("1"), Ok(Packet::Close));
        assert_eq!(Packet::parse("2probe"), Ok(Packet::Ping("probe")));
        assert_eq!(Packet::parse("3"), Ok(Packet::Pong("")));
        assert_eq!(Packet::parse("4héé"), Ok(Packet::Message("héé")));
        assert_eq!(Packet::parse("5"), Ok(Packet::Upgrade));
        assert_eq!(Packet::parse("6"), Ok(Packet::Noop));
    }

    #[test]
    fn a_text_without_a_known_type_is_an_error() {
        assert_eq!(Packet::parse(""), Err(PacketError::Empty));
        for text in ["9", "7", "b4", "a", " 4", "\u{0}", "é"] {
            let byte = text.as_bytes()[0];
            assert_eq!(
                Packet::parse(text),
                Err(PacketError::UnknownType { byte }),
                "{text:?}"
            );
        }
    }

    #[test]
    fn constant_frames_equal_built_frames() {
        for (frame, payload) in [
            (control::ping(), "2"),
            (control::probe_pong(), "3probe"),
            (control::noop(), "6"),
            (control::close(), "1"),
        ] {
            let mut builder = crate::engine::FrameBuilder::new(8);
            builder.body().extend_from_slice(payload.as_bytes());
            assert_eq!(
                frame.websocket(),
                builder.finish(FrameKind::Text).websocket()
            );
            assert_eq!(frame.payload(), payload.as_bytes());
            assert_eq!(frame.kind(), FrameKind::Text);
        }
    }
}
