//! The hub of a namespace: its sockets and rooms on this node, and local delivery.
//!
//! A broadcast takes a snapshot of the members by increasing a reference count, and sends without
//! holding the lock. If a socket joins or leaves meanwhile, the hub copies the set of members and
//! changes the copy. Each namespace has one lock.

use std::collections::HashSet;
use std::sync::Arc;

use indexmap::IndexMap;
use parking_lot::RwLock;
use specter_proto::socketio::encode::Destination;

use super::adapter::{Adapter, Command, InMemory, Node, Sent};
use super::membership::{Membership, insert_member, remove_member};
use super::{RoomLimits, Target};
use crate::socket::members::{self, Members};
use crate::socket::{Socket, SocketConfig, SocketId};
use specter_engine::internals::FanOut;

/// Why a socket could not join a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// The socket has disconnected.
    #[error("the socket has disconnected")]
    Disconnected,
    /// The name is the id of another socket, whose events only that socket may receive.
    #[error("a room's name must not be the id of another socket")]
    ReservedName,
    /// The socket has already joined `rooms_per_socket` rooms.
    #[error("the socket is in {0} rooms, which is the most that one socket may join")]
    TooManyRooms(usize),
    /// The name has more than `room_name` bytes.
    #[error("a room's name must not have more than {0} bytes")]
    NameTooLong(usize),
}

impl JoinError {
    /// A stable name of the error, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Disconnected => "join_disconnected",
            Self::ReservedName => "join_reserved_name",
            Self::TooManyRooms(_) => "join_too_many_rooms",
            Self::NameTooLong(_) => "join_name_too_long",
        }
    }
}

pub(crate) struct Hub {
    name: Arc<str>,
    limits: RoomLimits,
    /// The setting `max_outgoing_attachments`.
    max_attachments: usize,
    adapter: Arc<dyn Adapter>,
    sockets: RwLock<Sockets>,
}

/// The sockets of the namespace and the members of its rooms.
#[derive(Default)]
struct Sockets {
    all: Members,
    rooms: Membership,
}

impl Hub {
    pub(crate) fn new(name: &str, limits: RoomLimits, max_attachments: usize) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            limits,
            max_attachments,
            adapter: Arc::new(InMemory),
            sockets: RwLock::default(),
        })
    }

    /// A hub with default limits.
    pub(crate) fn with_defaults(name: &str) -> Arc<Self> {
        let max_attachments = SocketConfig::default().max_outgoing_attachments;
        Self::new(name, RoomLimits::default(), max_attachments)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The namespace, as the destination of encoded packets.
    #[inline]
    pub(crate) fn destination(&self) -> Destination<'_> {
        Destination::new(&self.name, self.max_attachments)
    }

    /// Adds the socket, unless it has begun to disconnect.
    pub(crate) fn add(&self, socket: &Socket) {
        let mut sockets = self.sockets.write();
        // A socket that disconnects is marked as ended before it is removed under this lock.
        if socket.is_ended() {
            return;
        }
        insert_member(&mut sockets.all, socket);
    }

    /// Removes the socket from the namespace and all its rooms. A second call does nothing.
    ///
    /// The socket keeps the names of its rooms for its `disconnect` handlers.
    pub(crate) fn remove(&self, socket: &Socket) {
        let mut sockets = self.sockets.write();
        if !sockets.all.contains_key(&socket.id()) {
            return;
        }
        remove_member(&mut sockets.all, socket.id());
        for room in socket.joined_rooms().lock().iter() {
            sockets.rooms.remove(room, socket.id());
        }
    }

    pub(crate) fn join(&self, socket: &Socket, room: &str) -> Result<(), JoinError> {
        if room.len() > self.limits.room_name {
            return Err(JoinError::NameTooLong(self.limits.room_name));
        }
        let mut sockets = self.sockets.write();
        if !sockets.all.contains_key(&socket.id()) {
            return Err(JoinError::Disconnected);
        }
        if let Ok(id) = room.parse::<SocketId>()
            && sockets.all.contains_key(&id)
        {
            // A socket is always in the room of its own id.
            return if id == socket.id() {
                Ok(())
            } else {
                Err(JoinError::ReservedName)
            };
        }
        let mut joined = socket.joined_rooms().lock();
        if joined.iter().any(|name| **name == *room) {
            return Ok(());
        }
        if joined.len() >= self.limits.rooms_per_socket {
            return Err(JoinError::TooManyRooms(self.limits.rooms_per_socket));
        }
        joined.push(sockets.rooms.insert(room, socket));
        Ok(())
    }

    pub(crate) fn leave(&self, socket: &Socket, room: &str) {
        let mut sockets = self.sockets.write();
        socket.joined_rooms().lock().retain(|name| **name != *room);
        sockets.rooms.remove(room, socket.id());
    }

    pub(crate) fn socket(&self, id: SocketId) -> Option<Socket> {
        self.sockets.read().all.get(&id).cloned()
    }

    pub(crate) fn len(&self) -> usize {
        self.sockets.read().all.len()
    }

    pub(crate) fn room_len(&self, room: &str) -> usize {
        self.sockets.read().rooms.len_of(room)
    }

    /// The sockets of the audience, each once.
    pub(crate) fn reached(&self, audience: &Audience) -> Vec<Socket> {
        let mut reached = Vec::new();
        self.for_each(audience, |socket| reached.push(socket.clone()));
        reached
    }

    /// Publishes a command to the namespace on all nodes.
    pub(crate) fn publish(&self, command: &Command<'_>) -> Sent {
        self.adapter.publish(self, command)
    }

    fn for_each(&self, audience: &Audience, mut visit: impl FnMut(&Socket)) {
        let snapshot = self.snapshot(audience);
        let mut seen = (snapshot.targeted.len() > 1).then(HashSet::new);
        for members in &snapshot.targeted {
            for (id, socket) in members::iter_prefetched(members) {
                if audience.sender == Some(*id)
                    || snapshot
                        .excepted
                        .iter()
                        .any(|members| members.contains_key(id))
                {
                    continue;
                }
                if seen.as_mut().is_none_or(|seen| seen.insert(*id)) {
                    visit(socket);
                }
            }
        }
    }

    fn snapshot(&self, audience: &Audience) -> Snapshot {
        let sockets = self.sockets.read();
        let targeted = match &audience.targets[..] {
            [] => vec![sockets.all.clone()],
            targets => targets
                .iter()
                .flat_map(|target| sockets.members(target))
                .collect(),
        };
        let excepted = audience
            .except
            .iter()
            .flat_map(|target| sockets.members(target))
            .collect();
        Snapshot { targeted, excepted }
    }
}

impl Node for Hub {
    /// Sends to all sockets of the audience. Clients that are disconnected or read too slowly are
    /// left out.
    fn apply(&self, command: &Command<'_>) -> usize {
        let Command::Broadcast { audience, packet } = command;
        let mut count = 0;
        let mut broadcast = FanOut::default();
        self.for_each(audience, |socket| {
            let is_queued = socket.deliver_in_broadcast((*packet).clone(), &mut broadcast);
            count += usize::from(is_queued);
        });
        count
    }
}

/// The recipients of a broadcast.
#[derive(Clone, Debug, Default)]
pub(crate) struct Audience {
    /// The rooms and sockets that are selected. If this is empty, the whole namespace is.
    pub(crate) targets: Vec<Target>,
    pub(crate) except: Vec<Target>,
    /// The socket that emits. It is excluded.
    pub(crate) sender: Option<SocketId>,
}

struct Snapshot {
    targeted: Vec<Members>,
    excepted: Vec<Members>,
}

impl Sockets {
    /// The members of the target's room, and the socket that has the target as its id.
    fn members(&self, target: &Target) -> impl Iterator<Item = Members> {
        let (room, id) = match target {
            Target::Socket(id) => (None, Some(*id)),
            Target::Room(name) => (self.rooms.members(name).cloned(), name.parse().ok()),
        };
        let own = id.and_then(|id: SocketId| self.all.get(&id).cloned());
        let own = own.map(|socket| Arc::new(IndexMap::from([(socket.id(), socket)])));
        room.into_iter().chain(own)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Audience, Command, Hub, JoinError, Sent};
    use crate::rooms::RoomLimits;
    use crate::socket::Socket;
    use specter_engine::EngineConfig;
    use specter_engine::internals::detached;
    use specter_proto::socketio::encode;

    #[test]
    fn nothing_is_kept_of_sockets_that_are_finished() {
        let hub = Hub::new("/", RoomLimits::default(), 10);
        let sockets: Vec<_> = (0..3)
            .map(|_| detached(&EngineConfig::default()))
            .map(|connection| Socket::new(connection, hub.clone(), None, Duration::ZERO))
            .collect();
        for socket in &sockets {
            hub.add(socket);
            socket.join("all").unwrap();
            socket.join(format!("only {}", socket.id())).unwrap();
        }
        assert_eq!(hub.sockets.read().rooms.names().count(), 4);
        for (left, socket) in sockets.iter().enumerate() {
            socket.end();
            assert_eq!(hub.room_len("all"), 2 - left, "unreachable immediately");
            assert_eq!(socket.rooms().len(), 2, "readable until it is finished");
            assert_eq!(socket.join("late"), Err(JoinError::Disconnected));
            socket.finish();
            socket.finish();
            assert!(socket.rooms().is_empty());
        }
        let sockets = hub.sockets.read();
        assert!(sockets.rooms.names().next().is_none() && sockets.all.is_empty());
    }

    #[test]
    fn publishing_a_broadcast_returns_the_number_of_sockets_it_was_queued_for() {
        let hub = Hub::with_defaults("/");
        let sockets: Vec<_> = (0..3)
            .map(|_| detached(&EngineConfig::default()))
            .map(|connection| Socket::new(connection, hub.clone(), None, Duration::ZERO))
            .collect();
        for socket in &sockets {
            hub.add(socket);
        }
        sockets[0].end();
        let packet = encode::event(hub.destination(), None, "event", &()).unwrap();
        let audience = Audience {
            sender: Some(sockets[1].id()),
            ..Audience::default()
        };
        let command = Command::Broadcast {
            audience: &audience,
            packet: &packet,
        };
        assert_eq!(hub.publish(&command), Sent { local: Some(1) });
    }

    #[test]
    fn a_socket_that_ended_while_it_connected_is_not_added() {
        let hub = Hub::new("/", RoomLimits::default(), 10);
        let connection = detached(&EngineConfig::default());
        let socket = Socket::new(connection, hub.clone(), None, Duration::ZERO);
        socket.end();
        hub.add(&socket);
        assert_eq!(hub.len(), 0);
        assert_eq!(socket.join("room"), Err(JoinError::Disconnected));
    }
}
