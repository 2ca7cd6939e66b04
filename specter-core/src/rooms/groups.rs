//! [`BroadcastGroup`]: the application's groups of sockets, across all namespaces of the App.
//!
//! A subscription ends with its socket. Groups exist on this node only.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use specter_proto::engine::EncodedPacket;
use specter_proto::socketio::encode;

use super::group_error::GroupError;
use super::limits::GroupLimits;
use super::subscriptions::Subscriptions;
use crate::socket::{EmitError, Socket, SocketId, members};
use specter_engine::internals::FanOut;

/// Named groups of sockets from all namespaces of the App. It can be injected anywhere. Clones
/// refer to the same groups.
///
/// **A group or a room?** A room belongs to one namespace. Use it if recipients are addressed by
/// `socket.to(room)`, combined with `except`, or if sockets are moved between rooms from outside. A
/// group belongs to the application. Use it for a subject that services publish to and sockets
/// subscribe to (a ticker, a document, a job), if the subscribers are in several namespaces, or if
/// the application needs to know who is subscribed. Rooms and groups do not see each other's names,
/// and groups exist on this node only.
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

    /// Subscribes a socket to a group, until it unsubscribes or disconnects. A second call changes
    /// nothing.
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

    /// Returns the same groups, with a socket excluded from broadcasts. Several calls exclude
    /// several sockets.
    #[must_use = "nothing is sent until `broadcast` is called on the returned groups"]
    pub fn exclude(&self, socket: impl Into<SocketId>) -> Self {
        let mut excluding = self.clone();
        excluding.excluded.push(socket.into());
        excluding
    }

    /// Emits an event to all members of a group: `broadcast("players", "moved", (x, y))`. It is
    /// encoded once for each namespace of the members.
    ///
    /// `data` is the arguments: `()` for none, a tuple for several, anything else for one. Members
    /// that are disconnected or read too slowly are left out. This is no error, and a group without
    /// members is no error either.
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

    /// The number of members of a group.
    pub fn member_count(&self, group: impl AsRef<str>) -> usize {
        let members = self.subscriptions.members(group.as_ref());
        members.map_or(0, |members| members.len())
    }

    /// The names of the groups that have members, sorted.
    pub fn groups(&self) -> Vec<String> {
        self.subscriptions.groups()
    }

    /// The names of the groups that a socket is subscribed to, sorted.
    ///
    /// The names stay readable until all of its `disconnect` handlers have run. The socket itself
    /// is removed from the groups as soon as it disconnects. It then receives nothing and is not
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
