//! [`Broadcast`]: selects sockets of a namespace, and emits to them.

use std::sync::Arc;

use serde::Serialize;
use specter_proto::socketio::encode;

use super::adapter::Command;
use super::hub::{Audience, Hub};
use super::{JoinError, Target};
use crate::socket::{EmitError, Socket, SocketId};

/// A selection of sockets, the recipients of an event. The methods `to`, `within`, `except` and
/// `broadcast` of sockets and namespaces create it.
///
/// If several rooms are added, the sockets in any of them are selected, and each receives one copy.
/// Without a room, all sockets of the namespace are selected.
#[derive(Clone)]
#[must_use = "nothing is sent until `emit` is called"]
pub struct Broadcast {
    hub: Arc<Hub>,
    audience: Audience,
}

impl Broadcast {
    pub(crate) fn everybody(hub: Arc<Hub>) -> Self {
        Self {
            hub,
            audience: Audience::default(),
        }
    }

    pub(crate) fn without(hub: Arc<Hub>, sender: SocketId) -> Self {
        Self {
            hub,
            audience: Audience {
                sender: Some(sender),
                ..Audience::default()
            },
        }
    }

    /// Adds a room, or one socket by its id.
    pub fn to(mut self, room: impl Into<Target>) -> Self {
        self.audience.targets.push(room.into());
        self
    }

    /// The same as [`to`](Self::to).
    pub fn within(self, room: impl Into<Target>) -> Self {
        self.to(room)
    }

    /// Excludes the sockets in a room, or one socket by its id.
    pub fn except(mut self, room: impl Into<Target>) -> Self {
        self.audience.except.push(room.into());
        self
    }

    /// Emits an event to all selected sockets: `emit("moved", (x, y))`. The event is encoded once.
    ///
    /// `data` is the arguments: `()` for none, a tuple for several, anything else for one.
    /// Clients that are disconnected or read too slowly are left out, which is no error.
    pub fn emit<T: Serialize>(&self, event: &str, data: T) -> Result<(), EmitError> {
        let packet = encode::event(self.hub.destination(), None, event, &data)?;
        self.hub.publish(&Command::Broadcast {
            audience: &self.audience,
            packet: &packet,
        });
        Ok(())
    }

    /// The selected sockets on this node.
    pub fn sockets(&self) -> Vec<Socket> {
        self.hub.reached(&self.audience)
    }

    /// Adds the selected sockets to a room. Sockets that have disconnected are skipped. Any other
    /// error is returned immediately, and the remaining sockets do not join.
    pub fn join(&self, room: impl AsRef<str>) -> Result<(), JoinError> {
        self.sockets()
            .iter()
            .try_for_each(|socket| match socket.join(room.as_ref()) {
                Err(JoinError::Disconnected) => Ok(()),
                joined => joined,
            })
    }

    /// Removes the selected sockets from a room.
    pub fn leave(&self, room: impl AsRef<str>) {
        self.sockets()
            .iter()
            .for_each(|socket| socket.leave(room.as_ref()));
    }

    /// Disconnects the selected sockets from the namespace.
    pub fn disconnect(&self) {
        self.sockets().iter().for_each(Socket::disconnect);
    }
}
