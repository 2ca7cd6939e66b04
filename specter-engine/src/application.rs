//! The traits that an application on top of Engine.IO implements: it decides who may open a
//! session, and handles messages.

use std::borrow::Cow;
use std::future::{Future, ready};
use std::task::{Context, Poll, Waker};

use http::HeaderMap;
use tokio::time::Instant;

use crate::close_reason::CloseReason;
use crate::connection::Connection;
use crate::handshake::Handshake;
use crate::session::post_body::PostBody;

/// Decides who may open a session, and creates the handler of its messages.
pub trait Acceptor: Send + Sync + 'static {
    /// The handler of one connection's messages.
    type Handler: MessageHandler;

    /// Admits a client, or rejects it. Called once for each handshake, before a session exists.
    ///
    /// A rejection is answered with `403` and `{"code":4,"message":…}` to a polling request, and
    /// with `400` and the message as its body to a WebSocket request.
    ///
    /// # Cancellation
    /// The future is dropped when the client leaves before it is answered.
    fn admit(
        &self,
        handshake: &Handshake,
    ) -> impl Future<Output = Result<(), HandshakeRejection>> + Send {
        let _ = handshake;
        ready(Ok(()))
    }

    /// Creates the handler of a session that was opened. Packets that are sent here follow the
    /// response to the handshake.
    fn open(&self, connection: &Connection) -> Self::Handler;

    /// Adds headers to the first response of a session: the response to a polling handshake, or the
    /// `101` of a WebSocket.
    fn initial_headers(&self, handshake: &Handshake, headers: &mut HeaderMap) {
        let _ = (handshake, headers);
    }
}

/// Handles the messages of one connection, on the connection's own task.
///
/// A panic in a method closes this connection and no other.
pub trait MessageHandler: Send + 'static {
    /// Handles one message. Messages are passed in the order of their arrival. `Err` closes the
    /// connection for that reason.
    ///
    /// It must not block: no other message and no timer of the connection is processed meanwhile.
    fn message(
        &mut self,
        message: IncomingMessage<'_>,
        context: &MessageContext<'_>,
    ) -> Result<(), CloseReason>;

    /// Polls what earlier messages have started.
    ///
    /// Called in each turn of the connection's task, after reading and before writing. A handler
    /// that waits for something registers the task's waker there; [`Connection::wake`] starts a
    /// turn as well.
    fn poll(&mut self, cx: &mut Context<'_>) {
        let _ = cx;
    }

    /// Whether the handler has a backlog. While it has one, no message is read, and the pong
    /// timeout does not run unless the connection is behind. Pings are still sent. Called after
    /// every message and after every [`poll`](Self::poll).
    fn backlogged(&self) -> bool {
        false
    }

    /// When [`poll`](Self::poll) must be called at the latest. Called after every `poll`. `None` if
    /// nothing is due.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// The bytes that the handler holds for this connection: messages that are pending or
    /// incomplete. They count towards
    /// [`EngineConfig::max_buffered_total`](crate::config::EngineConfig::max_buffered_total).
    /// Called after every [`poll`](Self::poll).
    fn buffered_bytes(&self) -> usize {
        0
    }

    /// Ready when all work that messages have started is finished. Called after every
    /// [`poll`](Self::poll) while the server drains. When it is ready, the queue is flushed and the
    /// connection closes. Messages may arrive until then.
    fn poll_drained(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let _ = cx;
        Poll::Ready(())
    }

    /// Called exactly once, when the connection has closed: no message follows, and nothing can be
    /// sent.
    fn closed(&mut self, reason: CloseReason) {
        let _ = reason;
    }

    /// Polled after [`closed`](Self::closed) until it is ready. The connection's task then ends.
    /// The transport and its buffers are released before that.
    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let _ = cx;
        Poll::Ready(())
    }
}

/// One message from the peer, borrowed for the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncomingMessage<'a> {
    /// A text, without the packet type before it.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
}

/// How a message arrived.
#[derive(Clone, Copy, Debug)]
pub struct MessageContext<'a> {
    carrier: Carrier<'a>,
    waker: &'a Waker,
}

/// The transport of a message.
#[derive(Clone, Copy, Debug)]
enum Carrier<'a> {
    WebSocket,
    Headers(&'a HeaderMap),
    PostBody(&'a PostBody),
}

impl<'a> MessageContext<'a> {
    /// The context of a message that arrived in a request with these headers, or, if `None`, on a
    /// WebSocket.
    pub const fn new(request_headers: Option<&'a HeaderMap>) -> Self {
        let carrier = match request_headers {
            Some(headers) => Carrier::Headers(headers),
            None => Carrier::WebSocket,
        };
        Self {
            carrier,
            waker: Waker::noop(),
        }
    }

    /// The context of a message in a received body, with the waker of the connection's task.
    pub(crate) const fn of(posted: Option<&'a PostBody>, waker: &'a Waker) -> Self {
        let carrier = match posted {
            Some(posted) => Carrier::PostBody(posted),
            None => Carrier::WebSocket,
        };
        Self { carrier, waker }
    }

    /// The waker of the connection's task, for futures that are started while the message is
    /// handled.
    pub const fn waker(&self) -> &'a Waker {
        self.waker
    }

    /// The headers of the `POST` that contained the message; `None` on a WebSocket.
    pub fn request_headers(&self) -> Option<&'a HeaderMap> {
        match self.carrier {
            Carrier::WebSocket => None,
            Carrier::Headers(headers) => Some(headers),
            Carrier::PostBody(posted) => Some(posted.headers()),
        }
    }
}

/// The rejection of a handshake, with a message for the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct HandshakeRejection {
    message: Cow<'static, str>,
}

impl HandshakeRejection {
    /// A rejection with a message for the client.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            message: message.into(),
        }
    }

    /// The message for the client.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// A stable name, for logs and counters.
    #[allow(
        clippy::unused_self,
        reason = "every error of the crate has this method"
    )]
    pub const fn code(&self) -> &'static str {
        "handshake_refused"
    }
}

impl Default for HandshakeRejection {
    fn default() -> Self {
        Self::new("Forbidden")
    }
}
