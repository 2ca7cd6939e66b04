//! What a subscription declares in addition to its function.

use std::time::Duration;

use crate::gateway::declare::policies::Policies;

/// The options of a subscription, as its [`SocketIngress`](super::SocketIngress) had them when the
/// function was subscribed.
#[derive(Clone, Default)]
pub(crate) struct SubscriptionOptions {
    pub(in crate::gateway) policies: Policies,
    /// After this time an async subscriber is dropped and fails. `None`: no limit.
    pub(in crate::gateway) timeout: Option<Duration>,
    /// The index of the dependency root of the event handler that subscribes, if a module lists
    /// that handler. Its module's policies then apply.
    pub(in crate::gateway) handler_root: Option<usize>,
    /// The type name of the event handler that subscribes, if one does.
    pub(in crate::gateway) handler_name: Option<&'static str>,
}
