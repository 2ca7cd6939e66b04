//! The polling transport of a session: the pending poll, and the post that is being processed.
//!
//! The outcome of a request is decided here; the HTTP layer converts it to status codes and
//! headers.

use std::task::Context;

use memchr::memchr;
use specter_proto::engine::payload;
use specter_proto::engine::{Frame, PayloadError, PayloadLimits, PayloadPacket, control};

use crate::close_reason::CloseReason;
use crate::connection::Connection;
use crate::session::mailbox::{PollRequest, PostRequest, RequestConflict};
use crate::session::poll_response::PollResponse;
use crate::session::post_body::PostBody;
use crate::session::termination::{CloseNotice, Termination};

/// The polling transport.
pub(crate) struct Polling {
    poll: Option<PollRequest>,
    /// The most packets in a response.
    max_packets: usize,
}

impl Polling {
    /// A transport without requests, whose responses have at most this many packets.
    pub(crate) fn new(max_packets: usize) -> Self {
        Self {
            poll: None,
            max_packets,
        }
    }

    /// Accepts a poll. Two open polls end the session: the second is rejected, and the first is
    /// answered with a close.
    pub(crate) fn accept(&mut self, poll: PollRequest) -> Result<(), Termination> {
        if self.poll.is_some() {
            let _ = poll.send(Err(RequestConflict::Overlap));
            return Err(Termination::violation(None));
        }
        self.poll = Some(poll);
        Ok(())
    }

    /// Whether a poll is pending.
    pub(crate) fn is_waiting(&self) -> bool {
        self.poll.is_some()
    }

    /// Detects that the client has aborted its poll. This ends the session, because the client
    /// might miss packets of the response.
    pub(crate) fn poll_aborted(&mut self, cx: &mut Context<'_>) -> Result<(), Termination> {
        if let Some(poll) = &mut self.poll
            && poll.poll_closed(cx).is_ready()
        {
            self.poll = None;
            return Err(Termination::gone(CloseReason::TransportError));
        }
        Ok(())
    }

    /// Answers the pending poll with the queued packets, if there are any.
    pub(crate) fn flush(&mut self, connection: &Connection) -> Result<(), Termination> {
        if !self.is_waiting() {
            return Ok(());
        }
        let packets = connection.outgoing_queue().take_frames(self.max_packets);
        if packets.is_empty() {
            return Ok(());
        }
        self.answer(PollResponse::of_packets(&packets, connection.charged()))
    }

    /// Answers the pending poll, if there is one, with a NOOP packet.
    pub(crate) fn release(&mut self) -> Result<(), Termination> {
        self.answer(single_packet(&control::noop()))
    }

    /// Sends the close notice to the pending poll, if there is one.
    pub(crate) fn send_close_notice(&mut self, notice: CloseNotice) {
        // Fails if the client has aborted the poll: the session has ended anyway.
        let _ = match notice {
            CloseNotice::Flush | CloseNotice::Send(_) => {
                self.answer(single_packet(&control::close()))
            }
            CloseNotice::Answer(_) => self.release(),
            CloseNotice::Nothing => Ok(()),
        };
        self.poll = None;
    }

    fn answer(&mut self, body: PollResponse) -> Result<(), Termination> {
        match self.poll.take() {
            Some(poll) => poll
                .send(Ok(body))
                .map_err(|_| Termination::gone(CloseReason::TransportError)),
            None => Ok(()),
        }
    }
}

/// A response with a single packet of the engine.
fn single_packet(packet: &Frame) -> PollResponse {
    PollResponse::of(packet.payload().to_vec())
}

/// A polling body that is being processed.
pub(crate) struct Post {
    request: Box<PostRequest>,
    /// The start of the next packet; `None` after the last.
    next: Option<usize>,
}

/// The separator of packets in a body (Engine.IO v4).
const SEPARATOR: u8 = 0x1E;

impl Post {
    /// Starts to process a received body. An error if it has too many packets or, with several
    /// packets, is not UTF-8.
    pub(crate) fn new(
        request: Box<PostRequest>,
        limits: PayloadLimits,
    ) -> (Self, Result<(), PayloadError>) {
        let body = request.posted.body();
        // A single packet is checked when it is read, after the packets that were received before
        // it.
        let checked = if memchr(SEPARATOR, body).is_some() {
            payload::decode(body, &limits).map(drop)
        } else {
            Ok(())
        };
        let post = Self {
            request,
            next: Some(0),
        };
        (post, checked)
    }

    /// Takes the next packet, with the request that carried it.
    pub(crate) fn next(&mut self) -> Option<Result<(PayloadPacket<'_>, &PostBody), PayloadError>> {
        // One packet at a time, so that stopping does not require a second pass over earlier
        // packets.
        let start = self.next.take()?;
        let posted = &self.request.posted;
        let rest = posted.body().get(start..).unwrap_or_default();
        let element = match memchr(SEPARATOR, rest) {
            Some(len) => {
                self.next = Some(start + len + 1);
                rest.get(..len).unwrap_or_default()
            }
            None => rest,
        };
        let packet = payload::decode_one(element);
        Some(packet.map(|packet| (packet, posted)))
    }

    /// The length of the body in bytes.
    pub(crate) fn len(&self) -> usize {
        self.request.posted.body().len()
    }

    /// Whether the client has aborted its request. Otherwise the task is woken when it does.
    pub(crate) fn is_abandoned(&mut self, cx: &mut Context<'_>) -> bool {
        self.request.taken.poll_closed(cx).is_ready()
    }

    /// Answers the request: its packets have been processed.
    pub(crate) fn answer(self) {
        // Fails if the client no longer waits for the response.
        let _ = self.request.taken.send(());
    }
}
