//! The errors of received packets, of arguments that are read, and of packets that are encoded.
//!
//! No message contains a payload, because messages appear in logs and in acknowledgements.

use super::attachment_limits::{CLIENT_MAX_ATTACHMENTS, MAX_ATTACHMENTS};
use crate::socketio::packet_kind::PacketKind;

/// The reason why a received packet is rejected. The connection closes with `parse error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The first character is not the digit of a packet kind.
    #[error("the packet kind is unknown: a packet must begin with a digit from 0 to 6")]
    UnknownKind,
    /// A client sent `CONNECT_ERROR`, which only servers send.
    #[error("the client sent CONNECT_ERROR, which only servers may send")]
    ConnectError,
    /// The number of attachments is missing, malformed or 0.
    #[error("the number of attachments is missing, malformed or 0")]
    AttachmentCount,
    /// The packet announces more attachments than allowed.
    #[error("the packet has {count} attachments, and at most {max} are allowed")]
    TooManyAttachments {
        /// The number that the packet announces.
        count: usize,
        /// The limit, `DecoderLimits::max_attachments`.
        max: usize,
    },
    /// The acknowledgement id is larger than 2^53.
    #[error("the acknowledgement id is larger than 2^53, the largest that clients can count to")]
    AckId,
    /// The name of the namespace is longer than allowed.
    #[error("the namespace's name has {length} bytes, and at most {max} are allowed")]
    NamespaceLength {
        /// The name's length in bytes.
        length: usize,
        /// The limit, `DecoderLimits::max_namespace_len`.
        max: usize,
    },
    /// The event's name is longer than allowed.
    #[error("the event's name has {length} bytes, and at most {max} are allowed")]
    EventNameLength {
        /// The name's length in bytes.
        length: usize,
        /// The limit, `DecoderLimits::max_event_name_len`.
        max: usize,
    },
    /// The data of an EVENT does not begin with a name, which is a string or a number.
    #[error("the event has no name: its data must begin with a string or a number")]
    EventName,
    /// The event's name is one of those that the Socket.IO libraries fire themselves.
    #[error("the event's name is reserved for the Socket.IO libraries")]
    ReservedName,
    /// The data is not the JSON that this kind of packet has: it is no JSON, has the wrong shape,
    /// is missing, or is there although this kind has none.
    #[error("the payload is not valid for a packet of kind {kind:?}")]
    Payload {
        /// The packet's kind.
        kind: PacketKind,
    },
    /// The JSON is nested more deeply than 127 levels.
    #[error("the payload is nested too deeply: at most 127 levels are allowed")]
    Depth,
    /// A placeholder names an attachment that the packet does not have.
    #[error("a placeholder names an attachment that the packet does not have")]
    Placeholder,
    /// A binary message was received, but no packet is waiting for attachments.
    #[error("a binary message was received, but no packet is waiting for attachments")]
    UnexpectedBinary,
    /// A text message was received, but a packet is waiting for attachments.
    #[error("a text message was received, but a packet is waiting for attachments")]
    UnexpectedText,
    /// The packet, including its attachments, is larger than allowed.
    #[error("the packet has at least {size} bytes, and at most {max} are allowed")]
    Size {
        /// The size of what was received so far, in bytes.
        size: usize,
        /// The limit, `DecoderLimits::max_bytes`.
        max: usize,
    },
}

impl ParseError {
    /// A stable name for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownKind => "socket_packet_unknown_kind",
            Self::ConnectError => "socket_packet_connect_error",
            Self::AttachmentCount => "socket_packet_attachment_count",
            Self::TooManyAttachments { .. } => "socket_packet_too_many_attachments",
            Self::AckId => "socket_packet_ack_id",
            Self::NamespaceLength { .. } => "socket_packet_namespace_length",
            Self::EventNameLength { .. } => "socket_packet_event_name_length",
            Self::EventName => "socket_packet_event_name",
            Self::ReservedName => "socket_packet_reserved_name",
            Self::Payload { .. } => "socket_packet_payload",
            Self::Depth => "socket_packet_depth",
            Self::Placeholder => "socket_packet_placeholder",
            Self::UnexpectedBinary => "socket_packet_unexpected_binary",
            Self::UnexpectedText => "socket_packet_unexpected_text",
            Self::Size { .. } => "socket_packet_size",
        }
    }
}

/// The reason why an argument could not be read into the requested type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArgumentError {
    /// The packet has fewer arguments, and the type is not an `Option`.
    #[error("argument {index} is missing")]
    Missing {
        /// The argument's position, from 0.
        index: usize,
    },
    /// The argument does not fit the type.
    #[error("argument {index}{}{path}: {message}", if path.is_empty() { "" } else { " at " })]
    Invalid {
        /// The argument's position, from 0.
        index: usize,
        /// The place in the argument, such as `user.tags[2]`. Empty for the argument itself. The
        /// path is as exact as possible: a type that buffers what it reads, such as an untagged
        /// enum, reports its own place.
        path: String,
        /// What was expected. Of a wrong string or number it names only the kind, not the value.
        message: String,
    },
}

impl ArgumentError {
    /// A stable name for logs, metrics and acknowledgements.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "missing_argument",
            Self::Invalid { .. } => "invalid_argument",
        }
    }

    /// The argument's position, from 0.
    pub fn index(&self) -> usize {
        match self {
            Self::Missing { index } | Self::Invalid { index, .. } => *index,
        }
    }
}

/// The reason why a packet could not be encoded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The event's name is one of those that the clients' libraries fire themselves.
    #[error("the event name `{name}` is reserved for the Socket.IO libraries; use another name")]
    ReservedName {
        /// The name.
        name: String,
    },
    /// The serialization of a value failed, or JSON cannot represent the value.
    #[error("the arguments cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// The packet has more attachments than its clients accept, or than any packet may have.
    #[error("{}", too_many_attachments(*count, *max))]
    TooManyAttachments {
        /// The number of attachments.
        count: usize,
        /// The limit: see [`Destination`](super::encode::Destination).
        max: usize,
    },
    /// A packet with attachments also contains data that clients would take for a placeholder, and
    /// would fail on: an object with `"_placeholder": true` that no `Binary` wrote and that names
    /// no attachment.
    #[error("the arguments contain data that clients would take for an attachment's placeholder")]
    ForgedPlaceholder,
    /// The arguments of a packet with attachments are nested more deeply than 127 levels, which is
    /// the most that a decoder accepts.
    #[error("the arguments are nested too deeply: at most 127 levels are allowed")]
    Depth,
}

/// The text of [`EncodeError::TooManyAttachments`], for the developer who sent the packet.
#[cold]
fn too_many_attachments(count: usize, max: usize) -> String {
    let found = format!("the packet has {count} attachments, and at most {max} are allowed");
    if max >= MAX_ATTACHMENTS {
        return found;
    }
    format!(
        "{found}: JavaScript clients close the connection over a packet with more than \
         {CLIENT_MAX_ATTACHMENTS}. Send fewer `Binary` values at once or, if all clients take \
         more, raise `SocketConfig::max_outgoing_attachments`"
    )
}

impl EncodeError {
    /// A stable name for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ReservedName { .. } => "socket_encode_reserved_name",
            Self::Json(_) => "socket_encode_not_json",
            Self::TooManyAttachments { .. } => "socket_encode_too_many_attachments",
            Self::ForgedPlaceholder => "socket_encode_forged_placeholder",
            Self::Depth => "socket_encode_depth",
        }
    }
}
