//! Testing a gateway: the application as it is, and clients that speak Socket.IO to it, without a
//! port. Taught in `specter::testing`.
//!
//! A client's WebSocket is a stream in memory; what is behind it is what serves in production:
//! HTTP, handshake, origin policy, framing, sessions, codecs, guards, scopes. It owns the client's
//! side of the wire (`opening`, `wire`, `line`) and what a test says (`client`, `received`).
//! Nothing else in the runtime may know it.

mod app;
mod builder;
mod client;
mod client_builder;
mod client_connection;
mod client_handshake;
mod connect_error;
mod detached;
mod received;
mod wire;

pub use self::app::TestApp;
pub use self::builder::TestAppBuilder;
pub use self::client::{Disconnection, TestClient};
pub use self::client_builder::ClientBuilder;
pub use self::connect_error::{ConnectError, EventErrorReply};
pub use self::detached::{TestNamespace, TestSocket};
pub use self::received::{AckSender, PendingAck, ReceivedEvent};
