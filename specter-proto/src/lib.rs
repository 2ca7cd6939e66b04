//! The wire formats and protocol states of Engine.IO v4, Socket.IO v5 and server-side WebSocket,
//! without IO.
//!
//! Bytes and instants go in, bytes and actions come out. This crate owns no socket, reads no clock
//! and starts no task: its caller does. Everything here can therefore be tested and fuzzed without
//! a runtime and without waiting.
//!
//! - [`websocket`]: frames of RFC 6455, as a server reads and writes them.
//! - [`engine`]: Engine.IO v4 above them: packets, polling bodies, and the state of one session.
//! - [`socketio`]: Socket.IO v5 above that: packets, arguments, attachments.
//! - [`forwarded`]: the headers in which proxies name the client of a request.
//! - [`recycler`]: buffers that a thread keeps for the next use.
//!
//! Every input that a peer controls is checked here, in linear time and bounded memory. A malformed
//! input is an error value, never a panic.

#![forbid(unsafe_code)]

pub mod engine;
pub mod forwarded;
pub mod recycler;
pub mod socketio;
pub mod websocket;
