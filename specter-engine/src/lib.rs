//! Engine.IO v4 on tokio and hyper: sessions over polling and WebSocket, without Socket.IO on top.
//!
//! An [`Acceptor`] decides who may open a session and creates a [`MessageHandler`] for each; an
//! [`Endpoint`] is the tower service that goes into an axum router. A [`Connection`] is the handle
//! through which the rest of the program sends to a session and closes it.
//!
//! An echo server:
//!
//! ```
//! use specter_engine::{
//!     Acceptor, CloseReason, Connection, Endpoint, EngineConfig, Frame, IncomingMessage,
//!     MessageContext, MessageHandler,
//! };
//!
//! struct Echo;
//!
//! impl Acceptor for Echo {
//!     type Handler = EchoHandler;
//!
//!     fn open(&self, connection: &Connection) -> EchoHandler {
//!         EchoHandler(connection.clone())
//!     }
//! }
//!
//! struct EchoHandler(Connection);
//!
//! impl MessageHandler for EchoHandler {
//!     fn message(
//!         &mut self,
//!         message: IncomingMessage<'_>,
//!         _: &MessageContext<'_>,
//!     ) -> Result<(), CloseReason> {
//!         let frame = match message {
//!             IncomingMessage::Text(text) => Frame::text_message(text),
//!             IncomingMessage::Binary(data) => Frame::binary_message(data),
//!         };
//!         // An error means that the connection is closing, which ends this handler as well.
//!         let _ = self.0.send(frame.into());
//!         Ok(())
//!     }
//! }
//!
//! let endpoint = Endpoint::new(Echo, EngineConfig::default())?;
//! let router: axum::Router = axum::Router::new().route_service("/engine.io/", endpoint);
//! # let _ = router;
//! # Ok::<(), specter_engine::ConfigError>(())
//! ```
//!
//! # The modules
//!
//! - `server`: the HTTP server that accepts connections, and its graceful shutdown;
//! - `http`: the tower service; it answers handshakes, polls, posts and upgrades;
//! - `session`: the one task of a connection, which owns its transport, timers and handler;
//! - `outgoing`: everything that writes: the queue of a connection, the batch of one turn, and the
//!   slot through which a broadcast writes to an idle connection;
//! - `config`: the settings of an endpoint;
//! - `logging`: limits and escaping for log lines that a peer can cause;
//! - [`internals`]: the items that `specter-core` builds on.

mod application;
mod close_reason;
mod config;
mod connection;
#[cfg(any(test, feature = "testing"))]
mod detached;
mod handshake;
mod http;
mod limit_warning;
#[doc(hidden)]
pub mod logging;
mod outgoing;
mod random_id;
mod server;
mod session;

pub use specter_proto::engine::{EncodedPacket, Frame, FrameBuilder, FrameKind, Transport};

pub use crate::application::{
    Acceptor, HandshakeRejection, IncomingMessage, MessageContext, MessageHandler,
};
pub use crate::close_reason::CloseReason;
pub use crate::config::error::ConfigError;
pub use crate::config::origin::OriginPolicy;
pub use crate::config::origin_pattern::OriginFault;
pub use crate::config::{EngineConfig, ProxyHeaders, QueuePolicy};
pub use crate::connection::Connection;
pub use crate::handshake::Handshake;
pub use crate::http::endpoint::Endpoint;
pub use crate::http::slow_reader_body::{SlowReaderBody, TooSlow};
pub use crate::outgoing::queue::SendError;

/// The items that `specter-core` builds on. They change without notice. Programs use the items
/// above.
#[doc(hidden)]
pub mod internals {
    pub use crate::config::LONGEST;
    pub use crate::connection::DrainState;
    #[cfg(any(test, feature = "testing"))]
    pub use crate::detached::{detached, detached_over, take_sent, take_sent_text};
    pub use crate::outgoing::fan_out::FanOut;
    pub use crate::outgoing::prefetch_queues;
    pub use crate::outgoing::queue::Wake;
    pub use crate::random_id::{ID_LENGTH, RandomId, random_id};
    pub use crate::server::{
        Fallback, RequestRouter, StopSignals, accept_until, bind, follow_signals,
    };
    pub use crate::session::buffer_sweep::SharedBudget;
}
