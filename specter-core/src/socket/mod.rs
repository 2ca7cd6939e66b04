//! A socket: one connection in one namespace, as handlers and services hold it.
//!
//! It owns the socket's gate (what is emitted before CONNECT was answered is held), its
//! acknowledgements and its extensions. It never reads: packets come in through the connection's
//! lanes.
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
use self::acks::{Acks, Waiting};
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
    /// The socket is disconnected. Not worth reporting: a handler that returns it through `?` just
    /// ends.
    #[error("the socket is gone")]
    Disconnected,
    /// The client reads too slowly, and the queue's policy applies to it: see
    /// [`QueuePolicy`](crate::engine::QueuePolicy).
    #[error("the client's outgoing queue is full")]
    QueueFull,
    /// The event alone is larger than the App's `max_burst_bytes`.
    #[error("the event has {size} bytes, and `max_burst_bytes` allows {limit}")]
    TooLarge {
        /// What the event counts for in the client's queue, in bytes.
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
    /// A stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Disconnected => "emit_gone",
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
            // `Closed`, and what a later version of the engine may add.
            _ => Self::Disconnected,
        }
    }
}

/// One connection in one namespace. A cheap handle: clone it, keep it, use it from any task.
///
/// After the socket disconnected its methods do nothing and say so with
/// [`EmitError::Disconnected`].
#[derive(Clone)]
pub struct Socket(Arc<Inner>);

/// In this order: what a broadcast needs stands together.
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
    ends: Mutex<DisconnectHooks>,
    /// Living [`Ack`](crate::gateway::Ack)s whose clients wait for an answer.
    unanswered_acks: AtomicUsize,
    id: SocketId,
}

/// How many acknowledgements of a socket handlers may have taken and not yet sent. At this number
/// no further event of the socket begins: acknowledgements are never refused, so that their number
/// must be bounded.
pub(crate) const MAX_UNANSWERED_ACKS: usize = 256;

/// How far the end of a socket has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum EndStage {
    /// It has not begun.
    #[default]
    Alive,
    /// Nothing reaches the socket any more. Its `disconnect` handlers may still read what it was
    /// in.
    Unreachable,
    /// Its handlers are done, and nothing of it is kept.
    Finished,
}

/// Called once for each later stage of a socket's end.
type EndHook = Box<dyn FnMut(EndStage) + Send>;

/// The hooks that run when the socket ends; none can be added after that has begun.
#[derive(Default)]
struct DisconnectHooks {
    stage: EndStage,
    hooks: Vec<EndHook>,
}

impl DisconnectHooks {
    /// Takes the hooks that are to be called, if this stage was not reached before.
    fn enter(&mut self, stage: EndStage) -> Option<Vec<EndHook>> {
        if self.stage >= stage {
            return None;
        }
        self.stage = stage;
        Some(std::mem::take(&mut self.hooks))
    }
}

impl Socket {
    /// A socket whose CONNECT has not been answered: what is emitted to it is held.
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
            ends: Mutex::default(),
        }))
    }

    /// The public id. It may be shown to anybody.
    pub fn id(&self) -> SocketId {
        self.0.id
    }

    /// The namespace that it is in.
    pub fn namespace(&self) -> Namespace {
        Namespace::new(self.0.hub.clone())
    }

    /// The HTTP request that opened the connection.
    pub fn handshake(&self) -> &Arc<Handshake> {
        self.0.connection.handshake()
    }

    /// The CONNECT payload as a `T`; `None` where the client sent none. An integer may have been
    /// sent as a float, such as `1.0`.
    pub fn auth<T: DeserializeOwned>(&self) -> Option<serde_json::Result<T>> {
        self.0.auth.as_deref().map(decode_json)
    }

    pub(crate) fn auth_json(&self) -> Option<&str> {
        self.0.auth.as_deref()
    }

    /// Whether it is connected: its CONNECT was answered, and it has not disconnected.
    pub fn is_connected(&self) -> bool {
        self.0.gate.phase() == Phase::Open
    }

    /// Emits an event to this client.
    ///
    /// `data` is the arguments: `()` none, a tuple several, anything else one
    /// ([`Binary`](specter_proto::socketio::Binary) anywhere in it). `Ok` means queued: delivery is
    /// at most once, in order.
    pub fn emit<T: Serialize>(&self, event: &str, data: T) -> Result<(), EmitError> {
        if self.0.gate.phase() == Phase::Closed {
            return Err(EmitError::Disconnected);
        }
        let packet = encode::outgoing_event(self.0.hub.destination(), None, event, &data)?;
        self.deliver(packet)
    }

    /// Emits an event and asks for an acknowledgement: await what this returns for the client's
    /// answer.
    ///
    /// The event is queued at once. Each call has a time-out, see [`EmitWithAck::timeout`]. A
    /// handler may await it: answers are taken in while handlers run.
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
        EmitWithAck::new(Waiting::send(self, self.0.ack_timeout, send))
    }

    /// Everybody in `room` but this socket. More rooms with `.to(…)`, fewer sockets with
    /// `.except(…)`.
    pub fn to(&self, room: impl Into<Target>) -> Broadcast {
        self.broadcast().to(room)
    }

    /// Everybody in the namespace but this socket.
    pub fn broadcast(&self) -> Broadcast {
        Broadcast::without(self.0.hub.clone(), self.id())
    }

    /// Everybody in the namespace but this socket and those in `room`.
    pub fn except(&self, room: impl Into<Target>) -> Broadcast {
        self.broadcast().except(room)
    }

    /// Joins a room. Joining one again changes nothing.
    pub fn join(&self, room: impl AsRef<str>) -> Result<(), JoinError> {
        self.0.hub.join(self, room.as_ref())
    }

    /// Leaves a room. Its own-id room cannot be left.
    pub fn leave(&self, room: impl AsRef<str>) {
        self.0.hub.leave(self, room.as_ref());
    }

    /// The rooms it joined, without its own-id room.
    ///
    /// They stay readable until all `disconnect` handlers have run, so that a handler can still
    /// tell the others in them by `socket.to(room)`. The socket itself is a member no longer:
    /// nothing reaches it there, and it is not counted.
    pub fn rooms(&self) -> Vec<String> {
        self.0
            .rooms
            .lock()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    /// Whether it joined `room`.
    pub fn is_in(&self, room: impl AsRef<str>) -> bool {
        self.0
            .rooms
            .lock()
            .iter()
            .any(|joined| **joined == *room.as_ref())
    }

    /// Disconnects it from its namespace; the client does not reconnect by itself. Its handlers
    /// finish, then `disconnect` runs.
    pub fn disconnect(&self) {
        self.0.gate.request_disconnect();
        self.0.connection.wake();
    }

    /// Closes the connection with every namespace on it. Idempotent.
    pub fn disconnect_transport(&self) {
        self.0.connection.close(CloseReason::ForcedServerClose);
    }

    /// Keeps a value with this socket, one of each type; returns the one that was there.
    pub fn insert<T: Clone + Send + Sync + 'static>(&self, value: T) -> Option<T> {
        self.0.extensions.lock().insert(value)
    }

    /// A value kept with this socket by [`insert`](Self::insert), or with the handshake request by
    /// an axum layer.
    pub fn extension<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        let own = self.0.extensions.lock().get::<T>().cloned();
        own.or_else(|| self.handshake().extensions.get::<T>().cloned())
    }

    /// The connection under it.
    pub(crate) fn connection(&self) -> &Connection {
        &self.0.connection
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.0.hub
    }

    pub(crate) fn acks(&self) -> &Acks {
        &self.0.acks
    }

    /// The rooms joined, kept by the hub.
    pub(crate) fn joined(&self) -> &Mutex<Vec<Arc<str>>> {
        &self.0.rooms
    }

    /// Queues a packet of this socket, or holds it while the gate is shut.
    pub(crate) fn deliver(&self, packet: impl EncodePacket) -> Result<(), EmitError> {
        let wake = self.0.gate.pass(&self.0.connection, packet, Sharing::Own)?;
        self.0.connection.wake_if(wake);
        Ok(())
    }

    /// Delivers a packet of a broadcast, which writes it when all sockets have it queued. Returns
    /// whether it was queued: a client that cannot take it is left out.
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

    /// Acknowledges an event: never dropped alone, whatever the policy. Encoded where it is sent
    /// from, if that can be.
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

    /// Queues an acknowledgement: never dropped alone, whatever the policy.
    pub(crate) fn send_ack_packet(&self, packet: impl EncodePacket) {
        if self.0.gate.phase() == Phase::Open {
            // A closed connection needs no answer.
            let _ = self.0.connection.send_required(packet);
        }
    }

    /// How many acknowledgements handlers have taken and not yet sent.
    pub(crate) fn unanswered_acks(&self) -> usize {
        self.0.unanswered_acks.load(Ordering::Relaxed)
    }

    /// A handler has taken an acknowledgement.
    pub(crate) fn ack_taken(&self) {
        self.0.unanswered_acks.fetch_add(1, Ordering::Relaxed);
    }

    /// An acknowledgement that a handler had taken was sent, or never will be.
    pub(crate) fn ack_settled(&self) {
        let before = self.0.unanswered_acks.fetch_sub(1, Ordering::SeqCst);
        // Events may wait for it, or the end of the connection.
        if before == MAX_UNANSWERED_ACKS || self.0.connection.is_draining() {
            self.0.connection.wake();
        }
    }

    /// Answers CONNECT and lets out what was held.
    pub(crate) fn open_gate(&self) {
        let reply = encode::connect(self.0.hub.name(), self.0.id.as_str());
        self.0.gate.open(&self.0.connection, reply);
    }

    /// Whether [`disconnect`](Self::disconnect) was called and waits to be carried out.
    pub(crate) fn disconnect_requested(&self) -> bool {
        self.0.gate.disconnect_requested()
    }

    /// Makes the socket unreachable: its emits fail, its acknowledgements fail, and no broadcast
    /// reaches it or counts it. Idempotent.
    ///
    /// The names of its rooms and groups stay readable until [`finish`](Self::finish).
    pub(crate) fn end(&self) {
        self.0.gate.close(&self.0.connection);
        self.0.acks.end();
        self.0.hub.remove(self);
        let Some(mut hooks) = self.0.ends.lock().enter(EndStage::Unreachable) else {
            return;
        };
        for hook in &mut hooks {
            hook(EndStage::Unreachable);
        }
        // They are called again when it is finished.
        self.0.ends.lock().hooks = hooks;
    }

    /// Ends the socket and forgets its rooms and groups: its handlers are done. Idempotent.
    pub(crate) fn finish(&self) {
        self.end();
        *self.0.rooms.lock() = Vec::new();
        let hooks = self.0.ends.lock().enter(EndStage::Finished);
        for mut hook in hooks.into_iter().flatten() {
            hook(EndStage::Finished);
        }
    }

    /// Runs `poll` in such a way that a handler of this socket that it polls is dropped unless it
    /// ends now. Its controller comes back.
    pub(crate) fn abandon_in<T>(&self, poll: impl FnOnce() -> T) -> T {
        self.0.gate.set_abandoned(true);
        let polled = poll();
        self.0.gate.set_abandoned(false);
        polled
    }

    /// Whether a handler that does not end now is to be dropped.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.0.gate.is_abandoned()
    }

    /// Whether its end has begun.
    pub(crate) fn is_ended(&self) -> bool {
        self.0.gate.phase() == Phase::Closed
    }

    /// Calls `hook` at each stage of the socket's end. `false`, and never, where its end has begun.
    pub(crate) fn on_disconnect_stage(&self, hook: impl FnMut(EndStage) + Send + 'static) -> bool {
        let mut ends = self.0.ends.lock();
        let is_alive = ends.stage == EndStage::Alive;
        if is_alive {
            ends.hooks.push(Box::new(hook));
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

/// Where a socket is meant by its id.
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
