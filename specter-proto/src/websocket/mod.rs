//! WebSocket framing (RFC 6455) as a server needs it: masked frames are read, unmasked ones written.
//!
//! This module owns the wire format and its rules, fragmentation included. It must not know what
//! the messages mean, nor where bytes come from: no Engine.IO, no HTTP request, no socket.

mod header;

pub use header::{MAX_HEADER, Opcode, write_header};
