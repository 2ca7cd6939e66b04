//! The testing kit: a real application without a port, and Socket.IO clients that connect to it.
//! `specter::testing` documents it for users.
//!
//! A client's WebSocket is a stream in memory. The server side of that stream is the production
//! code: HTTP, handshake, origin policy, framing, sessions, codecs, guards, scopes. This module
//! contains the client side of the protocols (`client_handshake`, `wire`, `client_connection`) and
//! what tests call (`app`, `builder`, `client_builder`, `client`, `received`, `expectation`,
//! `detached`). No other module of the runtime may import it.

mod app;
mod builder;
mod client;
mod client_builder;
mod client_connection;
mod client_handshake;
mod connect_error;
mod detached;
mod expectation;
mod packets;
mod received;
mod running_app;
mod wire;

pub use self::app::TestApp;
pub use self::builder::TestAppBuilder;
pub use self::client::{Disconnection, TestClient};
pub use self::client_builder::ClientBuilder;
pub use self::connect_error::{ConnectError, EventErrorReply};
pub use self::detached::{TestNamespace, TestSocket};
pub use self::expectation::Expectation;
pub use self::received::{AckSender, PendingAck, ReceivedEvent};
