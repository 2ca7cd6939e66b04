//! Engine.IO by itself: sessions over polling and WebSocket, without Socket.IO on top.
//!
//! An [`Acceptor`] decides who may open a session and makes a [`MessageHandler`] for each; an
//! [`Endpoint`] is the tower service that goes into a router. Everything here is defined in
//! `connection` and `http`, to which this is the only door.
//!
//! An echo server:
//!
//! ```
//! use specter_core::engine::{
//!     Acceptor, CloseReason, Connection, Endpoint, EngineConfig, Frame, Incoming, MessageContext,
//!     MessageHandler,
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
//!         message: Incoming<'_>,
//!         _: &MessageContext<'_>,
//!     ) -> Result<(), CloseReason> {
//!         let frame = match message {
//!             Incoming::Text(text) => Frame::text_message(text),
//!             Incoming::Binary(data) => Frame::binary_message(data),
//!         };
//!         // An error means that the connection is closing, which ends this handler as well.
//!         let _ = self.0.send(frame.into());
//!         Ok(())
//!     }
//! }
//!
//! let endpoint = Endpoint::new(Echo, EngineConfig::default())?;
//! let router: axum::Router = axum::Router::new().merge(endpoint.into_router("/engine.io/"));
//! # let _ = router;
//! # Ok::<(), specter_core::engine::ConfigError>(())
//! ```

pub use specter_proto::engine::{Frame, FrameBuilder, FrameKind, Prepared};

pub use crate::connection::{
    Acceptor, CloseReason, ConfigError, Connection, EngineConfig, Handshake, Incoming,
    MessageContext, MessageHandler, OriginFault, OriginPolicy, ProxyHeaders, QueuePolicy, Refusal,
    SendError, Transport,
};
pub use crate::http::Endpoint;
