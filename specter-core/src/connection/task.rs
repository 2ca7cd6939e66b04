//! The one task of a session: it owns the transport, the protocol state, the timer and the handler.
//!
//! Each time it runs it takes what HTTP requests left, what time has made due and a bounded bite of
//! what came; then the handler gets on with its work; then all that is queued is written at once.
//! No message costs a task, a channel or a timer of its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::upgrade::OnUpgrade;
use specter_proto::engine::{Due, Packet, PayloadLimits, Probe, Session, control};
use specter_proto::websocket::Limits;
use tokio::time::Instant;

use super::inbound::{Inbound, unreadable};
use super::link::{
    Budget, Ending, Farewell, Flow, Link, Message, Parting, Polling, Post, WebSocket,
};
use super::mailbox::{Mail, Misfit, PostRequest, Serves};
use super::registry::Seat;
use super::timer::Timer;
use super::{CloseReason, Connection, EngineConfig, MessageHandler, Transport};

/// How long a closed session that polls waits for a poll to say so.
const FAREWELL_LIMIT: Duration = Duration::from_secs(30);
/// The same when the server stops, which can not take that long.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// The task of one session. Spawned once, it ends with the session.
pub(crate) struct Task<H> {
    connection: Connection,
    seat: Seat,
    config: Arc<EngineConfig>,
    session: Session,
    link: Link,
    /// A request body that is being worked on.
    post: Option<Box<Post>>,
    /// A WebSocket that was not let in, while it is being closed.
    parting: Option<Box<Parting>>,
    timer: Timer,
    handler: H,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Open,
    /// The handler has enough: nothing is read.
    Backlogged,
    /// The handler was told that the connection closed.
    Closed,
    /// And it is done with that.
    Done,
}

impl<H: MessageHandler> Task<H> {
    /// The task of a session that polls.
    pub(crate) fn polling(
        connection: Connection,
        seat: Seat,
        config: Arc<EngineConfig>,
        handler: H,
    ) -> Self {
        let link = Link::Polling {
            polling: Polling::default(),
            probe: None,
        };
        Self::new(connection, seat, config, link, handler)
    }

    /// The task of a session on a WebSocket, which comes when the request is answered.
    pub(crate) fn websocket(
        connection: Connection,
        seat: Seat,
        config: Arc<EngineConfig>,
        upgrade: OnUpgrade,
        handler: H,
    ) -> Self {
        let mut websocket = WebSocket::awaited(upgrade, websocket_limits(&config));
        let open = config.session().open(connection.sid(), &[]).encode();
        websocket.push([open.into()].into());
        let link = Link::WebSocket(websocket);
        Self::new(connection, seat, config, link, handler)
    }

    fn new(
        connection: Connection,
        seat: Seat,
        config: Arc<EngineConfig>,
        link: Link,
        handler: H,
    ) -> Self {
        let now = Instant::now();
        let session = Session::new(&config.session(), connection.transport(), now.into_std());
        Self {
            timer: Timer::new(now + config.ping_interval),
            connection,
            seat,
            config,
            session,
            link,
            post: None,
            parting: None,
            handler,
            state: State::Open,
        }
    }

    /// One turn of an open session. An error ends it.
    fn turn(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<(), Ending> {
        self.check_closing()?;
        self.take_mail(now)?;
        self.handle_due(now)?;
        let mut budget = Budget::new();
        loop {
            let stopped = self.state == State::Open && self.read(cx, now, &mut budget)?.is_stop();
            self.handler.poll(cx);
            self.check_closing()?;
            let resumed = self.note_backlog(now);
            let unread = resumed || stopped && self.state == State::Open;
            if !unread {
                break;
            }
            if budget.is_spent() {
                cx.waker().wake_by_ref();
                break;
            }
        }
        self.link.flush(cx, self.connection.outbox())
    }

    /// Whether somebody closed the connection through its handle.
    fn check_closing(&self) -> Result<(), Ending> {
        match self.connection.outbox().close_reason() {
            Some(reason) => Err(Ending::decided(reason)),
            None => Ok(()),
        }
    }

    /// Asks the handler whether it has enough. True when it did and now takes more.
    fn note_backlog(&mut self, now: Instant) -> bool {
        match (self.state, self.handler.backlogged()) {
            (State::Open, true) => {
                self.state = State::Backlogged;
                self.session.pause(now.into_std());
                false
            }
            (State::Backlogged, false) => {
                self.state = State::Open;
                self.session.resume(now.into_std());
                true
            }
            _ => false,
        }
    }

    /// Takes what HTTP requests left.
    fn take_mail(&mut self, now: Instant) -> Result<(), Ending> {
        let Some(mail) = self.connection.mailbox().take() else {
            return Ok(());
        };
        if let Some(upgrade) = mail.upgrade {
            self.begin_probe(upgrade, now);
        }
        if let Some(poll) = mail.poll {
            match &mut self.link {
                Link::Polling { polling, .. } => polling.accept(poll)?,
                _ => drop(poll.send(Err(Misfit::OtherTransport))),
            }
        }
        if let Some(post) = mail.post {
            self.begin_post(*post)?;
        }
        if mail.faulty {
            return Err(Ending::violation(None));
        }
        Ok(())
    }

    fn begin_post(&mut self, request: PostRequest) -> Result<(), Ending> {
        let limits = PayloadLimits {
            max_packets: self.config.max_packets_per_body,
        };
        let (post, checked) = Post::new(request, limits);
        self.post = Some(Box::new(post));
        checked.map_err(|error| unreadable(error.code()))
    }

    fn begin_probe(&mut self, upgrade: OnUpgrade, now: Instant) {
        let websocket = WebSocket::awaited(upgrade, websocket_limits(&self.config));
        match (&mut self.link, self.session.begin_probe(now.into_std())) {
            (Link::Polling { probe, .. }, Ok(())) => *probe = Some(Box::new(websocket)),
            _ => self.part_with(websocket, Farewell::Tell(None), now),
        }
    }

    /// Closes a WebSocket that is not the session's. One at a time is closed with care.
    fn part_with(&mut self, websocket: WebSocket, farewell: Farewell, now: Instant) {
        let parting = Parting::new(websocket, farewell, [].into(), now);
        self.parting = parting.map(Box::new);
    }

    /// Does what time has made necessary.
    fn handle_due(&mut self, now: Instant) -> Result<(), Ending> {
        while let Some(due) = self.session.handle_timeout(now.into_std()) {
            match due {
                Due::SendPing => self.connection.send_control(control::ping().into()),
                Due::PingTimeout => return Err(Ending::decided(CloseReason::PingTimeout)),
                Due::ProbeTimeout => {
                    if let Some(probe) = self.link.take_probe() {
                        self.part_with(*probe, Farewell::Tell(None), now);
                    }
                }
                Due::ReleasePoll => {
                    if let Link::Polling { polling, .. } = &mut self.link {
                        polling.release()?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads one bite, until the handler has enough.
    fn read(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        budget: &mut Budget,
    ) -> Result<Flow, Ending> {
        if self.read_post(cx, now, budget)?.is_stop() {
            return Ok(Flow::Stop);
        }
        if matches!(&self.link, Link::Polling { probe: Some(_), .. }) {
            self.read_probe(cx, now, budget)?;
        }
        let Link::WebSocket(websocket) = &mut self.link else {
            return Ok(Flow::More);
        };
        let mut inbound = Inbound {
            session: &mut self.session,
            handler: &mut self.handler,
            connection: &self.connection,
            now: now.into_std(),
        };
        websocket.poll_read(cx, budget, |message| inbound.websocket_message(message))
    }

    /// Takes the packets of a request body. It is answered when all are taken.
    fn read_post(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        budget: &mut Budget,
    ) -> Result<Flow, Ending> {
        let Some(post) = &mut self.post else {
            return Ok(Flow::More);
        };
        let mut inbound = Inbound {
            session: &mut self.session,
            handler: &mut self.handler,
            connection: &self.connection,
            now: now.into_std(),
        };
        while let Some(next) = post.next() {
            let (packet, headers) = next.map_err(|error| unreadable(error.code()))?;
            budget.spend_packet();
            let flow = inbound.packet(packet.as_packet(), Some(headers))?;
            if budget.is_spent() {
                cx.waker().wake_by_ref();
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

    /// Reads from the probing WebSocket. After it, that may be the transport.
    fn read_probe(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        budget: &mut Budget,
    ) -> Result<(), Ending> {
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
                (Err(ending), _) => Some(ending.farewell),
                (Ok(_), Some(Probe::ReplyPong)) => {
                    probe.push([control::probe_pong().into()].into());
                    continue;
                }
                (Ok(_), Some(Probe::Upgraded)) => return self.upgrade(now),
                (Ok(_), Some(Probe::Failed)) => Some(Farewell::Tell(None)),
                (Ok(_), None) => match probe.poll_write(cx) {
                    Poll::Ready(Err(ending)) => Some(ending.farewell),
                    Poll::Ready(Ok(())) | Poll::Pending => None,
                },
            };
            if let Some(farewell) = lost {
                self.session.probe_lost();
                if let Some(probe) = self.link.take_probe() {
                    self.part_with(*probe, farewell, now);
                }
            }
            return Ok(());
        }
    }

    /// The probing WebSocket becomes the transport.
    fn upgrade(&mut self, now: Instant) -> Result<(), Ending> {
        let Some(mut polling) = self.link.upgrade() else {
            return Ok(());
        };
        self.connection.set_transport(Transport::WebSocket);
        let late = self.connection.mailbox().serve_only(Serves::WebSocket);
        // Official clients have no poll waiting by now. One that is must be released, and a noop
        // does it without ending the session for a client that still listens to it.
        if let Some(poll) = late.poll {
            let _ = polling.accept(poll);
        }
        let _ = polling.release();
        self.take_late(late.post, late.upgrade, now)?;
        if late.faulty {
            return Err(Ending::violation(None));
        }
        Ok(())
    }

    /// What came in the same moment as the end of polling: a body in full is not lost for that.
    fn take_late(
        &mut self,
        post: Option<Box<PostRequest>>,
        upgrade: Option<OnUpgrade>,
        now: Instant,
    ) -> Result<(), Ending> {
        if let Some(upgrade) = upgrade {
            self.begin_probe(upgrade, now);
        }
        match post {
            Some(post) => self.begin_post(*post),
            None => Ok(()),
        }
    }

    /// Ends the session: nothing is read and nothing queued any more, the handler is told, and the
    /// transport is closed in its own time.
    fn close(&mut self, ending: Ending, now: Instant) {
        let outbox = self.connection.outbox();
        let _ = outbox.close(ending.reason);
        let reason = outbox.close_reason().unwrap_or(ending.reason);
        tracing::debug!(
            target: "specter::engine",
            reason = reason.code(),
            transport = self.session.transport().name(),
            "connection closed"
        );
        self.link = match std::mem::replace(&mut self.link, Link::Gone) {
            Link::Polling { polling, probe } => {
                if let Some(probe) = probe {
                    self.part_with(*probe, Farewell::Tell(None), now);
                }
                self.close_polling(polling, ending.farewell, reason, now)
            }
            Link::WebSocket(websocket) => {
                self.leave();
                let queued = self.connection.outbox().take(0);
                match Parting::new(websocket, ending.farewell, queued, now) {
                    Some(parting) => Link::Parting(Box::new(parting)),
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
    fn close_polling(
        &mut self,
        mut polling: Polling,
        farewell: Farewell,
        reason: CloseReason,
        now: Instant,
    ) -> Link {
        let late = self.connection.mailbox().serve_only(Serves::Farewell);
        if let Some(poll) = late.poll {
            // A second one is refused, which is all that could be done about it.
            let _ = polling.accept(poll);
        }
        let queued = self.connection.outbox().take(0);
        if farewell == Farewell::Flush && reason.awaits_poll() && !polling.is_waiting() {
            self.connection.mailbox().post_done();
            let limit = match reason {
                CloseReason::ServerShuttingDown => SHUTDOWN_LIMIT,
                _ => FAREWELL_LIMIT,
            };
            return Link::Farewell {
                queued,
                deadline: now + limit,
            };
        }
        self.leave();
        polling.say_farewell(farewell, &queued);
        Link::Gone
    }

    /// Requests find the session no more, and those that did are turned away.
    fn leave(&mut self) {
        self.seat.leave();
        let _: Mail = self.connection.mailbox().serve_only(Serves::Nothing);
    }

    /// One turn of a session that is over. Ready when nothing is left to do.
    fn poll_over(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<()> {
        if matches!(self.link, Link::Farewell { .. }) {
            self.poll_farewell(now);
        }
        let link = self.link.poll_leaving(cx, now);
        if self.state == State::Closed && self.handler.poll_closed(cx).is_ready() {
            self.state = State::Done;
        }
        if link.is_ready() && self.parting.is_none() && self.state == State::Done {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Tells a client that polls of the end, if it asks.
    fn poll_farewell(&mut self, now: Instant) {
        let poll = self.connection.mailbox().take().and_then(|mail| mail.poll);
        let Link::Farewell { queued, deadline } = &mut self.link else {
            return;
        };
        if poll.is_none() && now < *deadline {
            return;
        }
        let queued = std::mem::take(queued);
        self.link = Link::Gone;
        self.leave();
        if let Some(poll) = poll {
            let mut polling = Polling::default();
            let _ = polling.accept(poll);
            polling.say_farewell(Farewell::Flush, &queued);
        }
    }

    /// When the task must run again at the latest.
    fn deadline(&self) -> Option<Instant> {
        let session = if self.is_open() {
            self.session.deadline().map(Instant::from_std)
        } else {
            None
        };
        let parting = self.parting.as_ref().map(|parting| parting.deadline());
        [session, self.link.deadline(), parting]
            .into_iter()
            .flatten()
            .min()
    }

    fn is_open(&self) -> bool {
        matches!(self.state, State::Open | State::Backlogged)
    }

    fn run(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let now = Instant::now();
        if self.is_open()
            && let Err(ending) = self.turn(cx, now)
        {
            self.close(ending, now);
        }
        if let Some(parting) = &mut self.parting
            && parting.poll(cx, now).is_ready()
        {
            self.parting = None;
        }
        if self.is_open() {
            Poll::Pending
        } else {
            self.poll_over(cx, now)
        }
    }
}

/// Nothing in it is pinned, whatever the handler is.
impl<H> Unpin for Task<H> {}

impl<H: MessageHandler> Future for Task<H> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.connection.waker().register(cx.waker());
        this.connection.outbox().attend();
        loop {
            if this.run(cx).is_ready() {
                return Poll::Ready(());
            }
            let Some(deadline) = this.deadline() else {
                return Poll::Pending;
            };
            if this.timer.poll_until(cx, deadline).is_pending() {
                return Poll::Pending;
            }
            // Due already: another turn. Each moves the deadline on.
        }
    }
}

impl<H> Drop for Task<H> {
    fn drop(&mut self) {
        // However it ends, by a panic in the handler too: nothing can be sent, nobody waits.
        let _ = self.connection.outbox().close(CloseReason::TransportError);
        let _: Mail = self.connection.mailbox().serve_only(Serves::Nothing);
    }
}

fn websocket_limits(config: &EngineConfig) -> Limits {
    Limits {
        max_message: config.max_payload,
        max_fragments: config.max_fragments,
    }
}
