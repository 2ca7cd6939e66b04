//! The subscriptions of sockets to groups: the index of each group's members, and the names of each
//! socket's groups.
//!
//! A socket is removed from all groups as soon as it disconnects. The names of its groups stay
//! readable until its `disconnect` handlers have run.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::RwLock;

use super::group_error::GroupError;
use super::limits::GroupLimits;
use super::membership::{Membership, is_oversized};
use crate::socket::members::Members;
use crate::socket::{EndStage, Socket, SocketId};

pub(super) struct Subscriptions {
    limits: GroupLimits,
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    groups: Membership,
    /// The groups of each socket that has subscribed to any.
    sockets: HashMap<SocketId, SocketGroups>,
}

/// The groups of one socket.
#[derive(Default)]
struct SocketGroups {
    names: HashSet<Arc<str>>,
    /// Whether the socket has disconnected. It is a member of no group then. The names are kept for
    /// its `disconnect` handlers.
    has_ended: bool,
}

impl Subscriptions {
    pub(super) fn new(limits: GroupLimits) -> Self {
        Self {
            limits,
            state: RwLock::default(),
        }
    }

    pub(super) fn subscribe(
        this: &Arc<Self>,
        group: &str,
        socket: &Socket,
    ) -> Result<(), GroupError> {
        let is_first = this.add(group, socket)?;
        // The lock is not held here, because the socket's disconnect takes it too.
        if is_first {
            let subscriptions = Arc::downgrade(this);
            let id = socket.id();
            let is_registered = socket.on_disconnect_stage(move |stage| {
                let Some(subscriptions) = subscriptions.upgrade() else {
                    return;
                };
                match stage {
                    EndStage::Finished => subscriptions.forget(id),
                    EndStage::Alive | EndStage::Unreachable => subscriptions.end(id),
                }
            });
            if !is_registered {
                this.forget(id);
                return Err(GroupError::Disconnected);
            }
        }
        Ok(())
    }

    /// Adds a subscription. Returns whether it is the socket's first.
    fn add(&self, group: &str, socket: &Socket) -> Result<bool, GroupError> {
        if group.len() > self.limits.group_name {
            return Err(GroupError::NameTooLong(self.limits.group_name));
        }
        let mut state = self.state.write();
        let State { groups, sockets } = &mut *state;
        let is_first = !sockets.contains_key(&socket.id());
        let entry = sockets.entry(socket.id()).or_default();
        if entry.has_ended {
            return Err(GroupError::Disconnected);
        }
        let names = &mut entry.names;
        if names.contains(group) {
            return Ok(false);
        }
        let limit = self.limits.groups_per_socket;
        if names.len() >= limit {
            return Err(GroupError::TooManyGroups(limit));
        }
        names.insert(groups.insert(group, socket));
        Ok(is_first)
    }

    pub(super) fn unsubscribe(&self, group: &str, socket: &Socket) {
        let mut state = self.state.write();
        // A socket without groups keeps its entry, because its disconnect hook is registered only
        // once.
        if let Some(entry) = state.sockets.get_mut(&socket.id()) {
            entry.names.remove(group);
            let (len, capacity) = (entry.names.len(), entry.names.capacity());
            if is_oversized(len, capacity) {
                entry.names.shrink_to(2 * len);
            }
        }
        state.groups.remove(group, socket.id());
    }

    pub(super) fn unsubscribe_all(&self, id: SocketId) {
        let mut state = self.state.write();
        let entry = state.sockets.get_mut(&id);
        let names = entry.map(|entry| std::mem::take(&mut entry.names));
        for group in names.into_iter().flatten() {
            state.groups.remove(&group, id);
        }
    }

    /// Removes the socket from all groups. The names of its groups stay readable.
    fn end(&self, id: SocketId) {
        let mut state = self.state.write();
        let Some(entry) = state.sockets.get_mut(&id) else {
            return;
        };
        entry.has_ended = true;
        let names = entry.names.clone();
        for group in &names {
            state.groups.remove(group, id);
        }
    }

    /// Removes the socket from all groups, and its entry.
    fn forget(&self, id: SocketId) {
        self.unsubscribe_all(id);
        let sockets = &mut self.state.write().sockets;
        sockets.remove(&id);
        let (len, capacity) = (sockets.len(), sockets.capacity());
        if is_oversized(len, capacity) {
            sockets.shrink_to(2 * len);
        }
    }

    pub(super) fn members(&self, group: &str) -> Option<Members> {
        self.state.read().groups.members(group).cloned()
    }

    pub(super) fn groups(&self) -> Vec<String> {
        let state = self.state.read();
        sorted(state.groups.names())
    }

    pub(super) fn groups_of(&self, id: SocketId) -> Vec<String> {
        let state = self.state.read();
        state
            .sockets
            .get(&id)
            .map_or_else(Vec::new, |entry| sorted(entry.names.iter()))
    }
}

fn sorted<'a>(names: impl Iterator<Item = &'a Arc<str>>) -> Vec<String> {
    let mut names: Vec<_> = names.map(ToString::to_string).collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::{GroupError, GroupLimits, Subscriptions};
    use crate::rooms::{Hub, RoomLimits};
    use crate::socket::Socket;
    use specter_engine::EngineConfig;
    use specter_engine::internals::detached;

    #[test]
    fn memory_is_freed_when_many_sockets_have_left() {
        const MANY: usize = 2_000;
        let hub = Hub::new("/", RoomLimits::default(), 10);
        let subscriptions = Arc::new(Subscriptions::new(GroupLimits::default()));
        let sockets: Vec<_> = (0..MANY)
            .map(|_| detached(&EngineConfig::default()))
            .map(|connection| Socket::new(connection, hub.clone(), None, Duration::ZERO))
            .collect();
        for socket in &sockets {
            Subscriptions::subscribe(&subscriptions, "all", socket).unwrap();
        }
        for number in 0..1_000 {
            Subscriptions::subscribe(&subscriptions, &number.to_string(), &sockets[0]).unwrap();
        }
        for number in 0..1_000 {
            subscriptions.unsubscribe(&number.to_string(), &sockets[0]);
        }
        assert!(
            subscriptions.state.read().sockets[&sockets[0].id()]
                .names
                .capacity()
                <= 64
        );
        for socket in &sockets[1..] {
            socket.end();
            socket.finish();
        }
        let state = subscriptions.state.read();
        assert_eq!(state.sockets.len(), 1);
        assert!(
            state.sockets.capacity() <= 64,
            "{}",
            state.sockets.capacity()
        );
    }

    #[test]
    fn nothing_is_kept_of_sockets_that_are_finished() {
        let hub = Hub::new("/", RoomLimits::default(), 10);
        let subscriptions = Arc::new(Subscriptions::new(GroupLimits::default()));
        let connection = detached(&EngineConfig::default());
        let socket = Socket::new(connection, hub, None, Duration::ZERO);
        for group in ["one", "two"] {
            Subscriptions::subscribe(&subscriptions, group, &socket).unwrap();
        }
        socket.end();
        assert!(
            subscriptions.groups().is_empty(),
            "the socket is in no group"
        );
        assert_eq!(subscriptions.groups_of(socket.id()), ["one", "two"]);
        let late = Subscriptions::subscribe(&subscriptions, "late", &socket);
        assert_eq!(late, Err(GroupError::Disconnected));
        subscriptions.unsubscribe("one", &socket);
        assert_eq!(subscriptions.groups_of(socket.id()), ["two"]);
        socket.finish();
        let late = Subscriptions::subscribe(&subscriptions, "late", &socket);
        assert_eq!(late, Err(GroupError::Disconnected));
        let state = subscriptions.state.read();
        assert!(state.groups.names().next().is_none() && state.sockets.is_empty());
    }
}
