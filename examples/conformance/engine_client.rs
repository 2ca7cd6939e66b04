//! Profile `engine-client`: Engine.IO without Socket.IO, as the tests of engine.io-client expect
//! their server.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use specter::engine::{
    Acceptor, CloseReason, ConfigError, Connection, Endpoint, EngineConfig, Frame, Handshake,
    HandshakeRejection, IncomingMessage, MessageContext, MessageHandler,
};

use crate::engine::echo;
use crate::serve::Profile;

pub(crate) fn profile() -> Result<Profile, ConfigError> {
    let config = EngineConfig::default()
        .ping_interval(Duration::from_millis(500))
        .max_payload(100);
    Ok(Profile::of_engine(Endpoint::new(Greeting, config)?))
}

struct Greeting;

impl Acceptor for Greeting {
    type Handler = Replies;

    async fn admit(&self, handshake: &Handshake) -> Result<(), HandshakeRejection> {
        if handshake.query_value("deny").is_some() {
            return Err(HandshakeRejection::default());
        }
        Ok(())
    }

    fn open(&self, connection: &Connection) -> Replies {
        let replies = Replies(connection.clone());
        replies.send(Frame::text_message("hi"));
        replies
    }

    fn initial_headers(&self, _: &Handshake, headers: &mut HeaderMap) {
        let now = Timestamp::now()
            .strftime("%a, %d %b %Y %H:%M:%S GMT")
            .to_string();
        let cookies = [
            "1=1; Max-Age=86400",
            "2=2; Path=/; HttpOnly; Secure; SameSite=Strict",
            "3=3; Max-Age=0",
            &format!("4=4; Expires={now}"),
        ];
        for cookie in cookies
            .into_iter()
            .filter_map(|cookie| HeaderValue::from_str(cookie).ok())
        {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
}

struct Replies(Connection);

impl Replies {
    fn send(&self, frame: Frame) {
        // An error means that the connection is closing, which also ends this handler.
        let _ = self.0.send(frame.into());
    }
}

impl MessageHandler for Replies {
    fn message(
        &mut self,
        message: IncomingMessage<'_>,
        context: &MessageContext<'_>,
    ) -> Result<(), CloseReason> {
        self.send(match message {
            IncomingMessage::Text("give binary") => Frame::binary_message(&[0, 1, 2, 3, 4]),
            IncomingMessage::Text("give utf8") => {
                Frame::text_message("пойду спать всем спокойной ночи")
            }
            IncomingMessage::Text("sendHeaders") => Frame::text_message(&headers_as_json(*context)),
            message => echo(message),
        });
        Ok(())
    }
}

/// The headers of the request that carried the message, with repeated headers joined. Messages on a
/// WebSocket have none.
fn headers_as_json(context: MessageContext<'_>) -> String {
    let mut values = BTreeMap::<&str, Vec<_>>::new();
    for (name, value) in context.request_headers().into_iter().flatten() {
        values
            .entry(name.as_str())
            .or_default()
            .push(String::from_utf8_lossy(value.as_bytes()));
    }
    let joined: BTreeMap<_, _> = values
        .into_iter()
        .map(|(name, values)| (name, values.join(", ")))
        .collect();
    serde_json::to_string(&joined).unwrap_or_default()
}
