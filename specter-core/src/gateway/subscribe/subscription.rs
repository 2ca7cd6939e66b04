//! The handle by which a subscription is cancelled.

use std::sync::Weak;

use super::error_subscribers::ErrorSubscribers;
use super::registry::{Ingress, SubscriptionKey};

/// A subscription to an event, to connects, to disconnects or to errors.
///
/// [`cancel`](Self::cancel) ends the subscription; dropping this handle does not.
#[derive(Debug)]
pub struct Subscription(Target);

/// The list that contains the subscriber, and the subscriber's number in the list.
#[derive(Debug)]
enum Target {
    Event(Weak<Ingress>, SubscriptionKey, u64),
    NamespaceErrors(Weak<Ingress>, u64),
    DefaultErrors(Weak<ErrorSubscribers>, u64),
}

impl Subscription {
    pub(super) fn to_event(ingress: Weak<Ingress>, key: SubscriptionKey, id: u64) -> Self {
        Self(Target::Event(ingress, key, id))
    }

    pub(super) fn to_namespace_errors(ingress: Weak<Ingress>, id: u64) -> Self {
        Self(Target::NamespaceErrors(ingress, id))
    }

    pub(super) fn to_default_errors(errors: Weak<ErrorSubscribers>, id: u64) -> Self {
        Self(Target::DefaultErrors(errors, id))
    }

    /// Ends the subscription. An event that is already running still calls the function. A second
    /// call does nothing.
    pub fn cancel(&self) {
        match &self.0 {
            Target::Event(ingress, key, id) => {
                if let Some(ingress) = ingress.upgrade() {
                    ingress.cancel(key, *id);
                }
            }
            Target::NamespaceErrors(ingress, id) => {
                if let Some(ingress) = ingress.upgrade() {
                    ingress.errors().cancel(*id);
                }
            }
            Target::DefaultErrors(errors, id) => {
                if let Some(errors) = errors.upgrade() {
                    errors.cancel(*id);
                }
            }
        }
    }
}
