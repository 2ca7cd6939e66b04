//! Profile `engine`: Engine.IO without Socket.IO. It echoes every message.

use std::time::Duration;

use specter::engine::{
    Acceptor, CloseReason, ConfigError, Connection, Endpoint, EngineConfig, Frame, IncomingMessage,
    MessageContext, MessageHandler, OriginPolicy,
};

use crate::serve::Profile;

pub(crate) fn profile() -> Result<Profile, ConfigError> {
    let config = EngineConfig::default()
        .ping_interval(Duration::from_millis(300))
        .ping_timeout(Duration::from_millis(200))
        .max_payload(1_000_000)
        .origins(OriginPolicy::Any);
    Ok(Profile::of_engine(Endpoint::new(Echo, config)?))
}

struct Echo;

impl Acceptor for Echo {
    type Handler = EchoHandler;

    fn open(&self, connection: &Connection) -> EchoHandler {
        EchoHandler(connection.clone())
    }
}

struct EchoHandler(Connection);

impl MessageHandler for EchoHandler {
    fn message(
        &mut self,
        message: IncomingMessage<'_>,
        _: &MessageContext<'_>,
    ) -> Result<(), CloseReason> {
        // An error means that the connection is closing, which also ends this handler.
        let _ = self.0.send(echo(message).into());
        Ok(())
    }
}

/// The frame that sends the same message back.
pub(crate) fn echo(message: IncomingMessage<'_>) -> Frame {
    match message {
        IncomingMessage::Text(text) => Frame::text_message(text),
        IncomingMessage::Binary(data) => Frame::binary_message(data),
    }
}
