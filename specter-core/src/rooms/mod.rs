//! Rooms and groups: who is in which, and sending to many at once.
//!
//! A namespace's hub owns its sockets and rooms, and sends to them on this node. Operators
//! ([`Broadcast`]) say whom an event reaches; the `adapter` carries it there. Groups are the
//! application's own, across namespaces. Rooms and groups share one index of members.
//!
//! Rooms and [`Socket`](crate::socket::Socket)s know each other: a socket joins rooms and starts
//! broadcasts, a room holds sockets and sends to them. Nothing here knows how a packet gets to a
//! client.

mod adapter;
mod broadcast;
mod groups;
mod hub;
mod limits;
mod membership;
mod namespace;
mod subscriptions;
mod target;

pub use self::broadcast::Broadcast;
pub use self::groups::{BroadcastGroup, GroupError};
pub(crate) use self::hub::Hub;
pub use self::hub::JoinError;
pub use self::limits::{GroupLimits, RoomLimits};
pub(crate) use self::namespace::Server;
pub use self::namespace::{Io, Namespace};
pub use self::target::Target;
