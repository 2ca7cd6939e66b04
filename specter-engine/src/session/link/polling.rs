//! The polling transport of a session: the pending poll, and the post that is being processed.
//!
//! Requests get an outcome here; the HTTP layer turns it into status codes and headers.

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

/// The transport of a session that polls.
pub(crate) struct Polling {
    poll: Option<PollRequest>,
    /// How many packets an answer may hold.
    max_packets: usize,
}

impl Polling {
    /// Nothing waits; answers hold at most so many packets.
    pub(crate) fn new(max_packets: usize) -> Self {
        Self {
            poll: None,
            max_packets,
        }
    }

    /// A poll came. Two at once end the session: the second is refused, the first told.
    pub(crate) fn accept(&mut self, poll: PollRequest) -> Result<(), Termination> {
        if self.poll.is_some() {
            let _ = poll.send(Err(RequestConflict::Overlap));
            return Err(Termination::violation(None));
        }
        self.poll = Some(poll);
        Ok(())
    }

    /// Whether a poll waits to be answered.
    pub(crate) fn is_waiting(&self) -> bool {
        self.poll.is_some()
    }

    /// Notices that the client broke its poll off, which ends the session: what it was to be
    /// answered with might be lost unseen.
    pub(crate) fn poll_aborted(&mut self, cx: &mut Context<'_>) -> Result<(), Termination> {
        if let Some(poll) = &mut self.poll
            && poll.poll_closed(cx).is_ready()
        {
            self.poll = None;
            return Err(Termination::gone(CloseReason::TransportError));
        }
        Ok(())
    }

    /// Answers the poll that waits with what is queued, if anything is.
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

    /// Answers the poll that waits, if one does, with a packet that means nothing.
    pub(crate) fn release(&mut self) -> Result<(), Termination> {
        self.answer(alone(&control::noop()))
    }

    /// Says notice to the poll that waits, if one does.
    pub(crate) fn say_farewell(&mut self, notice: CloseNotice) {
        // The session is over: nothing is to be done about a poll that is gone.
        let _ = match notice {
            CloseNotice::Flush | CloseNotice::Tell(_) => self.answer(alone(&control::close())),
            CloseNotice::Answer(_) => self.release(),
            CloseNotice::Silence => Ok(()),
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

/// A packet of the engine's own.
fn alone(packet: &Frame) -> PollResponse {
    PollResponse::of(packet.payload().to_vec())
}

/// A polling body, of which some packets may be taken already.
pub(crate) struct Post {
    request: Box<PostRequest>,
    /// Where the next packet starts; `None` when all are taken.
    next: Option<usize>,
}

/// What stands between two packets.
const SEPARATOR: u8 = 0x1E;

impl Post {
    /// A body that was received, and whether it can be one of several packets.
    pub(crate) fn new(
        request: Box<PostRequest>,
        limits: PayloadLimits,
    ) -> (Self, Result<(), PayloadError>) {
        let body = request.posted.body();
        // A single packet is checked when it is read, and what is wrong with it found then: behind
        // what waits before it.
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
        // Packet by packet, so that a stop costs no second look at what was taken.
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

    /// How many bytes the body has.
    pub(crate) fn len(&self) -> usize {
        self.request.posted.body().len()
    }

    /// Whether the client broke its request off. Else the task is woken when it does.
    pub(crate) fn is_abandoned(&mut self, cx: &mut Context<'_>) -> bool {
        self.request.taken.poll_closed(cx).is_ready()
    }

    /// Tells the request that its packets were taken.
    pub(crate) fn answer(self) {
        // A client that does not wait for the answer has what it wants.
        let _ = self.request.taken.send(());
    }
}
