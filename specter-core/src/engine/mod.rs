//! Engine.IO by itself: sessions over polling and WebSocket, without Socket.IO on top.
//!
//! Everything here is defined in the crate `specter-engine`, whose documentation has an echo server
//! as an example.

pub use specter_engine::{
    Acceptor, CloseReason, ConfigError, Connection, EncodedPacket, Endpoint, EngineConfig, Frame,
    FrameBuilder, FrameKind, Handshake, HandshakeRejection, IncomingMessage, MessageContext,
    MessageHandler, OriginFault, OriginPolicy, ProxyHeaders, QueuePolicy, SendError, Transport,
};
