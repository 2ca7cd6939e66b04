//! Subscribers: functions that are subscribed to events in code, at start or while the App runs,
//! instead of by an attribute.
//!
//! `registry` contains the subscribers of one namespace ([`Ingress`]). The dispatch looks up the
//! subscribers of each event there; while a namespace has none, this costs one atomic load.
//!
//! `socket_ingress` and `event_handler` need each other: a [`SocketIngress`] registers event
//! handlers, and an event handler subscribes through a [`SocketIngress`].

mod callback;
mod error_subscribers;
mod event_handler;
mod ingress_error;
mod intercepted_subscriber;
mod registry;
mod socket_ingress;
mod subscriber;
mod subscriber_policies;
mod subscription;
mod subscription_options;

pub(crate) use self::callback::SubscriberCall;
pub use self::callback::{DisconnectCallback, EventCallback, IntoAck};
pub use self::error_subscribers::{ErrorCallback, ErrorReport};
pub use self::event_handler::{
    Cleanup, EventHandler, EventHandlerError, EventSubscriptions, RegisteredHandler, SetupError,
    SetupFailure,
};
pub use self::ingress_error::IngressError;
pub(crate) use self::registry::{Ingress, SubscriptionKey};
pub use self::socket_ingress::SocketIngress;
pub(crate) use self::subscriber::Subscriber;
pub(crate) use self::subscriber_policies::{NamespacePolicies, PolicySet, SubscriberPolicies};
pub use self::subscription::Subscription;
