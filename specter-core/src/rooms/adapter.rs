//! The interface between a namespace and the nodes of a cluster. Each event that is emitted to
//! sockets of a namespace goes through an [`Adapter`], which delivers it on this node and publishes
//! it to the others. Events for groups do not: groups exist on one node only.
//!
//! The only adapter so far is [`InMemory`], for servers that run alone. Adapters that reach other
//! nodes must follow the same contract:
//!
//! - The adapter calls [`Node::apply`] exactly once for each command that is passed to
//!   [`Adapter::publish`], and once for each command that arrives from another node. A namespace
//!   never applies a command directly, so that an adapter with a log can deliver in the order of
//!   its log.
//! - [`Adapter::publish`] returns immediately and cannot fail or be cancelled. It never waits for
//!   the network. A command that cannot be sent at once is queued within bounds, or counted as
//!   lost. Delivery on this node does not depend on the network.
//! - Commands of one task are applied on this node in the order in which the task published them.

use specter_proto::engine::EncodedPacket;

use super::hub::Audience;

/// A command that a namespace publishes to all nodes.
pub(crate) enum Command<'a> {
    /// Sends an event to the sockets of an audience.
    Broadcast {
        audience: &'a Audience,
        /// The event, encoded for the clients of this node. An adapter can take the arguments from
        /// the same frames: their JSON follows the packet's header, and the attachments come after
        /// that.
        packet: &'a EncodedPacket,
    },
}

/// The result of publishing a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// How many sockets of this node the command was applied to. `None` if it is applied later, in
    /// the order of the adapter's log.
    pub(crate) local: Option<usize>,
}

/// The sockets of a namespace on this node, as an adapter uses them.
pub(crate) trait Node: Send + Sync {
    /// Applies a command to the sockets of this node without waiting. Returns how many sockets it
    /// was applied to.
    fn apply(&self, command: &Command<'_>) -> usize;
}

/// Publishes the commands of namespaces to all nodes, including this one.
pub(crate) trait Adapter: Send + Sync + 'static {
    /// Publishes a command of a namespace.
    fn publish(&self, namespace: &dyn Node, command: &Command<'_>) -> Sent;
}

/// The adapter of a server that runs alone: it applies each command immediately.
pub(crate) struct InMemory;

impl Adapter for InMemory {
    fn publish(&self, namespace: &dyn Node, command: &Command<'_>) -> Sent {
        Sent {
            local: Some(namespace.apply(command)),
        }
    }
}
