//! One namespace of a connection: from CONNECT to the end of its handlers.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use specter_proto::socketio::{EventPacket, encode};
use tokio::time::Sleep;

use super::PendingEvents;
use crate::logging::OneLine;
use crate::socket::service::{BoxFuture, NamespaceService, SocketService, StartResult};
use crate::socket::{DisconnectReason, MAX_UNANSWERED_ACKS, Reject, Socket, SocketConfig};
use specter_engine::internals::DrainState;

/// How many waiting events a session keeps places for.
const KEPT: usize = 4;

pub(super) struct NamespaceSession {
    service: Arc<dyn NamespaceService>,
    socket: Socket,
    /// Whether its namespace is the root.
    is_root: bool,
    state: State,
    waiting: VecDeque<EventPacket>,
    /// It is open, nothing of it runs and nothing waits: it need not be driven.
    is_idle: bool,
    /// The first event that waits may be one that runs beside the others: it was held back when it
    /// came.
    was_held_back: bool,
    /// Bytes of events that run beside the rest, as counted so far.
    concurrent_counted: usize,
    /// Why it ends, once it does.
    leaving: Option<DisconnectReason>,
    rejection: Option<Reject>,
    grace: Grace,
}

enum State {
    Connecting(BoxFuture<Result<Box<dyn SocketService>, Reject>>),
    Open(Box<dyn SocketService>),
    /// `disconnect` was begun.
    Ending(Box<dyn SocketService>),
    Done,
}

/// The time that events' handlers have after their client left.
enum Grace {
    NotBegun,
    Running(Pin<Box<Sleep>>),
    Over,
}

impl Grace {
    /// Ready when it ends, pending before and after. It ends early where the time for shutting down
    /// is over.
    fn poll_end(
        &mut self,
        stop: DrainState,
        config: &SocketConfig,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        if stop == DrainState::AtOnce && !matches!(self, Self::Over) {
            *self = Self::Over;
            return Poll::Ready(());
        }
        if let Self::NotBegun = self {
            *self = Self::Running(Box::pin(tokio::time::sleep(config.handler_grace_period)));
        }
        let Self::Running(sleep) = self else {
            return Poll::Pending;
        };
        ready!(sleep.as_mut().poll(cx));
        *self = Self::Over;
        Poll::Ready(())
    }
}

impl NamespaceSession {
    /// Begins to decide on a CONNECT.
    pub(super) fn connect(service: Arc<dyn NamespaceService>, socket: Socket) -> Self {
        let deciding = service.clone().connect(socket.clone());
        Self {
            service,
            is_root: socket.hub().name() == "/",
            socket,
            state: State::Connecting(deciding),
            waiting: VecDeque::new(),
            is_idle: false,
            was_held_back: false,
            concurrent_counted: 0,
            leaving: None,
            rejection: None,
            grace: Grace::NotBegun,
        }
    }

    pub(super) fn namespace(&self) -> &str {
        self.socket.hub().name()
    }

    /// Whether that is its namespace.
    pub(super) fn is_of(&self, namespace: &str) -> bool {
        // All begin with `/`, so that the root, which most packets are for, is known by its length.
        if namespace.len() == 1 {
            self.is_root
        } else {
            self.namespace() == namespace
        }
    }

    pub(super) fn service(&self) -> &Arc<dyn NamespaceService> {
        &self.service
    }

    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Whether it has not begun to end.
    pub(super) fn is_active(&self) -> bool {
        self.leaving.is_none() && !matches!(self.state, State::Done)
    }

    /// Whether CONNECT was answered and it has not begun to end.
    pub(super) fn is_open(&self) -> bool {
        self.leaving.is_none() && matches!(self.state, State::Open(_))
    }

    /// Whether it was ended while the connection goes on: packets for it may still be under way.
    pub(super) fn was_left(&self) -> bool {
        matches!(
            self.leaving,
            Some(
                DisconnectReason::ServerNamespaceDisconnect
                    | DisconnectReason::ClientNamespaceDisconnect
            )
        )
    }

    /// Whether there is nothing to drive.
    #[inline]
    pub(super) fn is_at_rest(&self) -> bool {
        self.is_idle && !self.socket.disconnect_requested()
    }

    pub(super) fn take_rejection(&mut self) -> Option<Reject> {
        self.rejection.take()
    }

    /// Whether nothing is left that must be finished before the connection may close.
    pub(super) fn is_drained(&self) -> bool {
        match self.state {
            State::Connecting(_) => false,
            State::Open(_) => self.is_idle && self.socket.unanswered_acks() == 0,
            State::Ending(_) | State::Done => true,
        }
    }

    /// Whether no further event of the socket begins for now. The connection's task runs when that
    /// ends.
    #[inline]
    fn is_held_back(&self) -> bool {
        self.socket.disconnect_requested()
            || self.socket.connection().is_behind()
            || self.socket.unanswered_acks() >= MAX_UNANSWERED_ACKS
    }

    /// An event that arrived: begun now, or put behind those before it.
    pub(super) fn event(
        &mut self,
        mut event: EventPacket,
        config: &SocketConfig,
        waiting: &mut PendingEvents,
        cx: &mut Context<'_>,
    ) {
        let is_held_back = self.is_held_back();
        if let State::Open(service) = &mut self.state
            && !is_held_back
            && !waiting.is_over(config)
        {
            let free = self.waiting.is_empty();
            match service.try_start(event, free, cx) {
                StartResult::Completed => return,
                StartResult::Started => {
                    self.is_idle = false;
                    return;
                }
                StartResult::StartedConcurrently => {
                    self.is_idle = false;
                    self.count_concurrent(waiting);
                    return;
                }
                StartResult::Deferred(back) => event = back,
            }
        }
        self.is_idle = false;
        self.was_held_back |= is_held_back;
        waiting.add(PendingEvents::of(&event));
        self.waiting.push_back(event);
    }

    /// What runs beside the rest counts like what waits: its bytes are held just the same.
    fn count_concurrent(&mut self, waiting: &mut PendingEvents) {
        let (State::Open(service) | State::Ending(service)) = &self.state else {
            return;
        };
        let now = service.concurrent_bytes();
        waiting.bytes = (waiting.bytes + now).saturating_sub(self.concurrent_counted);
        self.concurrent_counted = now;
    }

    /// Begins to end. What waits is discarded; what runs goes on.
    pub(super) fn leave(&mut self, reason: DisconnectReason, waiting: &mut PendingEvents) {
        if !self.is_active() {
            return;
        }
        self.leaving = Some(reason);
        self.is_idle = false;
        self.socket.end();
        tracing::debug!(target: "specter::socket", namespace = self.namespace(), socket = %self.socket.id(), %reason, "disconnected");
        self.discard_waiting(waiting);
    }

    /// Discards the events that wait.
    pub(super) fn discard_waiting(&mut self, waiting: &mut PendingEvents) {
        for event in std::mem::take(&mut self.waiting) {
            waiting.sub(PendingEvents::of(&event));
        }
    }

    /// Drives it. Ready: it is over.
    pub(super) fn poll(
        &mut self,
        config: &SocketConfig,
        waiting: &mut PendingEvents,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        loop {
            match &mut self.state {
                State::Connecting(deciding) => match deciding.as_mut().poll(cx) {
                    Poll::Ready(Ok(service)) => self.connected(service),
                    Poll::Ready(Err(reject)) => self.rejected(reject),
                    // It bounds its own time.
                    Poll::Pending => return Poll::Pending,
                },
                State::Open(_) => {
                    if self.leaving.is_none() && self.socket.disconnect_requested() {
                        self.leave_by_server(waiting);
                    }
                    if self.leaving.is_none() {
                        let is_free = self.poll_events(waiting, cx);
                        self.count_concurrent(waiting);
                        self.is_idle = is_free && self.concurrent_counted == 0;
                        // A handler may have asked for the end.
                        if self.socket.disconnect_requested() {
                            continue;
                        }
                        return Poll::Pending;
                    }
                    self.begin_end();
                }
                State::Ending(service) => {
                    let mut ended = service.poll_disconnected(cx);
                    let stop = self.socket.connection().stop();
                    if ended.is_pending() && self.grace.poll_end(stop, config, cx).is_ready() {
                        service.abort();
                        ended = service.poll_disconnected(cx);
                    }
                    self.count_concurrent(waiting);
                    ready!(ended);
                    self.state = State::Done;
                }
                State::Done => return Poll::Ready(()),
            }
        }
    }

    fn connected(&mut self, service: Box<dyn SocketService>) {
        self.state = State::Open(service);
        if self.leaving.is_none() {
            self.socket.open_gate();
            tracing::debug!(target: "specter::socket", namespace = self.namespace(), socket = %self.socket.id(), "connected");
        }
    }

    fn rejected(&mut self, reject: Reject) {
        self.socket.end();
        self.state = State::Done;
        if self.leaving.is_none() {
            tracing::debug!(target: "specter::socket", namespace = self.namespace(), code = reject.code(), reason = %OneLine(reject.message()), "refused");
            self.rejection = Some(reject);
        }
    }

    fn leave_by_server(&mut self, waiting: &mut PendingEvents) {
        let packet = encode::disconnect(self.namespace());
        // Failing means that the connection is closed: then nobody needs it.
        let _ = self.socket.connection().send_required(packet);
        self.leave(DisconnectReason::ServerNamespaceDisconnect, waiting);
    }

    /// Begins waiting events as long as the one before is done. Whether all are done.
    fn poll_events(&mut self, waiting: &mut PendingEvents, cx: &mut Context<'_>) -> bool {
        loop {
            let State::Open(service) = &mut self.state else {
                return false;
            };
            let is_free = service.poll(cx).is_ready();
            if !is_free && !self.was_held_back {
                return false;
            }
            if self.waiting.is_empty() {
                // Where many waited, their places are given back.
                if self.waiting.capacity() > KEPT {
                    self.waiting = VecDeque::new();
                }
                self.was_held_back = false;
                return is_free;
            }
            if self.is_held_back() {
                return false;
            }
            let State::Open(service) = &mut self.state else {
                return false;
            };
            let Some(event) = self.waiting.pop_front() else {
                return true;
            };
            let waits = PendingEvents::of(&event);
            match service.try_start(event, is_free, cx) {
                StartResult::Completed
                | StartResult::Started
                | StartResult::StartedConcurrently => waiting.sub(waits),
                StartResult::Deferred(event) => {
                    self.waiting.push_front(event);
                    return false;
                }
            }
        }
    }

    fn begin_end(&mut self) {
        let Some(reason) = self.leaving else { return };
        if let State::Open(mut service) = std::mem::replace(&mut self.state, State::Done) {
            service.disconnect(reason);
            self.state = State::Ending(service);
        }
    }
}

impl Drop for NamespaceSession {
    /// However a session goes (its runtime may be shut down), nothing is kept of its socket: it
    /// leaves the hub, its rooms and its groups.
    fn drop(&mut self) {
        self.socket.finish();
    }
}
