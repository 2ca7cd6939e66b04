//! The groups that each socket is subscribed to, beside the index of each group's members.
//!
//! A socket is a member of nothing from the moment that its end begins; the names of its groups
//! stay readable until its `disconnect` handlers have run.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::RwLock;

use super::membership::Membership;
use super::{GroupError, GroupLimits};
use crate::socket::members::Members;
use crate::socket::{EndStage, Socket, SocketId};

pub(super) struct Subscriptions {
    limits: GroupLimits,
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    groups: Membership,
    /// The groups of each socket that is in one.
    sockets: HashMap<SocketId, OwnGroups>,
}

/// The groups of one socket.
#[derive(Default)]
struct OwnGroups {
    names: HashSet<Arc<str>>,
    /// The socket's end has begun: it is a member of none any more, and its `disconnect` handlers
    /// read the names.
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
        // Outside of the lock: the end of the socket takes it.
        if is_first {
            let membership = Arc::downgrade(this);
            let id = socket.id();
            let ends = socket.on_disconnect_stage(move |stage| {
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
        own.insert(groups.insert(group, socket));
        Ok(is_first)
    }

    pub(super) fn unsubscribe(&self, group: &str, socket: &Socket) {
        let mut state = self.state.write();
        // Without groups it keeps its entry: its end is listened to once.
        if let Some(own) = state.sockets.get_mut(&socket.id()) {
            own.names.remove(group);
        }
        state.groups.remove(group, socket.id());
    }

    pub(super) fn unsubscribe_all(&self, id: SocketId) {
        let mut state = self.state.write();
        let own = state.sockets.get_mut(&id);
        let names = own.map(|own| std::mem::take(&mut own.names));
        for group in names.into_iter().flatten() {
            state.groups.remove(&group, id);
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
            state.groups.remove(group, id);
        }
    }

    /// Nothing of the socket is kept.
    fn forget(&self, id: SocketId) {
        self.unsubscribe_all(id);
        self.state.write().sockets.remove(&id);
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
            .map_or_else(Vec::new, |own| sorted(own.names.iter()))
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
    fn nothing_is_kept_of_sockets_that_are_finished() {
        let hub = Hub::new("/", RoomLimits::default(), 10);
        let subscriptions = Arc::new(Subscriptions::new(GroupLimits::default()));
        let connection = detached(&EngineConfig::default());
        let socket = Socket::new(connection, hub, None, Duration::ZERO);
        for group in ["one", "two"] {
            Subscriptions::subscribe(&subscriptions, group, &socket).unwrap();
        }
        socket.end();
        assert!(subscriptions.groups().is_empty(), "a member of nothing");
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
