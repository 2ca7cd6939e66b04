//! The end of a session: the handler and the client are notified, and what is queued is written.
//! Each step has its own time limit.

use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use crate::application::MessageHandler;
use crate::close_reason::CloseReason;
use crate::connection::DrainState;
use crate::session::closing_websocket::ClosingWebSocket;
use crate::session::link::Link;
use crate::session::link::polling::Polling;
use crate::session::mailbox::{AcceptedRequests, PendingRequests};
use crate::session::task::{State, Task};
use crate::session::termination::{CloseNotice, Termination};

/// How long a closed session that polls waits for a poll to say so.
const FAREWELL_LIMIT: Duration = Duration::from_secs(30);
/// The same when the server stops, which can not take that long.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

impl<H: MessageHandler> Task<H> {
    /// Ends the session: nothing is read and nothing queued any more, the handler is told, and the
    /// transport is closed in its own time.
    pub(crate) fn close(&mut self, termination: Termination, now: Instant) {
        let queue = self.connection.outgoing_queue();
        let _ = queue.close(termination.reason);
        let reason = queue.close_reason().unwrap_or(termination.reason);
        self.slot.count_close(reason);
        self.warn_of_slow_client(reason, now);
        tracing::debug!(
            target: "specter::engine",
            reason = reason.code(),
            transport = self.session.transport().name(),
            "connection closed"
        );
        self.link = match std::mem::replace(&mut self.link, Link::Gone) {
            Link::Polling { polling, probe } => {
                if let Some(probe) = probe {
                    self.part_with(*probe, CloseNotice::Tell(None), now);
                }
                self.close_polling(polling, termination.notice, reason, now)
            }
            Link::WebSocket(mut websocket) => {
                self.leave();
                websocket.reclaim(&self.connection);
                let queued = self.connection.outgoing_queue().take_all();
                match ClosingWebSocket::new(websocket, termination.notice, queued, now) {
                    Some(closing) => Link::ClosingWebSocket(Box::new(closing)),
                    None => Link::Gone,
                }
            }
            other => other,
        };
        // Only now: whoever is answered may ask again, and must not find the session.
        if let Some(post) = self.post.take() {
            post.answer();
        }
        self.state = State::Closed;
        self.handler.closed(reason);
    }

    /// Ends polling: at once where a poll waits or the client need not be told, else with the next.
    pub(crate) fn close_polling(
        &mut self,
        mut polling: Polling,
        notice: CloseNotice,
        reason: CloseReason,
        now: Instant,
    ) -> Link {
        let late = self
            .connection
            .mailbox()
            .serve_only(AcceptedRequests::CloseNotice);
        if let Some(poll) = late.poll
            && reason != CloseReason::PingTimeout
        {
            // A second one is refused, which is all that could be done about it.
            let _ = polling.accept(poll);
        }
        if notice == CloseNotice::Flush {
            // JavaScript clients drop messages that come in one answer with the packet that closes
            // the session. The poll may be gone, which changes nothing now.
            let _ = polling.flush(&self.connection);
        }
        let needs_another_poll = !polling.is_waiting() && reason.awaits_poll();
        if notice == CloseNotice::Flush && needs_another_poll {
            self.connection.mailbox().post_done();
            let limit = match reason {
                CloseReason::ServerShuttingDown => SHUTDOWN_LIMIT,
                _ => FAREWELL_LIMIT,
            };
            return Link::CloseNotice {
                deadline: now + limit,
            };
        }
        self.leave();
        polling.say_farewell(notice);
        drop(self.connection.outgoing_queue().take_all());
        Link::Gone
    }

    /// Requests find the session no more, and those that did are turned away.
    pub(crate) fn leave(&mut self) {
        self.slot.leave();
        let _: PendingRequests = self
            .connection
            .mailbox()
            .serve_only(AcceptedRequests::Nothing);
    }

    /// One turn of a session that is over. Ready when nothing is left to do.
    #[cold]
    pub(crate) fn poll_over(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<()> {
        if matches!(self.link, Link::CloseNotice { .. }) {
            self.poll_farewell(now);
        }
        let stop = self.connection.stop();
        let link = self.link.poll_leaving(cx, now, stop);
        if self.state == State::Closed && self.handler.poll_closed(cx).is_ready() {
            self.state = State::Done;
            self.slot.handler_is_done();
        }
        if link.is_ready() && self.closing.is_none() && self.state == State::Done {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Tells a client that polls of the end, if it asks.
    pub(crate) fn poll_farewell(&mut self, now: Instant) {
        let poll = self.connection.mailbox().take().and_then(|mail| mail.poll);
        let Link::CloseNotice { deadline } = &mut self.link else {
            return;
        };
        match self.connection.stop() {
            DrainState::No => {}
            DrainState::Draining => *deadline = (*deadline).min(now + SHUTDOWN_LIMIT),
            DrainState::AtOnce => *deadline = now,
        }
        let deadline = *deadline;
        if poll.is_none() && now < deadline {
            return;
        }
        let mut polling = Polling::new(self.config.max_packets_per_poll);
        if let Some(poll) = poll {
            let _ = polling.accept(poll);
            let _ = polling.flush(&self.connection);
            if !polling.is_waiting() {
                // It took a part of what is queued. A later poll brings the rest and the close.
                if self.connection.is_draining() {
                    self.link = Link::CloseNotice {
                        deadline: now + SHUTDOWN_LIMIT,
                    };
                }
                return;
            }
        }
        self.link = Link::Gone;
        self.leave();
        polling.say_farewell(CloseNotice::Tell(None));
        drop(self.connection.outgoing_queue().take_all());
    }
}
