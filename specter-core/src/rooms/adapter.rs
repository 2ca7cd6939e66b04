//! The seam between a namespace and the nodes of a cluster: every broadcast goes through an
//! [`Adapter`], which delivers it on this node and carries it to the others.
//!
//! There is one adapter, [`InMemory`], for servers that run alone. The contract is written for
//! those that reach other nodes too:
//!
//! - The adapter calls [`Node::apply`] exactly once for each command that it was given to publish,
//!   and once for each command that arrives from another node. A namespace never applies a command
//!   by itself, so that an adapter with a log can deliver in the order of its log.
//! - [`Adapter::publish`] returns at once. It never waits for the network: what cannot be sent is
//!   queued within bounds, or counted as lost, and local delivery does not depend on it.
//! - Commands of one task are applied on this node in the order in which it published them.

use specter_proto::engine::EncodedPacket;

use super::hub::Audience;

/// What a namespace tells all nodes.
pub(crate) enum Command<'a> {
    /// An event for the sockets of an audience.
    Broadcast {
        audience: &'a Audience,
        /// The event as its clients on this node receive it. Its frames hold the neutral form as
        /// well: the JSON of the arguments after the packet's header, then the attachments.
        packet: &'a EncodedPacket,
    },
}

/// What became of a command that was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// How many sockets of this node took it. `None` where it is applied later, in the order of the
    /// adapter's log.
    pub(crate) local: Option<usize>,
}

/// The namespace's side of an adapter: its sockets on this node.
pub(crate) trait Node: Send + Sync {
    /// Applies a command to the sockets of this node. Never waits. Returns how many took it.
    fn apply(&self, command: &Command<'_>) -> usize;
}

/// Carries the commands of namespaces to all nodes, this one included.
pub(crate) trait Adapter: Send + Sync + 'static {
    /// Publishes a command of a namespace.
    fn publish(&self, namespace: &dyn Node, command: &Command<'_>) -> Sent;
}

/// The adapter of a server that runs alone: it applies each command at once.
pub(crate) struct InMemory;

impl Adapter for InMemory {
    fn publish(&self, namespace: &dyn Node, command: &Command<'_>) -> Sent {
        Sent {
            local: Some(namespace.apply(command)),
        }
    }
}
