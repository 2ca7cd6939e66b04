//! WebSocket framing (RFC 6455) as a server needs it: masked frames are read, unmasked ones
//! written.
//!
//! This module owns the wire format and its rules, fragmentation included. It must not know what
//! the messages mean, nor where bytes come from: no Engine.IO, no HTTP request, no socket. No
//! extension is supported, so none may be agreed on in the handshake.

mod control;
mod decoder;
mod handshake;
mod header;
mod mask;
mod violation;

pub use control::{close_frame, pong_frame};
pub use decoder::{Decoded, Decoder, Event, Limits};
pub use handshake::accept_key;
pub use header::{MAX_HEADER, Opcode, write_header};
pub(crate) use header::{append_header, short_header, write_header_behind};
pub use violation::Violation;
