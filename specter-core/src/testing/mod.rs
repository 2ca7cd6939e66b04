//! The testing kit: starts an application as in production, and connects Socket.IO clients to it
//! without a port. `specter::testing` has the guide.
//!
//! A client's WebSocket is a stream in memory. The server's side is the production code: HTTP,
//! handshake, origin policy, framing, sessions, codecs, guards, scopes. The client's side is here:
//! `client_handshake`, `wire` (framing), `packets` and `client_connection`, with the interface for
//! tests above it (`client`, `received`). No other module of the crate may name this one.

mod app;
mod builder;
mod client;
mod client_builder;
mod client_connection;
mod client_handshake;
mod connect_error;
mod detached;
mod packets;
mod received;
mod wire;

pub use self::app::TestApp;
pub use self::builder::TestAppBuilder;
pub use self::client::{Disconnection, TestClient};
pub use self::client_builder::ClientBuilder;
pub use self::connect_error::{ConnectError, EventErrorReply};
pub use self::detached::{TestNamespace, TestSocket};
pub use self::received::{AckSender, PendingAck, ReceivedEvent};
