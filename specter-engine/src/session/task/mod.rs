//! The task of a session, which owns the transport, the protocol state, the timer and the handler.
//!
//! In each turn the task takes requests from the mailbox, does what is due, and reads within a
//! budget; then it polls the handler; then it writes the queue. No message gets a task, a channel
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

/// How often the task checks whether the peer has disconnected, while it reads nothing.
const PEER_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The task of one session. It is spawned once and ends with the session.
pub(crate) struct Task<H> {
    connection: Connection,
    slot: SessionSlot,
    config: Arc<EngineConfig>,
    session: Session,
    link: Link,
    /// The request body that is being processed.
    post: Option<Post>,
    /// A rejected WebSocket that is being closed.
    closing: Option<Box<ClosingWebSocket>>,
    timer: Timer,
    /// The waker that the connection wakes. `None` before the first turn.
    woken: Option<Waker>,
    /// Nothing is due before this time, and the timer fires by then. `None` if it must be computed
    /// again: requests, a packet other than a message, a backlog or another waker may have changed
    /// it.
    skip_checks_until: Option<Instant>,
    /// Set while the connection is behind.
    behind: Option<BehindWatch>,
    /// How many bytes had left the queue when a pong was last overdue.
    bytes_left_at_pong_check: u64,
    /// The next check whether the peer has disconnected. Set while nothing is read.
    next_peer_check: Option<Instant>,
    /// The bytes outside of the outgoing queue, as last reported to the connection.
    held: usize,
    handler: H,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Open,
    /// The handler has a backlog: nothing is read.
    Backlogged,
    /// The handler was notified that the connection has closed.
    Closed,
    /// The handler has finished.
    Done,
}

impl<H: MessageHandler> Task<H> {
    /// The task of a polling session.
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

    /// The task of a session on a WebSocket, which is available once the request is answered.
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

    /// One turn of an open session. An error ends the session.
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
            // The handler may have paused its work because the connection was behind: poll it
            // again.
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

    /// Reports the bytes outside of the outgoing queue to the connection, if they have changed.
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

    /// While the server drains, ends the session as soon as the handler has nothing more to finish.
    /// The queue is flushed then.
    #[inline]
    fn check_draining(&mut self, cx: &mut Context<'_>) -> Result<(), Termination> {
        if self.connection.is_draining() && self.handler.poll_drained(cx).is_ready() {
            return Err(Termination::decided(CloseReason::ServerShuttingDown));
        }
        Ok(())
    }

    /// Checks whether the peer has disconnected. While nothing is read, the end of the stream would
    /// not be noticed otherwise.
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

    /// Whether nothing is due and there are no requests.
    fn can_skip_checks(&self, now: Instant) -> bool {
        self.skip_checks_until.is_some_and(|until| now < until)
            && !self.connection.mailbox().has_requests()
    }

    /// Processes requests and whatever is due.
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

    /// Checks whether the connection was closed through a handle.
    fn check_closing(&self) -> Result<(), Termination> {
        match self.connection.outgoing_queue().close_reason() {
            Some(reason) => Err(Termination::decided(reason)),
            None => Ok(()),
        }
    }

    /// Asks the handler whether it has a backlog. Returns `true` if it had one and no longer has.
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

    /// Pauses the timeout of an awaited pong while nothing is read. The timeout continues while the
    /// connection is behind: a peer that does not read must still prove that it is alive.
    #[cold]
    fn set_ping_clock(&mut self, now: Instant) {
        if self.connection.is_behind() {
            self.session.resume(now.into_std());
        } else {
            self.session.pause(now.into_std());
        }
        self.skip_checks_until = None;
    }

    /// Processes the timeouts of the protocol state.
    fn handle_due(&mut self, now: Instant) -> Result<(), Termination> {
        while let Some(due) = self.session.handle_timeout(now.into_std()) {
            match due {
                Due::SendPing => self.connection.send_control(control::ping().into()),
                Due::PingTimeout => return Err(Termination::decided(CloseReason::PingTimeout)),
                Due::ProbeTimeout => {
                    if let Some(probe) = self.link.take_probe() {
                        self.close_websocket(*probe, CloseNotice::Send(None), now);
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

    /// Ready when something is due. Otherwise the task is woken then.
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

    /// Registers the waker with the connection. The timer registers it at its next poll.
    #[cold]
    fn set_waker(&mut self, waker: &Waker) {
        self.connection.waker().set(waker.clone());
        self.woken = Some(waker.clone());
        self.skip_checks_until = None;
    }

    /// One turn of an open or a closed session. Ready when nothing is left to do.
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

    /// Ends the session after a failed turn.
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

    /// Continues until nothing is due: each turn moves the deadline.
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

/// No field is pinned, whatever the handler is.
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
        // Runs also after a panic in the handler. Nothing can be sent from now on, and senders that
        // wait for room are notified.
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
        // Handles that are kept for long must not count for packets that no longer exist.
        self.connection.outgoing_queue().clear();
        self.connection.let_go(std::mem::take(&mut self.held));
        // The waker holds the task's memory and the slot holds the socket, but handles may be kept
        // for long.
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
