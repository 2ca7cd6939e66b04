//! WebSocket framing (RFC 6455) as a server needs it: it reads masked frames and writes unmasked
//! ones.
//!
//! This module owns the wire format and its rules, fragmentation included. It does not know what
//! messages mean, nor where bytes come from: it has no Engine.IO, no HTTP requests and no sockets.
//! It supports no extension, so a handshake must not agree on one.

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
pub(crate) use header::{append_header, short_header, write_header_at_end};
pub use violation::Violation;
