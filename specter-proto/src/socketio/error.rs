//! The errors of received packets, of arguments that are read, and of packets that are encoded.
//!
//! No message holds a payload: messages end up in logs and in acknowledgements.

use super::destination::{CLIENT_MAX_ATTACHMENTS, MAX_ATTACHMENTS};
use crate::socketio::codec::json::header::PacketKind;

/// Why an incoming packet is refused. The connection closes: `parse error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The first character is no packet kind.
    #[error("unknown packet kind")]
    UnknownKind,
    /// Only servers send `CONNECT_ERROR`.
    #[error("a client sent a connect error")]
    ConnectError,
    /// The number of attachments is missing, malformed or 0.
    #[error("the number of attachments is missing or malformed")]
    AttachmentCount,
    /// More attachments than allowed.
    #[error("{count} attachments, {max} are allowed")]
    TooManyAttachments {
        /// What the packet announces.
        count: usize,
        /// What is allowed.
        max: usize,
    },
    /// An acknowledgement id above 2^53.
    #[error("the acknowledgement id is too large")]
    AckId,
    /// A namespace's name is longer than allowed.
    #[error("a namespace of {length} bytes, {max} are allowed")]
    NamespaceLength {
        /// The name's length in bytes.
        length: usize,
        /// What is allowed.
        max: usize,
    },
    /// An event's name is longer than allowed.
    #[error("an event name of {length} bytes, {max} are allowed")]
    EventNameLength {
        /// The name's length in bytes.
        length: usize,
        /// What is allowed.
        max: usize,
    },
    /// The data of an EVENT begins with something that cannot be a name.
    #[error("the event has no name")]
    EventName,
    /// An event named as one of those that the library itself fires.
    #[error("the event's name is reserved")]
    ReservedName,
    /// The data is not the JSON that this kind of packet has: no JSON at all, the wrong shape,
    /// nothing, or something where nothing belongs.
    #[error("invalid payload in a packet of kind {kind:?}")]
    Payload {
        /// The packet's kind.
        kind: PacketKind,
    },
    /// JSON nested too deeply.
    #[error("the payload is nested too deeply")]
    Depth,
    /// A placeholder names an attachment that the packet does not have.
    #[error("a placeholder names no attachment")]
    Placeholder,
    /// A binary message that no packet has announced.
    #[error("a binary message belongs to no packet")]
    UnexpectedBinary,
    /// A text message where attachments are due.
    #[error("a text message came before the attachments of the last packet")]
    UnexpectedText,
    /// The packet, with its attachments, is larger than allowed.
    #[error("a packet of {size} bytes, {max} are allowed")]
    Size {
        /// The size as far as it is known, in bytes.
        size: usize,
        /// What is allowed.
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

/// Why an argument could not be read into the type that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArgumentError {
    /// There are fewer arguments, and the type is no `Option`.
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
        /// Where in the argument, as in `user.tags[2]`; empty for the argument itself. To the best
        /// of what can be known: a type that buffers what it reads blames the whole of it.
        path: String,
        /// What was expected. Of strings and numbers that came instead only the kind is told.
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

/// Why a packet could not be encoded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The name is one of those that the clients' libraries fire themselves.
    #[error("the event name `{name}` is reserved")]
    ReservedName {
        /// The name.
        name: String,
    },
    /// A value refused to be serialized, or JSON cannot hold it.
    #[error("the arguments cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// More attachments than those who read the packet take, or than any packet may have.
    #[error("{}", too_many_attachments(*count, *max))]
    TooManyAttachments {
        /// How many there are.
        count: usize,
        /// What is allowed.
        max: usize,
    },
    /// Beside real attachments stands data that clients would take for a placeholder and fail on:
    /// an object with `"_placeholder": true` that no `Binary` wrote, and that names no attachment.
    #[error("the arguments hold data that looks like a placeholder")]
    ForgedPlaceholder,
    /// Arguments with attachments, nested more deeply than a decoder reads.
    #[error("the arguments are nested too deeply")]
    Depth,
}

/// What whoever sent too much should know.
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
