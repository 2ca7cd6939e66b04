//! Who is in which group. A broadcast takes a snapshot of a group (a reference count) and sends
//! without holding the lock.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::RwLock;

use super::{GroupError, GroupLimits};
use crate::socket::members::Members;
use crate::socket::{EndStage, Socket, SocketId};

pub(super) struct Membership {
    limits: GroupLimits,
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    groups: HashMap<Arc<str>, Members>,
    /// The groups of each socket that is in one.
    sockets: HashMap<SocketId, Subscriptions>,
}

/// The groups of one socket.
#[derive(Default)]
struct Subscriptions {
    names: HashSet<Arc<str>>,
    /// The socket's end has begun: it is a member of none any more, and its `disconnect` handlers
    /// read the names.
    has_ended: bool,
}

impl Membership {
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
        // Outside of the lock: the end of the socket takes it.
        if is_first {
            let membership = Arc::downgrade(this);
            let id = socket.id();
            let ends = socket.at_end(move |stage| {
                let Some(membership) = membership.upgrade() else {
                    return;
                };
                match stage {
                    EndStage::Finished => membership.forget(id),
                    EndStage::Alive | EndStage::Unreachable => membership.end(id),
                }
            });
            if !ends {
                this.forget(id);
                return Err(GroupError::Disconnected);
            }
        }
        Ok(())
    }

    /// Whether it is the socket's first group.
    fn add(&self, group: &str, socket: &Socket) -> Result<bool, GroupError> {
        if group.len() > self.limits.group_name {
            return Err(GroupError::NameTooLong(self.limits.group_name));
        }
        let mut state = self.state.write();
        let State { groups, sockets } = &mut *state;
        let is_first = !sockets.contains_key(&socket.id());
        let own = sockets.entry(socket.id()).or_default();
        if own.has_ended {
            return Err(GroupError::Disconnected);
        }
        let own = &mut own.names;
        if own.contains(group) {
            return Ok(false);
        }
        let limit = self.limits.groups_per_socket;
        if own.len() >= limit {
            if own.is_empty() {
                sockets.remove(&socket.id());
            }
            return Err(GroupError::TooManyGroups(limit));
        }
        let name: Arc<str> = match groups.get_key_value(group) {
            Some((name, _)) => name.clone(),
            None => group.into(),
        };
        own.insert(name.clone());
        let members = groups.entry(name).or_default();
        Arc::make_mut(members).insert(socket.id(), socket.clone());
        Ok(is_first)
    }

    pub(super) fn unsubscribe(&self, group: &str, socket: &Socket) {
        let mut state = self.state.write();
        // Without groups it keeps its entry: its end is listened to once.
        if let Some(own) = state.sockets.get_mut(&socket.id()) {
            own.names.remove(group);
        }
        state.take_out(group, socket.id());
    }

    pub(super) fn unsubscribe_all(&self, id: SocketId) {
        let mut state = self.state.write();
        let own = state.sockets.get_mut(&id);
        let names = own.map(|own| std::mem::take(&mut own.names));
        for group in names.into_iter().flatten() {
            state.take_out(&group, id);
        }
    }

    /// The socket is a member of nothing any more. The names of its groups stay readable.
    fn end(&self, id: SocketId) {
        let mut state = self.state.write();
        let Some(own) = state.sockets.get_mut(&id) else {
            return;
        };
        own.has_ended = true;
        let names = own.names.clone();
        for group in &names {
            state.take_out(group, id);
        }
    }

    /// Nothing of the socket is kept.
    fn forget(&self, id: SocketId) {
        self.unsubscribe_all(id);
        self.state.write().sockets.remove(&id);
    }

    pub(super) fn members(&self, group: &str) -> Option<Members> {
        self.state.read().groups.get(group).cloned()
    }

    pub(super) fn groups(&self) -> Vec<String> {
        let state = self.state.read();
        sorted(state.groups.keys())
    }

    pub(super) fn groups_of(&self, id: SocketId) -> Vec<String> {
        let state = self.state.read();
        state
            .sockets
            .get(&id)
            .map_or_else(Vec::new, |own| sorted(own.names.iter()))
    }
}

impl State {
    fn take_out(&mut self, group: &str, id: SocketId) {
        if let Some(members) = self.groups.get_mut(group) {
            if members.contains_key(&id) {
                Arc::make_mut(members).swap_remove(&id);
            }
            if members.is_empty() {
                self.groups.remove(group);
            }
        }
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

    use super::{GroupError, GroupLimits, Membership};
    use crate::rooms::{Hub, RoomLimits};
    use crate::socket::Socket;
    use specter_engine::EngineConfig;
    use specter_engine::internals::detached;

    #[test]
    fn nothing_is_kept_of_sockets_that_are_finished() {
        let hub = Hub::new("/", RoomLimits::default(), 10);
        let membership = Arc::new(Membership::new(GroupLimits::default()));
        let connection = detached(&EngineConfig::default());
        let socket = Socket::new(connection, hub, None, Duration::ZERO);
        for group in ["one", "two"] {
            Membership::subscribe(&membership, group, &socket).unwrap();
        }
        socket.end();
        assert!(membership.groups().is_empty(), "a member of nothing");
        assert_eq!(membership.groups_of(socket.id()), ["one", "two"]);
        let late = Membership::subscribe(&membership, "late", &socket);
        assert_eq!(late, Err(GroupError::Disconnected));
        membership.unsubscribe("one", &socket);
        assert_eq!(membership.groups_of(socket.id()), ["two"]);
        socket.finish();
        let late = Membership::subscribe(&membership, "late", &socket);
        assert_eq!(late, Err(GroupError::Disconnected));
        let state = membership.state.read();
        assert!(state.groups.is_empty() && state.sockets.is_empty());
    }
}
