//! A namespace's sockets and rooms on this node: membership and local fan-out.
//!
//! A broadcast takes a snapshot (a reference count) and sends without holding the lock; who joins
//! or leaves meanwhile changes a copy. One lock a namespace; none is shared between namespaces.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use indexmap::IndexMap;
use parking_lot::RwLock;
use specter_proto::engine::EncodedPacket;
use specter_proto::socketio::encode::Destination;

use super::{RoomLimits, Target};
use crate::socket::members::{self, Members};
use crate::socket::{Socket, SocketConfig, SocketId};
use specter_engine::internals::FanOut;

/// Why a room was not joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// The socket is disconnected.
    #[error("the socket is gone")]
    Gone,
    /// The name is another socket's id: nobody may listen in there.
    #[error("a room may not be called like another socket")]
    AnotherSocket,
    /// The socket is in as many rooms as it may be.
    #[error("the socket is in {0} rooms already, and may not join more")]
    TooManyRooms(usize),
    /// The name is too long.
    #[error("a room's name may have {0} bytes at most")]
    NameTooLong(usize),
}

impl JoinError {
    /// A stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Gone => "join_gone",
            Self::AnotherSocket => "join_another_socket",
            Self::TooManyRooms(_) => "join_too_many_rooms",
            Self::NameTooLong(_) => "join_name_too_long",
        }
    }
}

pub(crate) struct Hub {
    name: Arc<str>,
    limits: RoomLimits,
    /// How many attachments of a packet its clients take.
    max_attachments: usize,
    membership: RwLock<Membership>,
}

#[derive(Default)]
struct Membership {
    sockets: Members,
    rooms: HashMap<Arc<str>, Members>,
}

impl Hub {
    pub(crate) fn new(name: &str, limits: RoomLimits, max_attachments: usize) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            limits,
            max_attachments,
            membership: RwLock::default(),
        })
    }

    /// With every limit at its default.
    pub(crate) fn with_defaults(name: &str) -> Arc<Self> {
        let max_attachments = SocketConfig::default().max_outgoing_attachments;
        Self::new(name, RoomLimits::default(), max_attachments)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The namespace, as packets are encoded for it.
    #[inline]
    pub(crate) fn destination(&self) -> Destination<'_> {
        Destination::new(&self.name, self.max_attachments)
    }

    /// Makes the socket reachable, unless its end has begun.
    pub(crate) fn add(&self, socket: &Socket) {
        let mut membership = self.membership.write();
        // Its end closes it before it takes it out under this lock.
        if socket.is_ended() {
            return;
        }
        Arc::make_mut(&mut membership.sockets).insert(socket.id(), socket.clone());
    }

    /// Takes the socket out of the namespace and of all its rooms. Idempotent.
    ///
    /// The socket keeps the names of its rooms: its `disconnect` handlers read them.
    pub(crate) fn remove(&self, socket: &Socket) {
        let mut membership = self.membership.write();
        if !membership.sockets.contains_key(&socket.id()) {
            return;
        }
        Arc::make_mut(&mut membership.sockets).swap_remove(&socket.id());
        for room in socket.joined().lock().iter() {
            membership.take_out(room, socket.id());
        }
    }

    pub(crate) fn join(&self, socket: &Socket, room: &str) -> Result<(), JoinError> {
        if room.len() > self.limits.room_name {
            return Err(JoinError::NameTooLong(self.limits.room_name));
        }
        let mut membership = self.membership.write();
        if !membership.sockets.contains_key(&socket.id()) {
            return Err(JoinError::Gone);
        }
        if let Ok(id) = room.parse::<SocketId>()
            && membership.sockets.contains_key(&id)
        {
            // Everybody is in the room of their own id.
            return if id == socket.id() {
                Ok(())
            } else {
                Err(JoinError::AnotherSocket)
            };
        }
        let mut joined = socket.joined().lock();
        if joined.iter().any(|name| **name == *room) {
            return Ok(());
        }
        if joined.len() >= self.limits.rooms_per_socket {
            return Err(JoinError::TooManyRooms(self.limits.rooms_per_socket));
        }
        let name: Arc<str> = match membership.rooms.get_key_value(room) {
            Some((name, _)) => name.clone(),
            None => room.into(),
        };
        let members = membership.rooms.entry(name.clone()).or_default();
        Arc::make_mut(members).insert(socket.id(), socket.clone());
        joined.push(name);
        Ok(())
    }

    pub(crate) fn leave(&self, socket: &Socket, room: &str) {
        let mut membership = self.membership.write();
        socket.joined().lock().retain(|name| **name != *room);
        membership.take_out(room, socket.id());
    }

    pub(crate) fn socket(&self, id: SocketId) -> Option<Socket> {
        self.membership.read().sockets.get(&id).cloned()
    }

    pub(crate) fn len(&self) -> usize {
        self.membership.read().sockets.len()
    }

    pub(crate) fn room_len(&self, room: &str) -> usize {
        self.membership
            .read()
            .rooms
            .get(room)
            .map_or(0, |members| members.len())
    }

    /// The sockets that are reached, each once.
    pub(crate) fn reached(&self, audience: &Audience) -> Vec<Socket> {
        let mut reached = Vec::new();
        self.for_each(audience, |socket| reached.push(socket.clone()));
        reached
    }

    /// Queues `packet` for everybody in the audience. A client that cannot take it is that client's
    /// own loss.
    pub(crate) fn fan_out(&self, audience: &Audience, packet: &EncodedPacket) {
        let mut broadcast = FanOut::default();
        self.for_each(audience, |socket| {
            socket.deliver_with(packet.clone(), &mut broadcast);
        });
    }

    fn for_each(&self, audience: &Audience, mut visit: impl FnMut(&Socket)) {
        let snapshot = self.snapshot(audience);
        let mut seen = (snapshot.targeted.len() > 1).then(HashSet::new);
        for members in &snapshot.targeted {
            for (id, socket) in members::walk(members) {
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
        let membership = self.membership.read();
        let targeted = match &audience.targets[..] {
            [] => vec![membership.sockets.clone()],
            targets => targets
                .iter()
                .flat_map(|target| membership.members(target))
                .collect(),
        };
        let excepted = audience
            .except
            .iter()
            .flat_map(|target| membership.members(target))
            .collect();
        Snapshot { targeted, excepted }
    }
}

/// Whom a broadcast reaches.
#[derive(Clone, Debug, Default)]
pub(crate) struct Audience {
    /// Nothing: the whole namespace.
    pub(crate) targets: Vec<Target>,
    pub(crate) except: Vec<Target>,
    pub(crate) sender: Option<SocketId>,
}

struct Snapshot {
    targeted: Vec<Members>,
    excepted: Vec<Members>,
}

impl Membership {
    fn members(&self, target: &Target) -> impl Iterator<Item = Members> {
        let (room, id) = match target {
            Target::Socket(id) => (None, Some(*id)),
            Target::Room(name) => (self.rooms.get(name).cloned(), name.parse().ok()),
        };
        let own = id.and_then(|id: SocketId| self.sockets.get(&id).cloned());
        let own = own.map(|socket| Arc::new(IndexMap::from([(socket.id(), socket)])));
        room.into_iter().chain(own)
    }

    fn take_out(&mut self, room: &str, id: SocketId) {
        if let Some(members) = self.rooms.get_mut(room) {
            if members.contains_key(&id) {
                Arc::make_mut(members).swap_remove(&id);
            }
            if members.is_empty() {
                self.rooms.remove(room);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Hub, JoinError};
    use crate::rooms::RoomLimits;
    use crate::socket::Socket;
    use specter_engine::EngineConfig;
    use specter_engine::internals::detached;

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
        assert_eq!(hub.membership.read().rooms.len(), 4);
        for (left, socket) in sockets.iter().enumerate() {
            socket.end();
            assert_eq!(hub.room_len("all"), 2 - left, "unreachable at once");
            assert_eq!(socket.rooms().len(), 2, "readable until it is finished");
            assert_eq!(socket.join("late"), Err(JoinError::Gone));
            socket.finish();
            socket.finish();
            assert!(socket.rooms().is_empty());
        }
        let membership = hub.membership.read();
        assert!(membership.rooms.is_empty() && membership.sockets.is_empty());
    }

    #[test]
    fn a_socket_that_ended_while_it_connected_is_not_added() {
        let hub = Hub::new("/", RoomLimits::default(), 10);
        let connection = detached(&EngineConfig::default());
        let socket = Socket::new(connection, hub.clone(), None, Duration::ZERO);
        socket.end();
        hub.add(&socket);
        assert_eq!(hub.len(), 0);
        assert_eq!(socket.join("room"), Err(JoinError::Gone));
    }
}
