//! The options of a subscription: its policies, its timeout and its event handler.

use std::time::Duration;

use crate::gateway::declare::policies::Policies;

/// The options of a subscription. They are copied from the
/// [`SocketIngress`](super::SocketIngress) when the function is subscribed.
#[derive(Clone, Default)]
pub(crate) struct SubscriptionOptions {
    pub(in crate::gateway) policies: Policies,
    /// The time limit of a call. After that an async subscriber is dropped, and the call fails.
    /// `None`: no limit.
    pub(in crate::gateway) timeout: Option<Duration>,
    /// The index of the dependency root of the event handler that subscribes, if a module lists
    /// that handler. Its module's policies then apply.
    pub(in crate::gateway) handler_root: Option<usize>,
    /// The type name of the event handler that subscribes, if one does.
    pub(in crate::gateway) handler_name: Option<&'static str>,
}
