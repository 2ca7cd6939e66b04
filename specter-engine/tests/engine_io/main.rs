//! Engine.IO end to end: requests and bytes in, responses and bytes out.
//!
//! All of it runs in memory on a paused clock, except where a real socket is the point.

mod support;

mod chaos;
mod drain;
mod handshake;
mod heartbeat;
mod origin;
mod polling;
mod pressure;
mod slow_peers;
mod sockets;
mod upgrade;
mod websocket;
