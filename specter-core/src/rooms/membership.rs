//! [`Membership`]: an index of the members of each room. Each namespace has one for its rooms, and
//! the App has one for its groups.
//!
//! A reader takes a snapshot of a room's members by increasing a reference count, and iterates it
//! without a lock. If a socket joins or leaves meanwhile, the set of members is copied and the copy
//! is changed. A map shrinks when it holds far fewer entries than its capacity.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::socket::members::Members;
use crate::socket::{Socket, SocketId};

/// A map with a capacity of at most this many entries never shrinks.
const MIN_CAPACITY: usize = 64;
/// A map shrinks when its capacity is more than this many times the number of its entries. It then
/// keeps a capacity of twice that number, so that the cost of shrinking is amortized over the
/// removals.
const MAX_EXCESS: usize = 4;

/// The members of each room (or group) that has members.
#[derive(Default)]
pub(super) struct Membership {
    rooms: HashMap<Arc<str>, Members>,
}

impl Membership {
    /// Adds a member to a room. Returns the room's name, which all members share.
    pub(super) fn insert(&mut self, room: &str, socket: &Socket) -> Arc<str> {
        let name: Arc<str> = match self.rooms.get_key_value(room) {
            Some((name, _)) => name.clone(),
            None => room.into(),
        };
        insert_member(self.rooms.entry(name.clone()).or_default(), socket);
        name
    }

    /// Removes a member from a room. The room is removed with its last member.
    pub(super) fn remove(&mut self, room: &str, id: SocketId) {
        let Some(members) = self.rooms.get_mut(room) else {
            return;
        };
        remove_member(members, id);
        if members.is_empty() {
            self.rooms.remove(room);
            if is_oversized(self.rooms.len(), self.rooms.capacity()) {
                self.rooms.shrink_to(2 * self.rooms.len());
            }
        }
    }

    /// The members of a room. `None` if it has none.
    pub(super) fn members(&self, room: &str) -> Option<&Members> {
        self.rooms.get(room)
    }

    /// The number of members of a room.
    pub(super) fn len_of(&self, room: &str) -> usize {
        self.members(room).map_or(0, |members| members.len())
    }

    /// The rooms that have members, in arbitrary order.
    pub(super) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.rooms.keys()
    }

    /// The number of rooms for which memory is allocated.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.rooms.capacity()
    }
}

/// Adds a socket to a set of members.
pub(super) fn insert_member(members: &mut Members, socket: &Socket) {
    Arc::make_mut(members).insert(socket.id(), socket.clone());
}

/// Removes a socket from a set of members. A set that is being iterated is copied only if the
/// socket is in it.
pub(super) fn remove_member(members: &mut Members, id: SocketId) {
    if !members.contains_key(&id) {
        return;
    }
    let members: &mut IndexMap<_, _> = Arc::make_mut(members);
    members.swap_remove(&id);
    if is_oversized(members.len(), members.capacity()) {
        members.shrink_to(2 * members.len());
    }
}

/// Whether a collection with this length and capacity must shrink.
pub(super) fn is_oversized(len: usize, capacity: usize) -> bool {
    capacity > MIN_CAPACITY && capacity > MAX_EXCESS * len
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{MAX_EXCESS, MIN_CAPACITY, Membership};
    use crate::rooms::Hub;
    use crate::socket::Socket;
    use specter_engine::EngineConfig;
    use specter_engine::internals::detached;

    fn sockets(count: usize) -> Vec<Socket> {
        let hub = Hub::with_defaults("/");
        (0..count)
            .map(|_| detached(&EngineConfig::default()))
            .map(|connection| Socket::new(connection, hub.clone(), None, Duration::ZERO))
            .collect()
    }

    #[test]
    fn members_share_the_name_of_their_room_which_is_removed_with_the_last() {
        let mut index = Membership::default();
        let sockets = sockets(2);
        let names = [&sockets[0], &sockets[1]].map(|socket| index.insert("room", socket));
        assert!(std::sync::Arc::ptr_eq(&names[0], &names[1]));
        index.remove("room", sockets[0].id());
        index.remove("room", sockets[0].id());
        assert_eq!(index.len_of("room"), 1);
        index.remove("room", sockets[1].id());
        assert!(index.members("room").is_none());
        assert_eq!(index.names().count(), 0);
    }

    #[test]
    fn memory_is_freed_when_many_members_have_left() {
        const MANY: usize = 4_000;
        let mut index = Membership::default();
        let sockets = sockets(MANY);
        for (number, socket) in sockets.iter().enumerate() {
            index.insert("all", socket);
            index.insert(&number.to_string(), socket);
        }
        assert!(index.capacity() >= MANY);
        for (number, socket) in sockets.iter().enumerate().skip(10) {
            index.remove("all", socket.id());
            index.remove(&number.to_string(), socket.id());
        }
        let most = MIN_CAPACITY.max(MAX_EXCESS * 11);
        assert!(index.capacity() <= most, "{}", index.capacity());
        let members = index.members("all").unwrap();
        assert_eq!(members.len(), 10);
        assert!(members.capacity() <= most, "{}", members.capacity());
    }

    #[test]
    fn a_snapshot_does_not_change_when_sockets_join_or_leave() {
        let mut index = Membership::default();
        let sockets = sockets(2);
        index.insert("room", &sockets[0]);
        let snapshot = index.members("room").unwrap().clone();
        index.insert("room", &sockets[1]);
        index.remove("room", sockets[0].id());
        assert_eq!(snapshot.len(), 1);
        assert!(snapshot.contains_key(&sockets[0].id()));
    }
}
