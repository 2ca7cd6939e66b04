//! The handle to a connection, through which the rest of the program sends packets and closes it.
//!
//! It can be cloned and used from any thread. It reaches the connection's task through the queue,
//! the mailbox and the waker. The timers and the handler belong to the task alone.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use specter_proto::engine::EncodedPacket;

use crate::close_reason::CloseReason;
use crate::config::EngineConfig;
use crate::handshake::Handshake;
use crate::outgoing::Outgoing;
use crate::outgoing::queue::limits::{QueueLimits, SendError, Urgency};
use crate::outgoing::queue::{OutgoingQueue, Wake};
use crate::outgoing::write_batch;
use crate::random_id::{RandomId, random_id};
use crate::session::buffer_budget::{BufferBudget, BufferShare};
use crate::session::mailbox::{AcceptedRequests, Mailbox};
use crate::session::poll_response::ChargedConnection;
use crate::session::task_waker::TaskWaker;
use specter_proto::engine::EncodePacket;
use specter_proto::engine::Transport;

/// A handle to one connection. Clones refer to the same connection.
///
/// A handle keeps neither the connection open nor its transport alive.
#[derive(Clone)]
pub struct Connection(Arc<ConnectionState>);

/// The shared state of all handles. The order of the fields matters: what a broadcast accesses is
/// adjacent, after the reference count.
#[repr(C)]
struct ConnectionState {
    outgoing: Outgoing,
    waker: TaskWaker,
    on_websocket: AtomicBool,
    /// A [`DrainState`].
    stop: AtomicU8,
    sid: RandomId,
    mailbox: Mailbox,
    handshake: Arc<Handshake>,
}

/// The progress of the server's shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrainState {
    /// The server is running.
    No = 0,
    /// Each connection closes when its handlers have completed.
    Draining = 1,
    /// The time for the drain is over: connections close immediately.
    AtOnce = 2,
}

impl Connection {
    /// Creates a connection over `transport`. It has no task yet.
    pub(crate) fn new(
        handshake: Arc<Handshake>,
        transport: Transport,
        config: &EngineConfig,
        budget: &Arc<BufferBudget>,
    ) -> Self {
        let serves = match transport {
            Transport::Polling => AcceptedRequests::Polling,
            Transport::WebSocket => AcceptedRequests::WebSocket,
        };
        Self(Arc::new(ConnectionState {
            sid: random_id(),
            on_websocket: AtomicBool::new(transport == Transport::WebSocket),
            stop: AtomicU8::new(DrainState::No as u8),
            waker: TaskWaker::default(),
            outgoing: Outgoing::new(OutgoingQueue::new(
                QueueLimits::of(config),
                Arc::clone(budget),
            )),
            mailbox: Mailbox::new(serves),
            handshake,
        }))
    }

    /// The session id. It is secret: code that knows it can act for the client. Never log it, and
    /// never show it to another client.
    pub fn sid(&self) -> &str {
        self.0.sid.as_str()
    }

    /// The request that opened the session.
    pub fn handshake(&self) -> &Arc<Handshake> {
        &self.0.handshake
    }

    /// The current transport of the session.
    pub fn transport(&self) -> Transport {
        if self.0.on_websocket.load(Ordering::Relaxed) {
            Transport::WebSocket
        } else {
            Transport::Polling
        }
    }

    /// Queues a packet and returns immediately; the connection's task writes it. `Ok` means queued.
    ///
    /// # Errors
    /// [`SendError::QueueFull`] if the queue would hold more than
    /// [`EngineConfig::max_burst_bytes`]. Under [`QueuePolicy::Disconnect`] this closes the
    /// connection. Under [`QueuePolicy::Drop`] the error is also returned for every packet that is
    /// discarded until a slow client has caught up. [`SendError::TooLarge`] if the packet alone is
    /// larger than `max_burst_bytes`. [`SendError::Closed`] if the connection is closed.
    ///
    /// [`QueuePolicy::Disconnect`]: crate::config::QueuePolicy::Disconnect
    /// [`QueuePolicy::Drop`]: crate::config::QueuePolicy::Drop
    pub fn send(&self, packet: EncodedPacket) -> Result<(), SendError> {
        self.push(packet, Urgency::Ordinary)
    }

    /// As [`send`](Self::send), for packets that count but are never rejected because of a limit:
    /// acknowledgements, replies to CONNECT, DISCONNECT packets.
    pub fn send_required(&self, packet: impl EncodePacket) -> Result<(), SendError> {
        self.push(packet, Urgency::Required)
    }

    /// As [`send_required`](Self::send_required), for a packet that `write` encodes directly into
    /// the batch of the current turn, as WebSocket frames. `None` if that is not possible at
    /// present: `write` was not called, and the packet must be sent with
    /// [`send_required`](Self::send_required).
    #[inline]
    pub fn append_required<E>(
        &self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Option<Result<(), E>> {
        write_batch::append_with(self, write)
    }

    /// Queues a packet of the engine itself.
    pub(crate) fn send_control(&self, packet: EncodedPacket) {
        // Fails if the connection is closed: it needs no heartbeat then.
        let _ = self.push(packet, Urgency::Control);
    }

    /// As [`send`](Self::send), but does not wake the task. The caller wakes it ([`wake_if`]) or,
    /// in a broadcast, writes the queue in its place.
    ///
    /// [`wake_if`]: Self::wake_if
    pub fn queue_unwoken(&self, packet: impl EncodePacket) -> Result<Wake, SendError> {
        self.push_unwoken(packet, Urgency::Ordinary)
    }

    /// Writes the queue in place of an idle task. Wakes a task that is not idle, or that must write
    /// the rest.
    pub(crate) fn write_queued(&self) {
        if self.0.outgoing.write_queued() {
            self.wake();
        }
    }

    fn push(&self, packet: impl EncodePacket, urgency: Urgency) -> Result<(), SendError> {
        let wake = self.push_unwoken(packet, urgency)?;
        self.wake_if(wake);
        Ok(())
    }

    fn push_unwoken(&self, packet: impl EncodePacket, urgency: Urgency) -> Result<Wake, SendError> {
        if urgency != Urgency::Control && write_batch::append(self, &packet) {
            return Ok(Wake::No);
        }
        self.enqueue(packet.into(), urgency)
    }

    fn enqueue(&self, packet: EncodedPacket, urgency: Urgency) -> Result<Wake, SendError> {
        let pushed = self.0.outgoing.queue.push(packet, urgency);
        pushed.map_err(|(error, wake)| {
            self.wake_if(wake);
            error
        })
    }

    /// The cost of a packet in the queue, in bytes.
    pub fn cost(packet: &EncodedPacket) -> usize {
        crate::outgoing::queue::cost(packet)
    }

    /// Applies the queue's policy after a packet for this connection was lost, because the buffer
    /// that holds packets until they can be queued was full.
    pub fn note_overflow(&self) {
        let wake = self.0.outgoing.queue.overflow();
        self.wake_if(wake);
    }

    /// Whether more than `max_queued_bytes` are queued. While that is so, no further event of the
    /// peer starts.
    pub fn is_behind(&self) -> bool {
        self.0.outgoing.queue.is_behind()
    }

    /// Whether more than `max_burst_bytes` are queued, which only acknowledgements and replies can
    /// cause.
    pub fn is_over_burst(&self) -> bool {
        self.0.outgoing.queue.bytes() > self.max_burst_bytes()
    }

    /// The setting `max_burst_bytes`.
    pub fn max_burst_bytes(&self) -> usize {
        self.0.outgoing.queue.limits().max_burst_bytes
    }

    /// Counts bytes that this connection holds outside of its outgoing queue towards
    /// `max_buffered_total`, until [`let_go`](Self::let_go).
    pub fn hold(&self, bytes: usize) {
        self.share().add_other(bytes, self.0.outgoing.queue.bytes());
    }

    /// Ends the count of bytes that [`hold`](Self::hold) has added.
    pub fn let_go(&self, bytes: usize) {
        self.share().sub_other(bytes, self.0.outgoing.queue.bytes());
    }

    pub(crate) fn share(&self) -> &BufferShare {
        self.0.outgoing.queue.share()
    }

    /// Calls `show` for each queued packet: see [`OutgoingQueue::for_each_packet`].
    pub(crate) fn for_each_packet(&self, show: impl FnMut(usize, usize)) {
        self.0.outgoing.queue.for_each_packet(show);
    }

    /// The queued bytes. Each packet counts 64 bytes in addition to its own.
    pub fn queued_bytes(&self) -> usize {
        self.0.outgoing.queue.bytes() + write_batch::cost(self)
    }

    /// Waits until the connection is not behind: until its outgoing queue holds at most
    /// [`EngineConfig::max_queued_bytes`]. Returns immediately if it does.
    ///
    /// A producer that awaits this before each packet follows the pace of its client. Several
    /// producers are woken at the same time, so that the queue may grow by a packet of each.
    /// Dropping the future is safe.
    ///
    /// # Errors
    /// [`SendError::Closed`] if the connection is closed, or closes meanwhile.
    pub async fn ready(&self) -> Result<(), SendError> {
        self.0.outgoing.queue.ready().await
    }

    /// Closes the connection: nothing can be sent any more. Only the first call has an effect.
    ///
    /// The queue is written first: on a WebSocket for 5 s, and for up to a minute while the peer
    /// reads; a polling session waits up to 30 s for a request that can carry it. If the reason
    /// implies that the peer does not read ([`CloseReason::SlowClient`],
    /// [`CloseReason::PingTimeout`]), the queue is discarded.
    pub fn close(&self, reason: CloseReason) {
        let wake = self.0.outgoing.queue.close(reason);
        self.wake_if(wake);
    }

    /// Closes the connection as soon as its handler has nothing more to finish.
    pub(crate) fn drain(&self) {
        self.set_stop(DrainState::Draining);
    }

    /// Closes the connection immediately, without waiting for its client or for running handlers.
    pub(crate) fn stop_at_once(&self) {
        self.set_stop(DrainState::AtOnce);
        self.close(CloseReason::ServerShuttingDown);
    }

    fn set_stop(&self, stop: DrainState) {
        self.0.stop.fetch_max(stop as u8, Ordering::SeqCst);
        self.wake();
    }

    /// The progress of the server's shutdown.
    pub fn stop(&self) -> DrainState {
        match self.0.stop.load(Ordering::Relaxed) {
            0 => DrainState::No,
            1 => DrainState::Draining,
            _ => DrainState::AtOnce,
        }
    }

    /// Whether the server is shutting down.
    pub fn is_draining(&self) -> bool {
        self.stop() != DrainState::No
    }

    /// Whether the connection is closed or closing: nothing can be sent any more.
    pub fn is_closed(&self) -> bool {
        self.0.outgoing.queue.is_closing()
    }

    /// Why the connection is closed or closing; `None` while it is open.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.0.outgoing.queue.close_reason()
    }

    /// Wakes the connection's task, which polls the handler.
    pub fn wake(&self) {
        self.0.waker.wake();
    }

    /// Wakes the connection's task if [`queue_unwoken`](Self::queue_unwoken) requires it.
    pub fn wake_if(&self, wake: Wake) {
        if wake == Wake::Yes {
            self.wake();
        }
    }

    /// The address of the shared state, which differs from that of every other living connection.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    pub(crate) fn id(&self) -> RandomId {
        self.0.sid
    }

    pub(crate) fn waker(&self) -> &TaskWaker {
        &self.0.waker
    }

    /// The queue, and the slot whose state says who may write the queue.
    pub(crate) fn outgoing(&self) -> &Outgoing {
        &self.0.outgoing
    }

    pub(crate) fn outgoing_queue(&self) -> &OutgoingQueue {
        &self.0.outgoing.queue
    }

    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.0.mailbox
    }

    /// This connection, for a poll response that is charged to its queue.
    pub(crate) fn charged(&self) -> Arc<dyn ChargedConnection> {
        Arc::clone(&self.0) as Arc<dyn ChargedConnection>
    }

    pub(crate) fn set_transport(&self, transport: Transport) {
        let on_websocket = transport == Transport::WebSocket;
        self.0.on_websocket.store(on_websocket, Ordering::Relaxed);
    }
}

impl ChargedConnection for ConnectionState {
    fn refund(&self, cost: usize) {
        if self.outgoing.queue.refund(cost) {
            self.waker.wake();
        }
    }

    fn is_closed(&self) -> bool {
        self.outgoing.queue.is_closing()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("transport", &self.transport())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
