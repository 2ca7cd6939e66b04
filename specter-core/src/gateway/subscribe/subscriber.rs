//! A subscriber: a subscribed function with its priority and its options.

use super::callback::{DisconnectCallback, ErasedCallback, EventCallback, SubscriberCall};
use super::subscription_options::SubscriptionOptions;
use crate::gateway::declare::controller::Requirements;
use crate::gateway::dispatch::call_context::CallContext;

/// A subscribed function with its priority and its options.
pub(crate) struct Subscriber {
    priority: i32,
    /// Its number in the namespace's registry; 0 before it is added there.
    id: u64,
    /// Whether the function takes an `Ack`.
    takes_ack: bool,
    options: SubscriptionOptions,
    callback: ErasedCallback,
}

impl Subscriber {
    pub(in crate::gateway) fn event<M>(
        priority: i32,
        options: SubscriptionOptions,
        callback: impl EventCallback<M>,
        requirements: &mut Requirements,
    ) -> Self {
        let callback = callback.into_erased(requirements);
        Self {
            priority,
            id: 0,
            takes_ack: requirements.takes_ack,
            options,
            callback,
        }
    }

    pub(in crate::gateway) fn disconnect<M>(
        priority: i32,
        options: SubscriptionOptions,
        callback: impl DisconnectCallback<M>,
    ) -> Self {
        Self {
            priority,
            id: 0,
            takes_ack: false,
            options,
            callback: callback.into_erased(),
        }
    }

    pub(in crate::gateway) fn with_id(self, id: u64) -> Self {
        Self { id, ..self }
    }

    pub(in crate::gateway) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn priority(&self) -> i32 {
        self.priority
    }

    pub(crate) fn takes_ack(&self) -> bool {
        self.takes_ack
    }

    pub(in crate::gateway) fn options(&self) -> &SubscriptionOptions {
        &self.options
    }

    /// The owner's name for interceptors and the log: the type name of the event handler, or
    /// `SocketIngress` if there is none.
    pub(crate) fn owner(&self) -> &'static str {
        self.options.handler_name.unwrap_or("SocketIngress")
    }

    /// Calls the function without its policies.
    pub(crate) fn call(&self, mut cx: CallContext) -> SubscriberCall {
        cx.timeout = self.options.timeout;
        self.callback.call(cx)
    }
}
