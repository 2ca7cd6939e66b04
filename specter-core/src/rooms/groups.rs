//! The application's groups of sockets, across all namespaces of the App.
//!
//! A subscription ends with its socket. A group is of this node alone.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use specter_proto::engine::EncodedPacket;
use specter_proto::socketio::encode;

use super::GroupLimits;
use super::subscriptions::Subscriptions;
use crate::socket::{EmitError, Socket, SocketId, members};
use specter_engine::internals::FanOut;

/// Why a group was not subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// The socket is disconnected.
    #[error("the socket has disconnected")]
    Disconnected,
    /// The socket is in as many groups as it may be.
    #[error("the socket is in {0} groups, which is the most that one socket may join")]
    TooManyGroups(usize),
    /// The name is too long.
    #[error("a group's name must not have more than {0} bytes")]
    NameTooLong(usize),
}

impl GroupError {
    /// A stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Disconnected => "group_gone",
            Self::TooManyGroups(_) => "group_too_many",
            Self::NameTooLong(_) => "group_name_too_long",
        }
    }
}

/// Named groups of sockets, of all namespaces of the App: injectable everywhere. Clones are the
/// same groups.
///
/// **A group or a room?** A room belongs to one namespace and to what is sent from there: take it
/// when what is sent is addressed by `socket.to(room)`, combined with `except`, or when sockets are
/// moved between rooms from outside. A group belongs to the application: take it for a subject that
/// services publish to and sockets subscribe to (a ticker, a document, a job), when the subscribers
/// are in several namespaces, or when the application asks who is subscribed. Neither name is seen
/// by the other; a group is of this node alone.
///
/// ```
/// use specter_core::rooms::{BroadcastGroup, GroupError};
/// use specter_core::socket::{EmitError, Socket};
///
/// fn follow(groups: &BroadcastGroup, socket: &Socket) -> Result<(), GroupError> {
///     groups.subscribe("ticker:ACME", socket)
/// }
///
/// fn trade(groups: &BroadcastGroup, trader: &Socket, price: u64) -> Result<(), EmitError> {
///     groups.exclude(trader).broadcast("ticker:ACME", "price", price)
/// }
/// ```
#[derive(Clone)]
pub struct BroadcastGroup {
    subscriptions: Arc<Subscriptions>,
    excluded: Vec<SocketId>,
}

impl BroadcastGroup {
    pub(crate) fn new(limits: GroupLimits) -> Self {
        Self {
            subscriptions: Arc::new(Subscriptions::new(limits)),
            excluded: Vec::new(),
        }
    }

    /// Subscribes a socket to a group, until it unsubscribes or disconnects. Again changes nothing.
    pub fn subscribe(&self, group: impl AsRef<str>, socket: &Socket) -> Result<(), GroupError> {
        Subscriptions::subscribe(&self.subscriptions, group.as_ref(), socket)
    }

    /// Ends a socket's subscription to a group.
    pub fn unsubscribe(&self, group: impl AsRef<str>, socket: &Socket) {
        self.subscriptions.unsubscribe(group.as_ref(), socket);
    }

    /// Ends all of a socket's subscriptions.
    pub fn unsubscribe_all(&self, socket: &Socket) {
        self.subscriptions.unsubscribe_all(socket.id());
    }

    /// The same groups, for a broadcast that leaves a socket out. More with another `exclude`.
    #[must_use = "nothing is sent before `.broadcast(…)`"]
    pub fn exclude(&self, socket: impl Into<SocketId>) -> Self {
        let mut excluding = self.clone();
        excluding.excluded.push(socket.into());
        excluding
    }

    /// Emits an event to all members of a group. It is encoded once for each namespace that they
    /// are in.
    ///
    /// `data` is the arguments: `()` none, a tuple several, anything else one. A member that is
    /// gone or does not keep up is left out; that is no error here, and neither is a group without
    /// members.
    pub fn broadcast<T: Serialize>(
        &self,
        group: impl AsRef<str>,
        event: &str,
        data: T,
    ) -> Result<(), EmitError> {
        let members = self.subscriptions.members(group.as_ref());
        let mut packets: Vec<(Socket, EncodedPacket)> = Vec::new();
        let mut broadcast = FanOut::default();
        for (_, socket) in members
            .iter()
            .flat_map(|members| members::iter_prefetched(members))
        {
            if self.excluded.contains(&socket.id()) {
                continue;
            }
            let of_namespace =
                |(other, _): &&(Socket, EncodedPacket)| other.hub().name() == socket.hub().name();
            let packet = if let Some((_, packet)) = packets.iter().find(of_namespace) {
                packet.clone()
            } else {
                let packet = encode::event(socket.hub().destination(), None, event, &data)?;
                packets.push((socket.clone(), packet.clone()));
                packet
            };
            socket.deliver_in_broadcast(packet, &mut broadcast);
        }
        Ok(())
    }

    /// The members of a group.
    pub fn members(&self, group: impl AsRef<str>) -> Vec<Socket> {
        let members = self.subscriptions.members(group.as_ref());
        members.map_or_else(Vec::new, |members| members.values().cloned().collect())
    }

    /// How many members a group has.
    pub fn member_count(&self, group: impl AsRef<str>) -> usize {
        let members = self.subscriptions.members(group.as_ref());
        members.map_or(0, |members| members.len())
    }

    /// The groups that have members, sorted.
    pub fn groups(&self) -> Vec<String> {
        self.subscriptions.groups()
    }

    /// The groups that a socket is subscribed to, sorted.
    ///
    /// They stay readable until all of its `disconnect` handlers have run. The socket itself is a
    /// member no longer from the moment that it disconnects: nothing reaches it, and it is not
    /// counted.
    pub fn groups_of(&self, socket: &Socket) -> Vec<String> {
        self.subscriptions.groups_of(socket.id())
    }
}

impl fmt::Debug for BroadcastGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BroadcastGroup")
            .field("groups", &self.groups())
            .field("excluded", &self.excluded)
            .finish_non_exhaustive()
    }
}
