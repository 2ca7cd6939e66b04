//! The traits that an application of Engine.IO implements: who may open a session, and where
//! messages go.

use std::borrow::Cow;
use std::future::{Future, ready};
use std::task::{Context, Poll, Waker};

use http::HeaderMap;
use tokio::time::Instant;

use crate::close_reason::CloseReason;
use crate::connection::Connection;
use crate::handshake::Handshake;
use crate::session::post_body::PostBody;

/// Decides who may open a session, and what its messages go to.
pub trait Acceptor: Send + Sync + 'static {
    /// What the messages of one connection go to.
    type Handler: MessageHandler;

    /// Asked before a session exists, once for each handshake request and for no other.
    ///
    /// A refusal answers a polling request with `403` and `{"code":4,"message":…}`, a WebSocket
    /// request with `400` and the message as its body.
    ///
    /// # Cancellation
    /// Dropped when the client goes away before it is answered.
    fn admit(
        &self,
        handshake: &Handshake,
    ) -> impl Future<Output = Result<(), HandshakeRejection>> + Send {
        let _ = handshake;
        ready(Ok(()))
    }

    /// A session was opened. What is sent here follows the handshake's answer.
    fn open(&self, connection: &Connection) -> Self::Handler;

    /// Adds headers to the first response of a session: the answer to a polling handshake, or the
    /// `101` of a WebSocket.
    fn initial_headers(&self, handshake: &Handshake, headers: &mut HeaderMap) {
        let _ = (handshake, headers);
    }
}

/// Takes the messages of one connection, on the connection's own task.
///
/// A panic in it ends this connection and no other.
pub trait MessageHandler: Send + 'static {
    /// One message, in the order of arrival. `Err` closes the connection for that reason.
    ///
    /// Must not block: no other message of the connection, and no timer of it, is served meanwhile.
    fn message(
        &mut self,
        message: IncomingMessage<'_>,
        context: &MessageContext<'_>,
    ) -> Result<(), CloseReason>;

    /// Drives what messages have started.
    ///
    /// Called each time the connection's task runs, after reading and before writing. It registers
    /// the task's waker where it waits; [`Connection::wake`] makes the task run as well.
    fn poll(&mut self, cx: &mut Context<'_>) {
        let _ = cx;
    }

    /// While true nothing more is read, and the ping clock stands still. Asked after every
    /// message and after every [`poll`](Self::poll).
    fn backlogged(&self) -> bool {
        false
    }

    /// When [`poll`](Self::poll) must be called at the latest, whatever else happens. Asked
    /// after every `poll`. `None`: nothing is due.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// How many bytes it holds for this connection: messages that wait or are not complete. They
    /// count towards
    /// [`EngineConfig::max_buffered_total`](crate::config::EngineConfig::max_buffered_total).
    /// Asked after every [`poll`](Self::poll).
    fn buffered_bytes(&self) -> usize {
        0
    }

    /// Asked while the server drains, after every [`poll`](Self::poll): ready when nothing
    /// that messages have started is left to finish. Then what was sent is flushed and the
    /// connection closes. Messages still arrive until then.
    fn poll_drained(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let _ = cx;
        Poll::Ready(())
    }

    /// The connection closed: no message follows, and nothing can be sent. Called exactly once.
    fn closed(&mut self, reason: CloseReason) {
        let _ = reason;
    }

    /// Polled after [`closed`](Self::closed) until it is ready; then the connection's task
    /// ends. The transport and its buffers do not wait for it.
    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let _ = cx;
        Poll::Ready(())
    }
}

/// One message from the peer, lent for the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncomingMessage<'a> {
    /// Text, without the packet type in front of it.
    Text(&'a str),
    /// Bytes.
    Binary(&'a [u8]),
}

/// What is known of the way a message came.
#[derive(Clone, Copy, Debug)]
pub struct MessageContext<'a> {
    carrier: Carrier<'a>,
    waker: &'a Waker,
}

/// What brought a message.
#[derive(Clone, Copy, Debug)]
enum Carrier<'a> {
    WebSocket,
    Headers(&'a HeaderMap),
    PostBody(&'a PostBody),
}

impl<'a> MessageContext<'a> {
    /// The context of a message that came in a request with these headers, or over a WebSocket.
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

    /// The same for the request itself, and the waker of the connection's task.
    pub(crate) const fn of(posted: Option<&'a PostBody>, waker: &'a Waker) -> Self {
        let carrier = match posted {
            Some(posted) => Carrier::PostBody(posted),
            None => Carrier::WebSocket,
        };
        Self { carrier, waker }
    }

    /// Wakes the connection's task: for what is begun while the message is taken.
    pub const fn waker(&self) -> &'a Waker {
        self.waker
    }

    /// The headers of the `POST` that carried the message; `None` on a WebSocket.
    pub fn request_headers(&self) -> Option<&'a HeaderMap> {
        match self.carrier {
            Carrier::WebSocket => None,
            Carrier::Headers(headers) => Some(headers),
            Carrier::PostBody(posted) => Some(posted.headers()),
        }
    }
}

/// Why a handshake was refused, in words for the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct HandshakeRejection {
    message: Cow<'static, str>,
}

impl HandshakeRejection {
    /// A refusal with this message, which the client gets to see.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            message: message.into(),
        }
    }

    /// What the client is told.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// A stable name for logs and counters.
    #[allow(
        clippy::unused_self,
        reason = "every error of the crate is asked in the same way"
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
