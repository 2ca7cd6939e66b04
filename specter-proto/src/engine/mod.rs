//! Engine.IO v4: packets, polling bodies, the handshake's parts, and the state of one session.
//!
//! This module owns what travels between an Engine.IO client and server, and when. It must not know
//! what messages contain (that is [`crate::socket`]'s), nor how bytes move: no HTTP server, no task.

mod frame;
mod packet;

pub use frame::{Frame, FrameBuilder, FrameKind, Prepared};
pub use packet::{Packet, PacketError, PacketType, control};
