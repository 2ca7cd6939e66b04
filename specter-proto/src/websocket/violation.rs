//! The rules that a peer can break on a WebSocket, and the close codes that answer it.

use thiserror::Error;

/// A broken rule of RFC 6455 or an exceeded limit. Nothing more can be read from the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Violation {
    /// A reserved bit is set, though no extension was agreed on.
    #[error("a reserved bit is set, but no extension was agreed on")]
    ReservedBits,
    /// The opcode has no meaning in RFC 6455.
    #[error("the opcode {opcode:#03x} is reserved")]
    ReservedOpcode {
        /// The opcode's four bits.
        opcode: u8,
    },
    /// A client's frame is not masked.
    #[error("the client sent an unmasked frame")]
    Unmasked,
    /// A control frame is fragmented.
    #[error("a control frame is fragmented")]
    FragmentedControl,
    /// A control frame has more than 125 bytes of payload.
    #[error("a control frame has a payload of more than 125 bytes")]
    LongControl,
    /// A continuation frame comes without a message that it continues.
    #[error("a continuation frame continues no message")]
    UnexpectedContinuation,
    /// A new message begins before the end of a fragmented one.
    #[error("a new message begins inside a fragmented one")]
    InterruptedMessage,
    /// A message has more fragments than allowed.
    #[error("a message has more than {limit} fragments, which is the limit")]
    TooManyFragments {
        /// The limit, [`Limits::max_fragments`](super::Limits::max_fragments).
        limit: usize,
    },
    /// A length is not written in its shortest form.
    #[error("the length of a frame is not in its shortest form")]
    LongLength,
    /// The first bit of a 64-bit length is set.
    #[error("the length of a frame has more than 63 bits")]
    LengthOutOfRange,
    /// A message is longer than allowed.
    #[error("a message has more than {limit} bytes, which is the limit")]
    TooLong {
        /// The limit, [`Limits::max_message`](super::Limits::max_message), in bytes.
        limit: usize,
    },
    /// A text message, or a close reason, is not UTF-8.
    #[error("a text message or a close reason is not valid UTF-8")]
    NotUtf8,
    /// The payload of a close frame is one byte, which is half a code.
    #[error("the payload of a close frame has one byte, which is half a code")]
    ShortClose,
    /// A close frame has a code that must not be sent.
    #[error("the close code {code} must not be sent")]
    CloseCode {
        /// The code.
        code: u16,
    },
}

impl Violation {
    /// The code of the close frame that answers the violation.
    pub const fn close_code(&self) -> u16 {
        match self {
            Self::NotUtf8 => 1007,
            Self::TooLong { .. } | Self::TooManyFragments { .. } => 1009,
            _ => 1002,
        }
    }

    /// A stable name for logs and counters.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ReservedBits => "websocket_reserved_bits",
            Self::ReservedOpcode { .. } => "websocket_reserved_opcode",
            Self::Unmasked => "websocket_unmasked",
            Self::FragmentedControl => "websocket_fragmented_control",
            Self::LongControl => "websocket_long_control",
            Self::UnexpectedContinuation => "websocket_unexpected_continuation",
            Self::InterruptedMessage => "websocket_interrupted_message",
            Self::TooManyFragments { .. } => "websocket_too_many_fragments",
            Self::LongLength => "websocket_long_length",
            Self::LengthOutOfRange => "websocket_length_out_of_range",
            Self::TooLong { .. } => "websocket_too_long",
            Self::NotUtf8 => "websocket_not_utf8",
            Self::ShortClose => "websocket_short_close",
            Self::CloseCode { .. } => "websocket_close_code",
        }
    }
}
