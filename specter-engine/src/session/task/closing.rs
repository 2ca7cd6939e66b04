//! The end of a session: the handler and the client are notified, and the queue is written. Each
//! step has its own time limit.

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

/// How long a closed polling session waits for a poll that can carry the close notice.
const CLOSE_NOTICE_LIMIT: Duration = Duration::from_secs(30);
/// The same while the server shuts down.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

impl<H: MessageHandler> Task<H> {
    /// Ends the session: nothing more is read or queued, the handler is notified, and the transport
    /// is closed.
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
        self.link = match std::mem::replace(&mut self.link, Link::Closed) {
            Link::Polling { polling, probe } => {
                if let Some(probe) = probe {
                    self.close_websocket(*probe, CloseNotice::Send(None), now);
                }
                self.close_polling(polling, termination.notice, reason, now)
            }
            Link::WebSocket(mut websocket) => {
                self.leave();
                websocket.reclaim(&self.connection);
                let queued = self.connection.outgoing_queue().take_all();
                match ClosingWebSocket::new(websocket, termination.notice, queued, now) {
                    Some(closing) => Link::ClosingWebSocket(Box::new(closing)),
                    None => Link::Closed,
                }
            }
            other => other,
        };
        // Only now, because a client that receives the response may send the next request, which
        // must not find the session.
        if let Some(post) = self.post.take() {
            post.answer();
        }
        self.state = State::Closed;
        self.handler.closed(reason);
    }

    /// Ends polling: immediately if a poll is pending or the client need not be notified, otherwise
    /// with the next poll.
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
            // If another poll is pending already, this one is rejected.
            let _ = polling.accept(poll);
        }
        if notice == CloseNotice::Flush {
            // The messages get a response of their own, because JavaScript clients drop messages
            // that are in one response with the close packet. An error means that the client has
            // aborted the poll, which changes nothing now.
            let _ = polling.flush(&self.connection);
        }
        let needs_another_poll = !polling.is_waiting() && reason.awaits_poll();
        if notice == CloseNotice::Flush && needs_another_poll {
            self.connection.mailbox().post_done();
            let limit = match reason {
                CloseReason::ServerShuttingDown => SHUTDOWN_LIMIT,
                _ => CLOSE_NOTICE_LIMIT,
            };
            return Link::CloseNotice {
                deadline: now + limit,
            };
        }
        self.leave();
        polling.send_close_notice(notice);
        drop(self.connection.outgoing_queue().take_all());
        Link::Closed
    }

    /// Removes the session from the registry, and rejects the requests that had found it.
    pub(crate) fn leave(&mut self) {
        self.slot.leave();
        let _: PendingRequests = self
            .connection
            .mailbox()
            .serve_only(AcceptedRequests::Nothing);
    }

    /// One turn of a session that has ended. Ready when nothing is left to do.
    #[cold]
    pub(crate) fn poll_over(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<()> {
        if matches!(self.link, Link::CloseNotice { .. }) {
            self.poll_close_notice(now);
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

    /// Sends the close notice to a polling client, if it polls.
    pub(crate) fn poll_close_notice(&mut self, now: Instant) {
        let poll = self
            .connection
            .mailbox()
            .take()
            .and_then(|requests| requests.poll);
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
                // This poll took a part of the queue. A later one takes the rest and the close
                // notice.
                if self.connection.is_draining() {
                    self.link = Link::CloseNotice {
                        deadline: now + SHUTDOWN_LIMIT,
                    };
                }
                return;
            }
        }
        self.link = Link::Closed;
        self.leave();
        polling.send_close_notice(CloseNotice::Send(None));
        drop(self.connection.outgoing_queue().take_all());
    }
}
