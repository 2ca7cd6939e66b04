//! A socket: one connection in one namespace, as handlers and services use it.
//!
//! A socket consists of a gate (packets that are emitted before CONNECT is answered are held), the
//! acknowledgements that it awaits, and its extensions. It only sends: `socketio` receives the
//! client's packets. Sockets and `rooms` depend on each other: a socket joins rooms and starts
//! broadcasts, and a room holds sockets and sends to them.
//!
#![doc = include_str!("closing.md")]

mod acks;
pub(crate) mod client_error;
mod config;
mod gate;
pub(crate) mod id;
pub(crate) mod internal_error;
pub(crate) mod members;
mod ready;
mod reason;
pub(crate) mod reject;
pub(crate) mod service;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Extensions;
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use specter_proto::engine::EncodedPacket;
use specter_proto::socketio::{EncodeError, decode_json, encode};

pub use self::acks::{AckError, EmitWithAck};
use self::acks::{Acks, PendingAnswer};
pub use self::config::SocketConfig;
use self::gate::{Gate, Phase, Sharing};
pub use self::id::{ParseSocketIdError, SocketId};
pub use self::ready::ReadyError;
pub use self::reason::DisconnectReason;
pub use self::reject::Reject;
use crate::rooms::{Broadcast, Hub, JoinError, Namespace, Target};
use specter_engine::internals::FanOut;
use specter_engine::{CloseReason, Connection, Handshake, SendError};
use specter_proto::engine::EncodePacket;

/// Why an event was not queued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// The socket has disconnected. A handler may return this error through `?`: it is not reported
    /// as a failure.
    #[error("the socket has disconnected")]
    Disconnected,
    /// The client reads too slowly, and the [`QueuePolicy`](crate::engine::QueuePolicy) applies.
    #[error("the client's outgoing queue is full")]
    QueueFull,
    /// The event alone is larger than `max_burst_bytes`.
    #[error("the event has {size} bytes, and `max_burst_bytes` allows {limit}")]
    TooLarge {
        /// The cost of the event in the client's queue, in bytes.
        size: usize,
        /// The setting `max_burst_bytes`.
        limit: usize,
    },
    /// The namespace does not exist on this server.
    #[error("no controller serves the namespace `{0}`")]
    UnknownNamespace(String),
    /// The event cannot be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl EmitError {
    /// A stable name of the error, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Disconnected => "emit_disconnected",
            Self::QueueFull => "emit_queue_full",
            Self::TooLarge { .. } => "emit_too_large",
            Self::UnknownNamespace(_) => "emit_unknown_namespace",
            Self::Encode(error) => error.code(),
        }
    }
}

impl From<SendError> for EmitError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::QueueFull => Self::QueueFull,
            SendError::TooLarge { size, limit } => Self::TooLarge { size, limit },
            // `Closed`, and errors that a later version of the engine may add.
            _ => Self::Disconnected,
        }
    }
}

/// One connection in one namespace. It is a handle: clone it, store it and use it from any task.
///
/// After the socket has disconnected, methods that emit return [`EmitError::Disconnected`], and the
/// others do nothing.
#[derive(Clone)]
pub struct Socket(Arc<Inner>);

/// `repr(C)` keeps the order of the fields, so that those that a broadcast accesses are adjacent.
#[repr(C)]
struct Inner {
    gate: Gate,
    connection: Connection,
    hub: Arc<Hub>,
    auth: Option<Box<str>>,
    ack_timeout: Duration,
    acks: Acks,
    extensions: Mutex<Extensions>,
    rooms: Mutex<Vec<Arc<str>>>,
    disconnect_hooks: Mutex<DisconnectHooks>,
    /// The number of requested acknowledgements that handlers hold as an
    /// [`Ack`](crate::gateway::Ack).
    unanswered_acks: AtomicUsize,
    id: SocketId,
}

/// How many acknowledgements of one socket handlers may have taken without sending them. At this
/// number no further event of the socket starts. The outgoing queue never rejects an
/// acknowledgement, so their number must be bounded here.
pub(crate) const MAX_UNANSWERED_ACKS: usize = 256;

/// The stages of a socket's disconnect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum EndStage {
    /// The socket has not begun to disconnect.
    #[default]
    Alive,
    /// The socket receives nothing any more. Its `disconnect` handlers may still read the names of
    /// its rooms and groups.
    Unreachable,
    /// Its handlers have completed, and its rooms and groups are removed.
    Finished,
}

/// Called once for each stage after `Alive`.
type EndHook = Box<dyn FnMut(EndStage) + Send>;

/// The hooks of a socket's disconnect. No hook can be added after the disconnect has begun.
#[derive(Default)]
struct DisconnectHooks {
    stage: EndStage,
    hooks: Vec<EndHook>,
}

impl DisconnectHooks {
    /// Takes the hooks to call, if the stage is new.
    fn enter(&mut self, stage: EndStage) -> Option<Vec<EndHook>> {
        if self.stage >= stage {
            return None;
        }
        self.stage = stage;
        Some(std::mem::take(&mut self.hooks))
    }
}

impl Socket {
    /// A socket whose CONNECT is not answered: emitted packets are held.
    pub(crate) fn new(
        connection: Connection,
        hub: Arc<Hub>,
        auth: Option<Box<str>>,
        ack_timeout: Duration,
    ) -> Self {
        Self(Arc::new(Inner {
            id: SocketId::random(),
            connection,
            hub,
            auth,
            ack_timeout,
            gate: Gate::default(),
            acks: Acks::default(),
            extensions: Mutex::default(),
            rooms: Mutex::default(),
            unanswered_acks: AtomicUsize::new(0),
            disconnect_hooks: Mutex::default(),
        }))
    }

    /// The public id of the socket. It is not secret.
    pub fn id(&self) -> SocketId {
        self.0.id
    }

    /// The namespace of the socket.
    pub fn namespace(&self) -> Namespace {
        Namespace::new(self.0.hub.clone())
    }

    /// The HTTP request that opened the connection.
    pub fn handshake(&self) -> &Arc<Handshake> {
        self.0.connection.handshake()
    }

    /// The CONNECT payload as a `T`. `None` if the client sent none. An integer may be sent as a
    /// float, such as `1.0`.
    pub fn auth<T: DeserializeOwned>(&self) -> Option<serde_json::Result<T>> {
        self.0.auth.as_deref().map(decode_json)
    }

    pub(crate) fn auth_json(&self) -> Option<&str> {
        self.0.auth.as_deref()
    }

    /// Whether the socket is connected: CONNECT is answered, and the socket has not disconnected.
    pub fn is_connected(&self) -> bool {
        self.0.gate.phase() == Phase::Open
    }

    /// Emits an event to this client: `emit("moved", (x, y))`.
    ///
    /// `data` is the arguments: `()` for none, a tuple for several, anything else for one. It may
    /// contain [`Binary`](specter_proto::socketio::Binary) values anywhere. `Ok` means that the
    /// event is queued. Events are delivered in order, and at most once.
    pub fn emit<T: Serialize>(&self, event: &str, data: T) -> Result<(), EmitError> {
        if self.0.gate.phase() == Phase::Closed {
            return Err(EmitError::Disconnected);
        }
        let packet = encode::outgoing_event(self.0.hub.destination(), None, event, &data)?;
        self.deliver(packet)
    }

    /// Emits an event, `emit_with_ack("moved", (x, y))`, and requests an acknowledgement. Await the
    /// returned [`EmitWithAck`] for the client's answer.
    ///
    /// The event is queued immediately. Each call has a timeout: see [`EmitWithAck::timeout`]. A
    /// handler may await it, because acknowledgements are received while handlers run.
    pub fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        data: impl Serialize,
    ) -> EmitWithAck<T> {
        let send = |id| match self.0.gate.phase() {
            Phase::Gated => Err(AckError::NotConnected),
            Phase::Closed => Err(AckError::Disconnected),
            Phase::Open => encode::outgoing_event(self.0.hub.destination(), Some(id), event, &data)
                .map_err(EmitError::from)
                .and_then(|packet| self.deliver(packet))
                .map_err(|error| match error {
                    EmitError::Disconnected => AckError::Disconnected,
                    error => AckError::Emit(error),
                }),
        };
        EmitWithAck::new(PendingAnswer::send(self, self.0.ack_timeout, send))
    }

    /// Selects the sockets in `room` except this one. Add rooms with `.to(…)`, exclude sockets with
    /// `.except(…)`.
    pub fn to(&self, room: impl Into<Target>) -> Broadcast {
        self.broadcast().to(room)
    }

    /// Selects all sockets of the namespace except this one.
    pub fn broadcast(&self) -> Broadcast {
        Broadcast::without(self.0.hub.clone(), self.id())
    }

    /// Selects all sockets of the namespace except this one and those in `room`.
    pub fn except(&self, room: impl Into<Target>) -> Broadcast {
        self.broadcast().except(room)
    }

    /// Joins a room. A second call changes nothing.
    pub fn join(&self, room: impl AsRef<str>) -> Result<(), JoinError> {
        self.0.hub.join(self, room.as_ref())
    }

    /// Leaves a room. The room of the socket's own id cannot be left.
    pub fn leave(&self, room: impl AsRef<str>) {
        self.0.hub.leave(self, room.as_ref());
    }

    /// The rooms that the socket has joined, without the room of its own id.
    ///
    /// The names stay readable until all `disconnect` handlers have run, so that a handler can
    /// notify the other members with `socket.to(room)`. By then the socket itself has been removed
    /// from the rooms: it receives nothing there and is not counted.
    pub fn rooms(&self) -> Vec<String> {
        self.0
            .rooms
            .lock()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    /// Whether the socket has joined `room`.
    pub fn is_in(&self, room: impl AsRef<str>) -> bool {
        self.0
            .rooms
            .lock()
            .iter()
            .any(|joined| **joined == *room.as_ref())
    }

    /// Disconnects the socket from its namespace. The client does not reconnect automatically.
    /// Running handlers complete, then `disconnect` runs.
    pub fn disconnect(&self) {
        self.0.gate.request_disconnect();
        self.0.connection.wake();
    }

    /// Closes the connection, and with it every namespace on it. A second call does nothing.
    pub fn disconnect_transport(&self) {
        self.0.connection.close(CloseReason::ForcedServerClose);
    }

    /// Stores a value with this socket, one of each type. Returns the value of this type that it
    /// replaces.
    pub fn insert<T: Clone + Send + Sync + 'static>(&self, value: T) -> Option<T> {
        self.0.extensions.lock().insert(value)
    }

    /// A value that was stored with [`insert`](Self::insert), or that an axum layer stored in the
    /// extensions of the handshake request.
    pub fn extension<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        let own = self.0.extensions.lock().get::<T>().cloned();
        own.or_else(|| self.handshake().extensions.get::<T>().cloned())
    }

    /// The connection of the socket.
    pub(crate) fn connection(&self) -> &Connection {
        &self.0.connection
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.0.hub
    }

    pub(crate) fn acks(&self) -> &Acks {
        &self.0.acks
    }

    /// The names of the joined rooms. The hub maintains them.
    pub(crate) fn joined_rooms(&self) -> &Mutex<Vec<Arc<str>>> {
        &self.0.rooms
    }

    /// Queues a packet for this socket, or holds it while the gate is shut.
    pub(crate) fn deliver(&self, packet: impl EncodePacket) -> Result<(), EmitError> {
        let wake = self.0.gate.pass(&self.0.connection, packet, Sharing::Own)?;
        self.0.connection.wake_if(wake);
        Ok(())
    }

    /// Queues a packet of a broadcast, which writes the packet after it was queued for all sockets.
    /// Returns whether the packet was queued: a client that cannot receive it is left out.
    pub(crate) fn deliver_in_broadcast(
        &self,
        packet: EncodedPacket,
        broadcast: &mut FanOut,
    ) -> bool {
        let gate = &self.0.gate;
        let queued = gate.pass(&self.0.connection, packet, Sharing::Shared);
        if let Ok(wake) = queued {
            broadcast.add(&self.0.connection, wake);
        }
        queued.is_ok()
    }

    /// Acknowledges an event. The acknowledgement is encoded directly into the current write batch
    /// if possible, and is queued otherwise. The queue's policy never discards it.
    pub(crate) fn send_ack<T: Serialize + ?Sized>(
        &self,
        id: u64,
        args: &T,
    ) -> Result<(), EncodeError> {
        let to = self.0.hub.destination();
        if self.0.gate.phase() == Phase::Open {
            let append = |bytes: &mut Vec<u8>| encode::append_ack(bytes, to, id, args);
            if let Some(written) = self.0.connection.append_required(append) {
                return written;
            }
        }
        self.send_ack_packet(encode::outgoing_ack(to, id, args)?);
        Ok(())
    }

    /// Queues an encoded acknowledgement, which the queue's policy never discards.
    pub(crate) fn send_ack_packet(&self, packet: impl EncodePacket) {
        if self.0.gate.phase() == Phase::Open {
            // Fails if the connection is closed: no answer is needed then.
            let _ = self.0.connection.send_required(packet);
        }
    }

    /// The number of acknowledgements that handlers have taken and not sent.
    pub(crate) fn unanswered_acks(&self) -> usize {
        self.0.unanswered_acks.load(Ordering::Relaxed)
    }

    /// Counts an acknowledgement that a handler has taken.
    pub(crate) fn ack_taken(&self) {
        self.0.unanswered_acks.fetch_add(1, Ordering::Relaxed);
    }

    /// Stops counting an acknowledgement that was sent or dropped.
    pub(crate) fn ack_settled(&self) {
        let before = self.0.unanswered_acks.fetch_sub(1, Ordering::SeqCst);
        // Pending events, or the drain of the connection, may wait for this acknowledgement.
        if before == MAX_UNANSWERED_ACKS || self.0.connection.is_draining() {
            self.0.connection.wake();
        }
    }

    /// Answers CONNECT, then queues the held packets.
    pub(crate) fn open_gate(&self) {
        let reply = encode::connect(self.0.hub.name(), self.0.id.as_str());
        self.0.gate.open(&self.0.connection, reply);
    }

    /// Whether [`disconnect`](Self::disconnect) was called and is not carried out yet.
    pub(crate) fn disconnect_requested(&self) -> bool {
        self.0.gate.disconnect_requested()
    }

    /// Makes the socket unreachable: its emits and pending acknowledgements fail, and broadcasts
    /// neither reach nor count it. A second call does nothing.
    ///
    /// The names of its rooms and groups stay readable until [`finish`](Self::finish).
    pub(crate) fn end(&self) {
        self.0.gate.close(&self.0.connection);
        self.0.acks.end();
        self.0.hub.remove(self);
        let hooks = self.0.disconnect_hooks.lock().enter(EndStage::Unreachable);
        let Some(mut hooks) = hooks else {
            return;
        };
        for hook in &mut hooks {
            hook(EndStage::Unreachable);
        }
        // The hooks are called again at the last stage.
        self.0.disconnect_hooks.lock().hooks = hooks;
    }

    /// Ends the socket and removes its rooms and groups, after its handlers have completed. A
    /// second call does nothing.
    pub(crate) fn finish(&self) {
        self.end();
        *self.0.rooms.lock() = Vec::new();
        let hooks = self.0.disconnect_hooks.lock().enter(EndStage::Finished);
        for mut hook in hooks.into_iter().flatten() {
            hook(EndStage::Finished);
        }
    }

    /// Calls `poll`, which polls a running call of this socket for the last time: the call drops a
    /// handler that is still pending, and returns its controller.
    pub(crate) fn abandon_in<T>(&self, poll: impl FnOnce() -> T) -> T {
        self.0.gate.set_abandoned(true);
        let polled = poll();
        self.0.gate.set_abandoned(false);
        polled
    }

    /// Whether a handler that does not complete now must be dropped.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.0.gate.is_abandoned()
    }

    /// Whether the socket has begun to disconnect.
    pub(crate) fn is_ended(&self) -> bool {
        self.0.gate.phase() == Phase::Closed
    }

    /// Registers `hook` for each stage of the socket's disconnect. Returns `false`, and does not
    /// register the hook, if the disconnect has begun.
    pub(crate) fn on_disconnect_stage(&self, hook: impl FnMut(EndStage) + Send + 'static) -> bool {
        let mut registered = self.0.disconnect_hooks.lock();
        let is_alive = registered.stage == EndStage::Alive;
        if is_alive {
            registered.hooks.push(Box::new(hook));
        }
        is_alive
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("id", &self.0.id)
            .field("namespace", &self.0.hub.name())
            .finish_non_exhaustive()
    }
}

/// For arguments that take the id of a socket.
impl From<&Socket> for SocketId {
    fn from(socket: &Socket) -> Self {
        socket.id()
    }
}

impl PartialEq for Socket {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Socket {}
