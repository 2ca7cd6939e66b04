//! A client on a WebSocket.

use futures_util::{SinkExt, StreamExt};
use tokio::io::DuplexStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

/// A client on a WebSocket.
pub(crate) struct Ws(pub(crate) WebSocketStream<DuplexStream>);

pub(crate) async fn websocket_over(pipe: DuplexStream, query: &str) -> Result<Ws, Error> {
    let uri = format!("ws://server.example/engine.io/?{query}");
    let (stream, _) = tokio_tungstenite::client_async(uri, pipe).await?;
    Ok(Ws(stream))
}

impl Ws {
    pub(crate) async fn send(&mut self, text: &str) {
        self.0
            .send(Message::text(text))
            .await
            .expect("the WebSocket is open");
    }

    pub(crate) async fn next(&mut self) -> Option<Message> {
        self.0.next().await.and_then(Result::ok)
    }

    /// The next message, which must be a text.
    pub(crate) async fn text(&mut self) -> String {
        match self.next().await {
            Some(Message::Text(text)) => text.to_string(),
            other => panic!("not a text: {other:?}"),
        }
    }

    /// Expects the server to close, with this code (`None`: a close frame without one).
    pub(crate) async fn expect_close(&mut self, code: Option<u16>) {
        match self.next().await {
            Some(Message::Close(frame)) => {
                assert_eq!(frame.as_ref().map(|frame| frame.code.into()), code);
                assert!(frame.is_none_or(|frame| frame.reason.is_empty()));
            }
            other => panic!("not a close: {other:?}"),
        }
        assert!(self.next().await.is_none());
    }
}
