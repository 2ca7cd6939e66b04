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
mod connecting;
mod line;
mod loose;
mod opening;
mod received;
mod refused;
mod wire;

pub use self::app::TestApp;
pub use self::builder::TestAppBuilder;
pub use self::client::{Parting, TestClient};
pub use self::connecting::Connecting;
pub use self::loose::{TestNamespace, TestSocket};
pub use self::received::{Answer, Received, Reply};
pub use self::refused::{ErrorReply, Refused};
