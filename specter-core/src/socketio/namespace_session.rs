//! `NamespaceSession`: one connection in one namespace, from CONNECT to the end of its handlers. It
//! holds the pending events and drives the namespace's service.

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

/// The queue of pending events is freed when it is empty and its capacity is larger than this.
const MAX_KEPT_CAPACITY: usize = 4;

pub(super) struct NamespaceSession {
    service: Arc<dyn NamespaceService>,
    socket: Socket,
    /// Whether the namespace is `/`.
    is_root: bool,
    state: State,
    waiting: VecDeque<EventPacket>,
    /// Whether the session is open, none of its handlers runs and no event is pending. It need not
    /// be polled then.
    is_idle: bool,
    /// Whether a pending event was not offered to the service when it arrived, because the session
    /// was held back. Such an event may have a `concurrent` handler.
    was_held_back: bool,
    /// The bytes of concurrently running events that the connection's total contains now.
    concurrent_counted: usize,
    /// Why the session is ending. `None` while it is not.
    leaving: Option<DisconnectReason>,
    /// The rejection of the CONNECT, until it is sent.
    rejection: Option<Reject>,
    grace: Grace,
}

enum State {
    Connecting(BoxFuture<Result<Box<dyn SocketService>, Reject>>),
    Open(Box<dyn SocketService>),
    /// Running events complete, then the `disconnect` handlers run.
    Ending(Box<dyn SocketService>),
    Done,
}

/// The grace period of event handlers after their client has disconnected.
enum Grace {
    NotBegun,
    Running(Pin<Box<Sleep>>),
    Over,
}

impl Grace {
    /// Returns ready once, when the period ends, and pending before and after that. The period ends
    /// early if the server's time for its shutdown is over.
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
    /// Starts the decision about a CONNECT.
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

    /// Whether the session is of this namespace.
    pub(super) fn is_of(&self, namespace: &str) -> bool {
        // All names begin with `/`. A name of one character is therefore `/`, which most packets
        // are for.
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

    /// Whether the session is not ending.
    pub(super) fn is_active(&self) -> bool {
        self.leaving.is_none() && !matches!(self.state, State::Done)
    }

    /// Whether CONNECT was answered and the session is not ending.
    pub(super) fn is_open(&self) -> bool {
        self.leaving.is_none() && matches!(self.state, State::Open(_))
    }

    /// Whether the session is ending or has ended while the connection continues. Late packets for
    /// it may arrive then.
    pub(super) fn was_left(&self) -> bool {
        matches!(
            self.leaving,
            Some(
                DisconnectReason::ServerNamespaceDisconnect
                    | DisconnectReason::ClientNamespaceDisconnect
            )
        )
    }

    /// Whether the session need not be polled.
    #[inline]
    pub(super) fn is_at_rest(&self) -> bool {
        self.is_idle && !self.socket.disconnect_requested()
    }

    pub(super) fn take_rejection(&mut self) -> Option<Reject> {
        self.rejection.take()
    }

    /// Whether the connection may close, because no CONNECT, handler or acknowledgement of this
    /// session must complete first.
    pub(super) fn is_drained(&self) -> bool {
        match self.state {
            State::Connecting(_) => false,
            State::Open(_) => self.is_idle && self.socket.unanswered_acks() == 0,
            State::Ending(_) | State::Done => true,
        }
    }

    /// Whether no further event of the socket may start at present. The connection's task is woken
    /// when that changes.
    #[inline]
    fn is_held_back(&self) -> bool {
        self.socket.disconnect_requested()
            || self.socket.connection().is_behind()
            || self.socket.unanswered_acks() >= MAX_UNANSWERED_ACKS
    }

    /// Handles a received event: starts it, or adds it to the pending events.
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

    /// Updates the connection's total. Concurrently running events count like pending events,
    /// because their bytes are in memory as well.
    fn count_concurrent(&mut self, waiting: &mut PendingEvents) {
        let (State::Open(service) | State::Ending(service)) = &self.state else {
            return;
        };
        let now = service.concurrent_bytes();
        waiting.bytes = (waiting.bytes + now).saturating_sub(self.concurrent_counted);
        self.concurrent_counted = now;
    }

    /// Begins to end the session: pending events are discarded, running events continue.
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

    /// Discards the pending events.
    pub(super) fn discard_waiting(&mut self, waiting: &mut PendingEvents) {
        for event in std::mem::take(&mut self.waiting) {
            waiting.sub(PendingEvents::of(&event));
        }
    }

    /// Polls the session. Returns ready when it has ended.
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
                    // The service applies `connect_handler_timeout` itself.
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
                        // A handler may have requested the disconnect.
                        if self.socket.disconnect_requested() {
                            continue;
                        }
                        return Poll::Pending;
                    }
                    self.begin_disconnect();
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
        // Fails if the connection is closed: no answer is needed then.
        let _ = self.socket.connection().send_required(packet);
        self.leave(DisconnectReason::ServerNamespaceDisconnect, waiting);
    }

    /// Starts pending events, each as soon as the service can take it. Returns whether all events
    /// that are handled in order have completed.
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
                // Frees the memory of many pending events.
                if self.waiting.capacity() > MAX_KEPT_CAPACITY {
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
            let counted = PendingEvents::of(&event);
            match service.try_start(event, is_free, cx) {
                StartResult::Completed
                | StartResult::Started
                | StartResult::StartedConcurrently => waiting.sub(counted),
                StartResult::Deferred(event) => {
                    self.waiting.push_front(event);
                    return false;
                }
            }
        }
    }

    fn begin_disconnect(&mut self) {
        let Some(reason) = self.leaving else { return };
        if let State::Open(mut service) = std::mem::replace(&mut self.state, State::Done) {
            service.disconnect(reason);
            self.state = State::Ending(service);
        }
    }
}

impl Drop for NamespaceSession {
    /// Removes the socket from the hub, its rooms and its groups, also if the runtime shuts down
    /// before the session has ended.
    fn drop(&mut self) {
        self.socket.finish();
    }
}
