//! The task of a session, which owns the transport, the protocol state, the timer and the handler.
//!
//! In each turn it takes requests from the mailbox, does what is due, and reads within a budget;
//! then it polls the handler; then it writes all that is queued. No message gets a task, a channel
//! or a timer of its own.

mod closing;
mod intake;
mod slow_client;
#[cfg(test)]
mod tests;
mod upgrade;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use hyper::upgrade::OnUpgrade;
use specter_proto::engine::{Due, Session, control};
use specter_proto::websocket::Limits;
use tokio::time::Instant;

use crate::application::MessageHandler;
use crate::close_reason::CloseReason;
use crate::config::EngineConfig;
use crate::connection::Connection;
use crate::outgoing::write_batch;
use crate::session::closing_websocket::ClosingWebSocket;
use crate::session::link::Link;
use crate::session::link::budget::Budget;
use crate::session::link::polling::{Polling, Post};
use crate::session::link::websocket::WebSocket;
use crate::session::mailbox::{AcceptedRequests, PendingRequests};
use crate::session::registry::SessionSlot;
use crate::session::task::slow_client::BehindWatch;
use crate::session::termination::{CloseNotice, Termination};
use crate::session::timer::Timer;

/// How often the task checks whether the peer has left, while it reads nothing.
const PEER_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The task of one session. Spawned once, it ends with the session.
pub(crate) struct Task<H> {
    connection: Connection,
    slot: SessionSlot,
    config: Arc<EngineConfig>,
    session: Session,
    link: Link,
    /// A request body that is being worked on.
    post: Option<Post>,
    /// A WebSocket that was not let in, while it is being closed.
    closing: Option<Box<ClosingWebSocket>>,
    timer: Timer,
    /// Whom the connection wakes. None: nobody yet.
    woken: Option<Waker>,
    /// Nothing is due before, and the timer fires by then. None where that must be looked at anew:
    /// mail, another packet than a message, a backlog or another waker may have changed it.
    skip_checks_until: Option<Instant>,
    /// The connection is behind.
    behind: Option<BehindWatch>,
    /// How much had left the queue when a pong was overdue last.
    bytes_left_at_pong_check: u64,
    /// When it is checked next whether the peer has left. Set while nothing is read.
    next_peer_check: Option<Instant>,
    /// What is held outside of the outgoing queue, as it was reported to the connection last.
    held: usize,
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
        slot: SessionSlot,
        config: Arc<EngineConfig>,
        handler: H,
    ) -> Self {
        let link = Link::Polling {
            polling: Polling::new(config.max_packets_per_poll),
            probe: None,
        };
        Self::new(connection, slot, config, link, handler)
    }

    /// The task of a session on a WebSocket, which comes when the request is answered.
    pub(crate) fn websocket(
        connection: Connection,
        slot: SessionSlot,
        config: Arc<EngineConfig>,
        upgrade: OnUpgrade,
        handler: H,
    ) -> Self {
        let mut websocket = WebSocket::awaited(upgrade, websocket_limits(&config));
        let open = config.session().open(connection.sid(), &[]).encode();
        websocket.push([open.into()].into());
        let link = Link::WebSocket(websocket);
        Self::new(connection, slot, config, link, handler)
    }

    fn new(
        connection: Connection,
        slot: SessionSlot,
        config: Arc<EngineConfig>,
        link: Link,
        handler: H,
    ) -> Self {
        let now = Instant::now();
        let session = Session::new(&config.session(), connection.transport(), now.into_std());
        Self {
            timer: Timer::new(now + config.ping_interval),
            connection,
            slot,
            config,
            session,
            link,
            post: None,
            closing: None,
            woken: None,
            skip_checks_until: None,
            behind: None,
            bytes_left_at_pong_check: 0,
            next_peer_check: None,
            held: 0,
            handler,
            state: State::Open,
        }
    }

    /// One turn of an open session. An error ends it.
    fn turn(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<(), Termination> {
        self.check_closing()?;
        let mut budget = Budget::new();
        if !self.can_skip_checks(now) {
            self.process_due_work(cx, now, &mut budget)?;
        }
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
                Budget::yield_turn(cx);
                break;
            }
        }
        if self.next_peer_check.is_some_and(|at| at <= now) {
            self.check_peer(cx, now)?;
        }
        let was_behind = self.connection.is_behind();
        self.link.flush(cx, &self.connection)?;
        if was_behind && !self.connection.is_behind() {
            // The handler held back for it.
            cx.waker().wake_by_ref();
        }
        if self.link.take_peer_has_read() {
            self.note_peer_has_read(now);
        }
        self.check_queue(now)?;
        self.check_draining(cx)?;
        if self.state == State::Backlogged {
            self.set_ping_clock(now);
        }
        self.report_held();
        if self.handler.deadline().is_some() {
            self.skip_checks_until = None;
        }
        Ok(())
    }

    /// Tells the connection what is held for it outside of its outgoing queue, where that has
    /// changed.
    #[inline]
    fn report_held(&mut self) {
        let post = self.post.as_ref().map_or(0, Post::len);
        let held = self.handler.buffered_bytes() + self.link.buffered_bytes() + post;
        if held != self.held {
            self.change_held(held);
        }
    }

    #[inline(never)]
    fn change_held(&mut self, held: usize) {
        if held > self.held {
            self.connection.hold(held - self.held);
        } else {
            self.connection.let_go(self.held - held);
        }
        self.held = held;
    }

    /// The server drains: the session ends as soon as the handler has nothing more to finish. What
    /// is queued is flushed then.
    #[inline]
    fn check_draining(&mut self, cx: &mut Context<'_>) -> Result<(), Termination> {
        if self.connection.is_draining() && self.handler.poll_drained(cx).is_ready() {
            return Err(Termination::decided(CloseReason::ServerShuttingDown));
        }
        Ok(())
    }

    /// Checks whether the peer has left. While nothing is read, the end of the stream would not be
    /// noticed otherwise.
    #[cold]
    fn check_peer(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<(), Termination> {
        self.next_peer_check = Some(now + PEER_CHECK_INTERVAL);
        self.skip_checks_until = None;
        let is_gone = self.link.is_peer_gone()
            || self.post.as_mut().is_some_and(|post| post.is_abandoned(cx));
        if is_gone {
            return Err(Termination::gone(CloseReason::TransportClose));
        }
        Ok(())
    }

    /// Whether nothing is due and no request left anything.
    fn can_skip_checks(&self, now: Instant) -> bool {
        self.skip_checks_until.is_some_and(|until| now < until)
            && !self.connection.mailbox().has_requests()
    }

    /// Does what requests and time have made necessary.
    #[inline(never)]
    fn process_due_work(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        budget: &mut Budget,
    ) -> Result<(), Termination> {
        self.skip_checks_until = None;
        if self.session.is_pong_overdue(now.into_std()) {
            if self.state == State::Open {
                self.drain_before_timeout(cx, now, budget)?;
            } else {
                self.note_poll_was_read(now);
            }
        }
        self.take_requests(now)?;
        self.handle_due(now)
    }

    /// Whether somebody closed the connection through its handle.
    fn check_closing(&self) -> Result<(), Termination> {
        match self.connection.outgoing_queue().close_reason() {
            Some(reason) => Err(Termination::decided(reason)),
            None => Ok(()),
        }
    }

    /// Asks the handler whether it has enough. True when it did and now takes more.
    fn note_backlog(&mut self, now: Instant) -> bool {
        if self.handler.backlogged() == (self.state == State::Backlogged) {
            return false;
        }
        self.change_backlog(now)
    }

    #[cold]
    fn change_backlog(&mut self, now: Instant) -> bool {
        match (self.state, self.handler.backlogged()) {
            (State::Open, true) => {
                self.state = State::Backlogged;
                self.next_peer_check = Some(now + PEER_CHECK_INTERVAL);
                self.skip_checks_until = None;
                self.set_ping_clock(now);
                false
            }
            (State::Backlogged, false) => {
                self.state = State::Open;
                self.next_peer_check = None;
                self.skip_checks_until = None;
                self.session.resume(now.into_std());
                true
            }
            _ => false,
        }
    }

    /// Lets the ping clock stand still while nothing is read. It runs on while the peer does not
    /// take what it is sent: such a peer must go on proving that it is there.
    #[cold]
    fn set_ping_clock(&mut self, now: Instant) {
        if self.connection.is_behind() {
            self.session.resume(now.into_std());
        } else {
            self.session.pause(now.into_std());
        }
        self.skip_checks_until = None;
    }

    /// Does what time has made necessary.
    fn handle_due(&mut self, now: Instant) -> Result<(), Termination> {
        while let Some(due) = self.session.handle_timeout(now.into_std()) {
            match due {
                Due::SendPing => self.connection.send_control(control::ping().into()),
                Due::PingTimeout => return Err(Termination::decided(CloseReason::PingTimeout)),
                Due::ProbeTimeout => {
                    if let Some(probe) = self.link.take_probe() {
                        self.part_with(*probe, CloseNotice::Tell(None), now);
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

    /// When the task must run again at the latest.
    fn deadline(&self) -> Option<Instant> {
        let session = if self.is_open() {
            self.session.deadline().map(Instant::from_std)
        } else {
            None
        };
        let closing = self.closing.as_ref().map(|closing| closing.deadline());
        let mut deadlines = [session, self.link.deadline(), closing, None, None, None];
        if self.is_open() {
            deadlines[3] = self.slow_client_deadline();
            deadlines[4] = self.handler.deadline();
            deadlines[5] = self.next_peer_check;
        }
        deadlines.into_iter().flatten().min()
    }

    fn is_open(&self) -> bool {
        matches!(self.state, State::Open | State::Backlogged)
    }

    /// Ready when something is due. Else the task is woken when it is.
    #[inline(never)]
    fn poll_timer(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<()> {
        let Some(deadline) = self.deadline() else {
            return Poll::Pending;
        };
        let timer = self.timer.poll_until(cx, now, deadline);
        if timer.is_pending()
            && self.is_open()
            && self.link.is_websocket()
            && self.closing.is_none()
        {
            self.skip_checks_until = Some(self.timer.deadline());
        }
        timer
    }

    /// From now on this one is woken: by the connection, and by the timer.
    #[cold]
    fn set_waker(&mut self, waker: &Waker) {
        self.connection.waker().set(waker.clone());
        self.woken = Some(waker.clone());
        self.skip_checks_until = None;
    }

    fn run(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<()> {
        if self.is_open() {
            write_batch::begin_turn(&self.connection);
            if let Err(termination) = self.turn(cx, now) {
                self.fail(termination, now);
            }
        }
        if self.closing.is_some() {
            self.poll_closing_websocket(cx, now);
        }
        if self.is_open() {
            Poll::Pending
        } else {
            self.poll_over(cx, now)
        }
    }

    /// A turn has failed: the session ends.
    #[cold]
    fn fail(&mut self, termination: Termination, now: Instant) {
        write_batch::abandon_turn(&self.connection);
        self.skip_checks_until = None;
        self.close(termination, now);
    }

    #[cold]
    fn poll_closing_websocket(&mut self, cx: &mut Context<'_>, now: Instant) {
        if let Some(closing) = &mut self.closing
            && closing.poll(cx, now).is_ready()
        {
            self.closing = None;
        }
    }

    /// Runs on until nothing is due: each turn moves the deadline on.
    #[inline(never)]
    fn run_until_idle(&mut self, cx: &mut Context<'_>, mut now: Instant) -> Poll<()> {
        loop {
            if self.poll_timer(cx, now).is_pending() {
                return Poll::Pending;
            }
            now = Instant::now();
            if self.run(cx, now).is_ready() {
                return Poll::Ready(());
            }
        }
    }
}

/// Nothing in it is pinned, whatever the handler is.
impl<H> Unpin for Task<H> {}

impl<H: MessageHandler> Future for Task<H> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let woken = this.woken.as_ref();
        if woken.is_none_or(|woken| !woken.will_wake(cx.waker())) {
            this.set_waker(cx.waker());
        }
        this.connection.outgoing_queue().mark_task_awake();
        let now = Instant::now();
        if this.run(cx, now).is_ready() {
            return Poll::Ready(());
        }
        if this.skip_checks_until.is_some() {
            return Poll::Pending;
        }
        this.run_until_idle(cx, now)
    }
}

impl<H> Drop for Task<H> {
    fn drop(&mut self) {
        // However it ends, by a panic in the handler too: nothing can be sent, nobody waits.
        write_batch::abandon_turn(&self.connection);
        let _ = self
            .connection
            .outgoing_queue()
            .close(CloseReason::TransportError);
        if matches!(self.state, State::Open | State::Backlogged) {
            self.slot.count_close(CloseReason::TransportError);
        }
        let _: PendingRequests = self
            .connection
            .mailbox()
            .serve_only(AcceptedRequests::Nothing);
        // Handles that are kept for long must not count for what is no longer there.
        self.connection.outgoing_queue().clear();
        self.connection.let_go(std::mem::take(&mut self.held));
        // They hold the task's memory and the socket, and handles may be kept for long.
        self.connection.outgoing().slot.clear();
        self.connection.waker().clear();
    }
}

fn websocket_limits(config: &EngineConfig) -> Limits {
    Limits {
        max_message: config.max_payload,
        max_fragments: config.max_fragments,
    }
}
