//! Engine.IO v4: packets, polling bodies, the handshake's parts, and the state of one session.
//!
//! This module owns what travels between an Engine.IO client and server, and when. It must not know
//! what messages contain (that is [`crate::socketio`]'s), nor how bytes move: no HTTP server, no
//! task.

mod appender;
mod builder;
mod encode_packet;
mod error;
mod frame;
mod open;
mod packet;
pub mod payload;
mod query;
mod session;

pub use appender::FrameAppender;
pub(crate) use appender::append_binary;
pub use builder::{BufferedFrame, FrameBuilder};
pub use encode_packet::EncodePacket;
pub use error::{BadRequest, RequestError};
pub use frame::{EncodedPacket, Frame, FrameKind};
pub use open::Open;
pub use packet::{Packet, PacketError, PacketType, control};
pub use payload::{PayloadEncoder, PayloadError, PayloadLimits, PayloadPacket, PayloadPackets};
pub use query::{Query, pairs};
pub use session::{
    Due, Probe, ProbeRefused, Received, Session, SessionConfig, Transport, Violation,
};
