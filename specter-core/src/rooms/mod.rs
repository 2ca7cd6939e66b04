//! Rooms: who is in which, and sending to many at once.
//!
//! The hub owns a namespace's membership and fans out on this node; operators say whom a broadcast
//! reaches. Nothing here knows how a packet gets to a client.

mod broadcast;
mod hub;
mod limits;
mod namespace;
mod target;

pub use self::broadcast::Broadcast;
pub(crate) use self::hub::Hub;
pub use self::hub::JoinError;
pub use self::limits::RoomLimits;
pub(crate) use self::namespace::Server;
pub use self::namespace::{Io, Namespace};
pub use self::target::Target;
