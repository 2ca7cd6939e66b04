//! Rooms and groups: their members, and sending to many sockets at once.
//!
//! A namespace's hub owns its sockets and rooms, and sends to them on this node. An operator
//! ([`Broadcast`]) selects the recipients of an event, and the `adapter` publishes the event. So
//! far there is only an adapter for a single node. Groups belong to the application and span its
//! namespaces. Rooms and groups store their members in the same kind of index (`membership`).
//!
//! Rooms and [`Socket`](crate::socket::Socket)s depend on each other: a socket joins rooms and
//! starts broadcasts, and a room holds sockets and sends to them. The engine then transfers the
//! packets to the clients.

mod adapter;
mod broadcast;
mod group_error;
mod groups;
mod hub;
mod limits;
mod membership;
mod namespace;
mod subscriptions;
mod target;

pub use self::broadcast::Broadcast;
pub use self::group_error::GroupError;
pub use self::groups::BroadcastGroup;
pub(crate) use self::hub::Hub;
pub use self::hub::JoinError;
pub use self::limits::{GroupLimits, RoomLimits};
pub(crate) use self::namespace::Server;
pub use self::namespace::{AllNamespaces, Io, Namespace};
pub use self::target::Target;
