//! What a task receives during a turn: requests from the mailbox, polling bodies, WebSocket
//! messages.

use std::task::Context;

use specter_proto::engine::PayloadLimits;
use tokio::time::Instant;

use crate::application::MessageHandler;
use crate::close_reason::CloseReason;
use crate::session::inbound::{Inbound, unreadable_body};
use crate::session::link::Link;
use crate::session::link::budget::Budget;
use crate::session::link::polling::Post;
use crate::session::link::websocket::Flow;
use crate::session::mailbox::{PendingRequests, PostRequest, RequestConflict};
use crate::session::task::Task;
use crate::session::termination::Termination;

impl<H: MessageHandler> Task<H> {
    /// Takes the requests out of the mailbox.
    pub(crate) fn take_requests(&mut self, now: Instant) -> Result<(), Termination> {
        match self.connection.mailbox().take() {
            Some(requests) => self.accept(requests, now),
            None => Ok(()),
        }
    }

    /// Processes the packets that have arrived, before a timeout ends the session: the client may
    /// have sent them in time, although this thread reads them late.
    ///
    /// Every packet that has arrived counts. A poll does not: it is no answer to a ping, and a poll
    /// after the timeout finds no session, whether or not this task has noticed the timeout first.
    pub(crate) fn drain_before_timeout(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        budget: &mut Budget,
    ) -> Result<(), Termination> {
        if let Some(requests) = self.connection.mailbox().take_all_except_poll() {
            self.accept(requests, now)?;
        }
        self.read(cx, now, budget)?;
        self.note_backlog(now);
        self.note_poll_was_read(now);
        if self.session.is_pong_overdue(now.into_std()) {
            return Err(Termination::decided(CloseReason::PingTimeout));
        }
        Ok(())
    }

    /// Passes each request to the part of the task that serves it.
    fn accept(&mut self, requests: PendingRequests, now: Instant) -> Result<(), Termination> {
        if let Some(upgrade) = requests.upgrade {
            self.begin_probe(upgrade, now);
        }
        if let Some(poll) = requests.poll {
            match &mut self.link {
                Link::Polling { polling, .. } => polling.accept(poll)?,
                _ => drop(poll.send(Err(RequestConflict::OtherTransport))),
            }
        }
        if let Some(post) = requests.post {
            self.begin_post(post)?;
        }
        if requests.faulty {
            return Err(Termination::violation(None));
        }
        Ok(())
    }

    /// Starts to process a received body. An error if the body as a whole is invalid.
    pub(crate) fn begin_post(&mut self, request: Box<PostRequest>) -> Result<(), Termination> {
        let limits = PayloadLimits {
            max_packets: self.config.max_packets_per_body,
        };
        let (post, checked) = Post::new(request, limits);
        self.post = Some(post);
        checked.map_err(|error| unreadable_body(&error))
    }

    /// Reads from the transport, until there is nothing more to read, the handler has a backlog, or
    /// the budget is spent.
    pub(crate) fn read(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        budget: &mut Budget,
    ) -> Result<Flow, Termination> {
        if self.post.is_none() && self.link.is_websocket() {
            self.read_websocket(cx, now, budget)
        } else {
            self.read_any(cx, now, budget)
        }
    }

    /// Reads from the request body, the probing WebSocket and the session's WebSocket, in this
    /// order.
    #[inline(never)]
    fn read_any(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        budget: &mut Budget,
    ) -> Result<Flow, Termination> {
        if self.read_post(cx, now, budget)?.is_stop() {
            return Ok(Flow::Stop);
        }
        if matches!(&self.link, Link::Polling { probe: Some(_), .. }) {
            self.read_probe(cx, now, budget)?;
            // If the WebSocket has taken over, a body that arrived meanwhile was sent before the
            // WebSocket's messages.
            if self.read_post(cx, now, budget)?.is_stop() {
                return Ok(Flow::Stop);
            }
        }
        self.read_websocket(cx, now, budget)
    }

    /// Reads from the session's WebSocket, if it has one.
    #[inline]
    fn read_websocket(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        budget: &mut Budget,
    ) -> Result<Flow, Termination> {
        let Link::WebSocket(websocket) = &mut self.link else {
            return Ok(Flow::More);
        };
        let mut inbound = Inbound {
            session: &mut self.session,
            handler: &mut self.handler,
            connection: &self.connection,
            now: now.into_std(),
            waker: cx.waker(),
            skip_checks_until: &mut self.skip_checks_until,
        };
        websocket.poll_read(cx, budget, |message| inbound.websocket_message(message))
    }

    /// Processes the packets of a request body. The request is answered after the last one.
    pub(crate) fn read_post(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        budget: &mut Budget,
    ) -> Result<Flow, Termination> {
        let Some(post) = &mut self.post else {
            return Ok(Flow::More);
        };
        let mut inbound = Inbound {
            session: &mut self.session,
            handler: &mut self.handler,
            connection: &self.connection,
            now: now.into_std(),
            waker: cx.waker(),
            skip_checks_until: &mut self.skip_checks_until,
        };
        while let Some(next) = post.next() {
            let (packet, posted) = next.map_err(|error| unreadable_body(&error))?;
            budget.spend_packet();
            let flow = inbound.packet(packet.as_packet(), Some(posted))?;
            if budget.is_spent() {
                Budget::yield_turn(cx);
                return Ok(Flow::Stop);
            }
            if flow.is_stop() {
                return Ok(Flow::Stop);
            }
        }
        if let Some(post) = self.post.take() {
            self.connection.mailbox().post_done();
            post.answer();
        }
        Ok(Flow::More)
    }
}
