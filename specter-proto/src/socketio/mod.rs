//! Socket.IO v5: packets, their arguments and their binary attachments.
//!
//! For received messages, a [`Decoder`] for each connection combines a message and the attachments
//! after it into a [`Packet`]. It checks the text in one pass and copies it once. [`Arguments`]
//! then read each argument directly into the type that a handler takes. For outgoing messages,
//! [`encode`] writes a value directly into the frame that is sent. In both directions bytes are
//! [`Binary`] values at any place of an argument, and arguments that are passed on unread are
//! [`Args`]. No step builds a tree of JSON values.
//!
//! This module does not know who is connected, which namespaces exist, or how frames are sent.

mod args;
mod attachment_limits;
mod attachment_scope;
mod attachments;
mod binary;
pub mod codec;
mod destination;
mod error;
mod packet;
mod packet_buf;
mod packet_kind;
mod packet_writer;
mod reserved;
mod short_eq;
mod span;
mod unit;

pub use self::args::{Args, Arguments};
pub use self::binary::Binary;
pub use self::codec::json::decoder::{Decoder, DecoderLimits};
pub use self::codec::json::encode::{self, EncodedArgs};
pub use self::codec::json::header::{Header, MAX_ID, parse_header};
pub use self::codec::json::lenient::decode_json;
pub use self::error::{ArgumentError, EncodeError, ParseError};
pub use self::packet::{
    AckPacket, ActiveEvent, ConnectPacket, DisconnectPacket, EventPacket, Packet,
};
pub use self::packet_kind::PacketKind;
pub use self::packet_writer::PacketWriter;
pub use self::reserved::is_reserved;
pub use self::unit::is_unit;
