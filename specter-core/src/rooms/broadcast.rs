//! The operator of a broadcast: it selects sockets, then emits to them.

use std::sync::Arc;

use serde::Serialize;
use specter_proto::socketio::encode;

use super::adapter::Command;
use super::hub::{Audience, Hub};
use super::{JoinError, Target};
use crate::socket::{EmitError, Socket, SocketId};

/// Whom an event goes to: an immutable value, made by `to`, `within`, `except`, `broadcast`.
///
/// Rooms add up, and a socket in several of them gets one copy. Without a room it is the whole
/// namespace.
#[derive(Clone)]
#[must_use = "nothing is sent before `.emit(…)`"]
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

    /// Leaves out everybody in a room, or one socket by its id.
    pub fn except(mut self, room: impl Into<Target>) -> Self {
        self.audience.except.push(room.into());
        self
    }

    /// Emits an event to all of them. It is encoded once.
    ///
    /// A client that is gone or does not keep up is left out; that is no error here.
    pub fn emit<T: Serialize>(&self, event: &str, data: T) -> Result<(), EmitError> {
        let packet = encode::event(self.hub.destination(), None, event, &data)?;
        self.hub.publish(&Command::Broadcast {
            audience: &self.audience,
            packet: &packet,
        });
        Ok(())
    }

    /// The sockets it reaches now, on this node.
    pub fn sockets(&self) -> Vec<Socket> {
        self.hub.reached(&self.audience)
    }

    /// Lets all of them join a room. The first that may not ends it.
    pub fn join(&self, room: impl AsRef<str>) -> Result<(), JoinError> {
        self.sockets()
            .iter()
            .try_for_each(|socket| match socket.join(room.as_ref()) {
                Err(JoinError::Disconnected) => Ok(()),
                joined => joined,
            })
    }

    /// Lets all of them leave a room.
    pub fn leave(&self, room: impl AsRef<str>) {
        self.sockets()
            .iter()
            .for_each(|socket| socket.leave(room.as_ref()));
    }

    /// Disconnects all of them from the namespace.
    pub fn disconnect(&self) {
        self.sockets().iter().for_each(Socket::disconnect);
    }
}
