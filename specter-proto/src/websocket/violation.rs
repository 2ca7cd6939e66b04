//! What a peer can do wrong on a WebSocket, and the close code that answers it.

use thiserror::Error;

/// A broken rule. The connection cannot be read any further.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Violation {
    /// A reserved bit is set, though no extension was agreed on.
    #[error("reserved bits set")]
    ReservedBits,
    /// The opcode means nothing.
    #[error("reserved opcode {opcode:#03x}")]
    ReservedOpcode {
        /// Its four bits.
        opcode: u8,
    },
    /// A client's frame is not masked.
    #[error("unmasked frame")]
    Unmasked,
    /// A control frame is a fragment.
    #[error("fragmented control frame")]
    FragmentedControl,
    /// A control frame has more than 125 bytes of payload.
    #[error("control frame too long")]
    LongControl,
    /// A continuation frame without a message that it continues.
    #[error("continuation of no message")]
    UnexpectedContinuation,
    /// A new message before the last one's end.
    #[error("new message inside a fragmented one")]
    InterruptedMessage,
    /// A message has more fragments than allowed.
    #[error("message of more than {limit} fragments")]
    TooManyFragments {
        /// The limit.
        limit: usize,
    },
    /// A length is not written in its shortest form.
    #[error("length not in its shortest form")]
    LongLength,
    /// A 64-bit length has its first bit set.
    #[error("length of more than 63 bits")]
    LengthOutOfRange,
    /// A message is longer than allowed.
    #[error("message of more than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// A text message, or a close reason, is not UTF-8.
    #[error("text is not utf-8")]
    NotUtf8,
    /// A close frame has half a code.
    #[error("close frame of one byte")]
    ShortClose,
    /// A close frame has a code that may not be sent.
    #[error("invalid close code {code}")]
    CloseCode {
        /// The code.
        code: u16,
    },
}

impl Violation {
    /// The code of the close frame that answers it.
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
