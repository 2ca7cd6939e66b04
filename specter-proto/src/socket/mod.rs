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
mod attached;
mod binary;
mod came;
mod decoder;
mod destination;
pub mod encode;
mod error;
mod header;
mod json;
mod lenient;
mod missing;
mod outgoing;
mod packet;
mod path;
mod placeholder;
mod plain;
mod positional;
mod reserved;
mod same;
mod scope;
mod shape;
mod span;
mod surrogates;
mod unread;
mod usual;

pub use args::{Args, Arguments};
pub use binary::Binary;
pub use decoder::{Decoder, DecoderLimits};
pub use encode::EncodedArgs;
pub use error::{ArgumentError, EncodeError, ParseError};
pub use header::{Header, MAX_ID, PacketKind, parse_header};
pub use lenient::decode_json;
pub use outgoing::Outgoing;
pub use packet::{AckPacket, ConnectPacket, DisconnectPacket, EventPacket, OpenEvent, Packet};
pub use reserved::is_reserved;
