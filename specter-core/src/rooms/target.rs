//! The target of a broadcast: a room, or one socket.

use std::sync::Arc;

use crate::socket::{Socket, SocketId};

/// A room, or one socket by its id: the argument of `to`, `within` and `except`.
///
/// A string is the name of a room. If the string is the id of a connected socket, that socket is
/// selected too, so that ids that clients have sent can be used as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The socket with this id.
    Socket(SocketId),
    /// The room of this name.
    Room(Arc<str>),
}

impl From<&str> for Target {
    fn from(name: &str) -> Self {
        Self::Room(name.into())
    }
}

impl From<String> for Target {
    fn from(name: String) -> Self {
        Self::Room(name.into())
    }
}

impl From<&String> for Target {
    fn from(name: &String) -> Self {
        Self::Room(name.as_str().into())
    }
}

impl From<&Target> for Target {
    fn from(target: &Target) -> Self {
        target.clone()
    }
}

impl From<SocketId> for Target {
    fn from(id: SocketId) -> Self {
        Self::Socket(id)
    }
}

impl From<&SocketId> for Target {
    fn from(id: &SocketId) -> Self {
        Self::Socket(*id)
    }
}

impl From<&Socket> for Target {
    fn from(socket: &Socket) -> Self {
        Self::Socket(socket.id())
    }
}
