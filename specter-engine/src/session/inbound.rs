//! The path of a received packet, from the transport to the application's handler.
//!
//! The protocol state processes every packet first; the handler receives the messages. An error of
//! either ends the connection.

use std::task::Waker;
use std::time::Instant;

use specter_proto::engine::{Packet, PayloadError, Received, Session, payload};

use crate::application::{IncomingMessage, MessageContext, MessageHandler};
use crate::close_reason::CloseReason;
use crate::connection::Connection;
use crate::limit_warning::warn_of_limit;
use crate::session::link::websocket::{Flow, Message};
use crate::session::post_body::PostBody;
use crate::session::termination::Termination;

/// The parts of a session that process received packets, borrowed for one read.
pub(crate) struct Inbound<'a, H> {
    pub(crate) session: &'a mut Session,
    pub(crate) handler: &'a mut H,
    pub(crate) connection: &'a Connection,
    pub(crate) now: Instant,
    pub(crate) waker: &'a Waker,
    /// The time before which nothing is due. Any packet but a message may change it.
    pub(crate) skip_checks_until: &'a mut Option<tokio::time::Instant>,
}

impl<H: MessageHandler> Inbound<'_, H> {
    /// Processes a message from the session's WebSocket.
    #[inline]
    pub(crate) fn websocket_message(&mut self, message: Message<'_>) -> Result<Flow, Termination> {
        let message = match message {
            // The common case.
            Message::Text(text) => match text.strip_prefix('4') {
                Some(text) => IncomingMessage::Text(text),
                None => return self.other_text(text),
            },
            Message::Binary(data) => IncomingMessage::Binary(data),
        };
        if self.session.receive_message(self.now) {
            self.hand_over(message, None)
        } else {
            Ok(Flow::More)
        }
    }

    /// Processes a text of any packet type from the session's WebSocket. It may contain a binary
    /// message: a client that is configured to send base64 does so on every transport.
    #[inline(never)]
    fn other_text(&mut self, text: &str) -> Result<Flow, Termination> {
        let packet = payload::decode_text(text).map_err(|error| unreadable(error.code()))?;
        self.packet(packet.as_packet(), None)
    }

    /// Processes a packet; `posted` is the request that carried it, if there was one.
    pub(crate) fn packet(
        &mut self,
        packet: Packet<'_>,
        posted: Option<&PostBody>,
    ) -> Result<Flow, Termination> {
        *self.skip_checks_until = None;
        let message = match self.session.receive(packet, self.now) {
            Ok(Received::Nothing) => return Ok(Flow::More),
            Ok(Received::Close) => return Err(Termination::peer_left(None)),
            Ok(Received::Text(text)) => IncomingMessage::Text(text),
            Ok(Received::Binary(data)) => IncomingMessage::Binary(data),
            Err(violation) => {
                log_violation(violation.code());
                return Err(Termination::violation(None));
            }
        };
        self.hand_over(message, posted)
    }

    /// Passes a message to the handler.
    #[inline]
    fn hand_over(
        &mut self,
        message: IncomingMessage<'_>,
        posted: Option<&PostBody>,
    ) -> Result<Flow, Termination> {
        let context = MessageContext::of(posted, self.waker);
        self.handler
            .message(message, &context)
            .map_err(Termination::decided)?;
        // The handler may also have closed the connection through its handle.
        if let Some(reason) = self.connection.outgoing_queue().close_reason() {
            return Err(Termination::decided(reason));
        }
        Ok(if self.handler.backlogged() {
            Flow::Stop
        } else {
            Flow::More
        })
    }
}

/// The termination because of an invalid polling body.
pub(crate) fn unreadable_body(error: &PayloadError) -> Termination {
    if let PayloadError::TooManyPackets { limit } = error {
        warn_of_limit("max_packets_per_body", *limit);
    }
    unreadable(error.code())
}

/// The termination because of an invalid packet.
pub(crate) fn unreadable(code: &'static str) -> Termination {
    log_violation(code);
    Termination::decided(CloseReason::ParseError)
}

fn log_violation(code: &'static str) {
    tracing::debug!(
        target: "specter::engine",
        violation = code,
        "closing a connection whose peer broke the protocol"
    );
}
