//! Socket.IO v5: packets, their arguments and their binary attachments.
//!
//! Inbound, a [`Decoder`] per connection makes a [`Packet`] of a message and the attachments behind
//! it: checked, in one pass, and copied once. [`Arguments`] then read each argument straight into
//! the type that a handler wants. Outbound, [`encode`] writes a value straight into the frame that
//! is sent. Bytes in either direction are [`Binary`] values anywhere in an argument, and what is to
//! be passed on unread is [`Args`]. No value tree stands in between.
//!
//! This module must not know who is connected, which namespaces there are, or how frames travel.

mod args;
mod attachment_scope;
mod attachments;
mod binary;
pub mod codec;
mod destination;
mod error;
mod packet;
mod packet_buf;
mod packet_writer;
mod reserved;
mod short_eq;
mod span;
mod unit;

pub use self::args::{Args, Arguments};
pub use self::binary::Binary;
pub use self::codec::json::decoder::{Decoder, DecoderLimits};
pub use self::codec::json::encode::{self, EncodedArgs};
pub use self::codec::json::header::{Header, MAX_ID, PacketKind, parse_header};
pub use self::codec::json::lenient::decode_json;
pub use self::error::{ArgumentError, EncodeError, ParseError};
pub use self::packet::{
    AckPacket, ActiveEvent, ConnectPacket, DisconnectPacket, EventPacket, Packet,
};
pub use self::packet_writer::PacketWriter;
pub use self::reserved::is_reserved;
pub use self::unit::is_unit;
