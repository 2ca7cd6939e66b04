//! Engine.IO v4: packets, polling bodies, the parts of the handshake, and the state of one session.
//!
//! This module knows what an Engine.IO client and server send each other, and when. It does not
//! know what messages contain (see [`crate::socketio`]), nor how bytes move: it has no HTTP server
//! and no task.

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
    Due, Probe, ProbeRejected, Received, Session, SessionConfig, Transport, Violation,
};
