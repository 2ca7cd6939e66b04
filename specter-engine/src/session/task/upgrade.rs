//! The upgrade of a polling session to a WebSocket. Until the WebSocket has taken over, nothing
//! that happens on it affects the session.

use std::task::{Context, Poll};

use hyper::upgrade::OnUpgrade;
use specter_proto::engine::{Packet, Probe, control};
use tokio::time::Instant;

use crate::application::MessageHandler;
use crate::session::closing_websocket::ClosingWebSocket;
use crate::session::link::Link;
use crate::session::link::budget::Budget;
use crate::session::link::websocket::{Flow, Message, WebSocket};
use crate::session::mailbox::{AcceptedRequests, PostRequest};
use crate::session::task::{Task, websocket_limits};
use crate::session::termination::{CloseNotice, Termination};
use specter_proto::engine::Transport;

impl<H: MessageHandler> Task<H> {
    /// Lets an accepted WebSocket probe, or closes it if the session cannot upgrade now.
    pub(crate) fn begin_probe(&mut self, upgrade: OnUpgrade, now: Instant) {
        let websocket = WebSocket::awaited(upgrade, websocket_limits(&self.config));
        match (&mut self.link, self.session.begin_probe(now.into_std())) {
            (Link::Polling { probe, .. }, Ok(())) => *probe = Some(Box::new(websocket)),
            _ => self.close_websocket(websocket, CloseNotice::Send(None), now),
        }
    }

    /// Closes a WebSocket that is not the session's. Only one at a time performs the closing
    /// handshake: an earlier one that has not finished is dropped.
    pub(crate) fn close_websocket(
        &mut self,
        websocket: WebSocket,
        notice: CloseNotice,
        now: Instant,
    ) {
        let closing = ClosingWebSocket::new(websocket, notice, [].into(), now);
        self.closing = closing.map(Box::new);
    }

    /// Reads from the probing WebSocket, which may become the transport.
    pub(crate) fn read_probe(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        budget: &mut Budget,
    ) -> Result<(), Termination> {
        loop {
            let Link::Polling {
                probe: Some(probe), ..
            } = &mut self.link
            else {
                return Ok(());
            };
            let mut answer = None;
            let session = &mut self.session;
            let read = probe.poll_read(cx, budget, |message| {
                answer = Some(match message {
                    Message::Text(text) => match Packet::parse(text) {
                        Ok(packet) => session.receive_probe(packet, now.into_std()),
                        Err(_) => Probe::Failed,
                    },
                    Message::Binary(_) => Probe::Failed,
                });
                Ok(Flow::Stop)
            });
            let lost = match (read, answer) {
                (Err(termination), _) => Some(termination.notice),
                (Ok(_), Some(Probe::ReplyPong)) => {
                    probe.push([control::probe_pong().into()].into());
                    continue;
                }
                (Ok(_), Some(Probe::Upgraded)) => return self.upgrade(now),
                (Ok(_), Some(Probe::Failed)) => Some(CloseNotice::Send(None)),
                (Ok(_), None) => match probe.poll_write(cx) {
                    Poll::Ready(Err(termination)) => Some(termination.notice),
                    Poll::Ready(Ok(())) | Poll::Pending => None,
                },
            };
            if let Some(notice) = lost {
                self.session.probe_lost();
                if let Some(probe) = self.link.take_probe() {
                    self.close_websocket(*probe, notice, now);
                }
            }
            return Ok(());
        }
    }

    /// Makes the probing WebSocket the transport.
    pub(crate) fn upgrade(&mut self, now: Instant) -> Result<(), Termination> {
        let Some(mut polling) = self.link.upgrade() else {
            return Ok(());
        };
        self.connection.set_transport(Transport::WebSocket);
        let late = self
            .connection
            .mailbox()
            .serve_only(AcceptedRequests::WebSocket);
        // Official clients have no open poll at this point. If there is one, it must be answered; a
        // NOOP does so without ending the session for a client that still reads the response.
        if let Some(poll) = late.poll {
            let _ = polling.accept(poll);
        }
        let _ = polling.release();
        self.take_late(late.post, late.upgrade, now)?;
        if late.faulty {
            return Err(Termination::violation(None));
        }
        Ok(())
    }

    /// Processes requests that arrived just as polling ended: a complete body, and a further
    /// WebSocket, which is rejected.
    pub(crate) fn take_late(
        &mut self,
        post: Option<Box<PostRequest>>,
        upgrade: Option<OnUpgrade>,
        now: Instant,
    ) -> Result<(), Termination> {
        if let Some(upgrade) = upgrade {
            self.begin_probe(upgrade, now);
        }
        match post {
            Some(post) => self.begin_post(post),
            None => Ok(()),
        }
    }
}
