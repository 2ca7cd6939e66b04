//! Handlers without attributes: functions that subscribe to events while the App runs.
//!
//! The [`Ingress`] of a namespace owns its subscribers. The dispatch asks it at each event, which
//! is one atomic load while there are none.

mod error_subscribers;
mod event_handler;
mod intercepted_subscriber;
mod registry;
mod subscriber;
mod subscriber_policies;

use std::any::TypeId;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use specter_di::{Key, Location};

pub(crate) use self::error_subscribers::ErrorSubscribers;
pub use self::error_subscribers::{ErrorCallback, ErrorReport};
pub use self::event_handler::{
    Cleanup, EventHandler, EventHandlerError, EventSubscriptions, RegisteredHandler, SetupError,
    SetupFailure,
};
pub(crate) use self::registry::{Ingress, SubscriptionKey};
pub use self::subscriber::{DisconnectCallback, EventCallback, IntoAck};
pub(crate) use self::subscriber::{Subscriber, SubscriberCall};
use self::subscriber_policies::SubscriptionOptions;
pub(crate) use self::subscriber_policies::{NamespacePolicies, PolicySet, SubscriberPolicies};
use crate::gateway::{ErrorFilter, Guard, Interceptor, Requirements};

/// Why something could not be subscribed to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IngressError {
    /// No controller serves the namespace, and no listed `EventHandler`.
    #[error("nobody serves the namespace `{0}`")]
    UnknownNamespace(String),
    /// No client can emit it, or it has a method of its own.
    #[error(
        "`{0}` is not an event that clients emit; for the ends of a socket there are `on_connect` \
         and `on_disconnect`"
    )]
    Reserved(String),
    /// A parameter, guard, interceptor or error filter is no singleton, or there are several of its
    /// type.
    #[error(
        "{role} is to be `{service}`, of which the application does not have exactly one singleton"
    )]
    NotProvided {
        /// What asks for it: `parameter 1`, `guard`.
        role: String,
        /// The type that is asked for.
        service: String,
    },
}

impl IngressError {
    /// A stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownNamespace(_) => "ingress_unknown_namespace",
            Self::Reserved(_) => "ingress_reserved",
            Self::NotProvided { .. } => "ingress_not_provided",
        }
    }
}

/// Subscribes functions to events, at start or while the App runs: injectable everywhere.
///
/// It speaks of the namespace `/`; [`of`](Self::of) chooses another. Subscribers stand among the
/// controllers' methods by priority, lower first; ties in the order of subscription, methods before
/// subscribers. All run, whichever fails. What a subscriber returns counts for the acknowledgement
/// as a method's value does: `()` or `Result<T, E>`.
///
/// Parameters come by type, as those of methods, and are owned. `Inject<T>` reaches singletons
/// only, as `App::get` does: what is not there is an error of the subscription, not of the first
/// event. An async function that keeps what it captured from call to call is a closure that returns
/// a future: `move |n: u8| { let log = log.clone(); async move { … } }`.
///
/// # What stands around a subscriber
///
/// First its own guards; then the interceptors, the App's outermost, those of the module that lists
/// its event handler, its own; and for what fails, the error filters, its own first, then the
/// module's and the App's. The guards of the App and of the module are asked when a socket
/// connects, after the controllers', and not again where those were the same. Its own are said
/// before it is subscribed: `ingress.guard::<Member>().timeout(limit).on(…)`. Nothing but the time
/// limit stands around a subscriber of disconnects.
///
/// ```
/// use std::time::Duration;
///
/// use specter_core::gateway::{EventError, IngressError, SocketIngress};
/// use specter_core::socket::Socket;
///
/// fn subscribe(ingress: &SocketIngress) -> Result<(), IngressError> {
///     ingress.on("typing", 0, |socket: Socket, room: String| {
///         // Nobody there is no reason to fail.
///         let _ = socket.to(&room).emit("typing", socket.id());
///     })?;
///     let sum = ingress.on("sum", -1, async |a: i64, b: Option<i64>| {
///         Ok::<_, EventError>(a + b.unwrap_or(0))
///     })?;
///     sum.cancel();
///     let brief = ingress.timeout(Duration::from_secs(5));
///     brief.on("later", 0, async || tokio::task::yield_now().await)?;
///     Ok(())
/// }
/// ```
#[derive(Clone, Default)]
pub struct SocketIngress {
    served: Arc<OnceLock<ServedNamespaces>>,
    defaults: Arc<ErrorSubscribers>,
    /// In the order of their registration.
    handlers: Arc<Mutex<Vec<RegisteredHandler>>>,
    namespace: Option<Arc<str>>,
    /// What stands around what is subscribed through this one.
    own: SubscriptionOptions,
}

/// What the App knows before any provider is built.
struct ServedNamespaces {
    namespaces: HashMap<String, Arc<Ingress>>,
    /// The types of what subscribers can be given by `Inject<T>`.
    singletons: HashSet<TypeId>,
}

impl SocketIngress {
    /// Makes the namespaces and singletons known; the App does so once, before any provider is
    /// built.
    pub(crate) fn install<'a>(
        &self,
        namespaces: impl Iterator<Item = &'a str>,
        singletons: impl Iterator<Item = TypeId>,
    ) {
        let ingresses = namespaces.map(|name| {
            let ingress = Ingress::new(self.defaults.clone());
            (name.to_owned(), Arc::new(ingress))
        });
        // A second call is a programming error of the App's; the first set stays.
        let _ = self.served.set(ServedNamespaces {
            namespaces: ingresses.collect(),
            singletons: singletons.collect(),
        });
    }

    pub(crate) fn ingress(&self, namespace: &str) -> Result<&Arc<Ingress>, IngressError> {
        let served = self.served.get();
        served
            .and_then(|served| served.namespaces.get(namespace))
            .ok_or_else(|| IngressError::UnknownNamespace(namespace.to_owned()))
    }

    fn own(&self) -> Result<&Arc<Ingress>, IngressError> {
        self.ingress(self.namespace.as_deref().unwrap_or("/"))
    }

    /// Makes an [`EventHandler`] known to the App, which tears it down at shutdown. `setup` of what
    /// this returns begins it.
    pub fn register<H: EventHandler>(
        &self,
        handler: Arc<H>,
    ) -> Result<RegisteredHandler, IngressError> {
        let mut ingress = self.of(H::NAMESPACE)?;
        ingress.own.handler = Some(event_handler::type_label::<H>());
        let registered = RegisteredHandler::new(handler, ingress);
        self.handlers.lock().push(registered.clone());
        Ok(registered)
    }

    /// Tears all event handlers down, the last registered first. Failures are logged.
    pub(crate) async fn tear_down(&self) {
        let handlers = std::mem::take(&mut *self.handlers.lock());
        for handler in handlers.into_iter().rev() {
            if let Err(error) = handler.teardown().await {
                tracing::error!(target: "specter::gateway", %error, "tearing an event handler \
                    down failed");
            }
        }
    }

    /// The same for another namespace.
    pub fn of(&self, namespace: &str) -> Result<Self, IngressError> {
        self.ingress(namespace)?;
        Ok(Self {
            namespace: Some(namespace.into()),
            ..self.clone()
        })
    }

    /// The same for an event handler that a module lists, by the place of its root.
    pub(crate) fn of_listed(&self, root: usize) -> Self {
        let mut ingress = self.clone();
        ingress.own.listed = Some(root);
        ingress
    }

    /// The same, with a guard before each call of what is subscribed through it: an injectable
    /// singleton. Not at disconnect.
    #[must_use = "what it is called on is as it was"]
    #[track_caller]
    pub fn guard<G: Guard>(&self) -> Self {
        let at = Location::caller();
        self.with(|own| own.policies.guard::<G>(std::any::type_name::<G>(), at))
    }

    /// The same, with an interceptor around each call of what is subscribed through it, within
    /// those that were added before. Not at disconnect.
    #[must_use = "what it is called on is as it was"]
    #[track_caller]
    pub fn interceptor<I: Interceptor>(&self) -> Self {
        let at = Location::caller();
        self.with(|own| {
            own.policies
                .interceptor::<I>(std::any::type_name::<I>(), at);
        })
    }

    /// The same, with an error filter for what is subscribed through it, after those that were
    /// added before. Not at disconnect.
    #[must_use = "what it is called on is as it was"]
    #[track_caller]
    pub fn filter<F: ErrorFilter>(&self) -> Self {
        let at = Location::caller();
        self.with(|own| own.policies.filter::<F>(std::any::type_name::<F>(), at))
    }

    /// The same, with a time limit for each call of an async function that is subscribed through
    /// it: it is dropped then, and fails with `timed out`.
    #[must_use = "what it is called on is as it was"]
    pub fn timeout(&self, limit: Duration) -> Self {
        self.with(|own| own.limit = Some(limit))
    }

    fn with(&self, change: impl FnOnce(&mut SubscriptionOptions)) -> Self {
        let mut ingress = self.clone();
        change(&mut ingress.own);
        ingress
    }

    /// Subscribes to an event; `"*"` is every event that nobody else handles.
    pub fn on<M>(
        &self,
        event: &str,
        priority: i32,
        subscriber: impl EventCallback<M>,
    ) -> Result<Subscription, IngressError> {
        self.subscribe(SubscriptionKey::of_event(event)?, priority, subscriber)
    }

    /// Subscribes to connects: the function runs after the controllers' `connect`, and before the
    /// client is answered. An error refuses the client.
    pub fn on_connect<M>(
        &self,
        priority: i32,
        subscriber: impl EventCallback<M>,
    ) -> Result<Subscription, IngressError> {
        self.subscribe(SubscriptionKey::Connect, priority, subscriber)
    }

    fn subscribe<M>(
        &self,
        slot: SubscriptionKey,
        priority: i32,
        subscriber: impl EventCallback<M>,
    ) -> Result<Subscription, IngressError> {
        let ingress = self.own()?;
        let mut requirements = Requirements::default();
        let subscriber =
            Subscriber::event(priority, self.own.clone(), subscriber, &mut requirements);
        self.check(&requirements)?;
        Ok(ingress.subscribe(slot, subscriber))
    }

    /// Whether what parameters and policies need is there.
    fn check(&self, requirements: &Requirements) -> Result<(), IngressError> {
        let is_there = |key: &Key| {
            let served = self.served.get();
            served.is_some_and(|served| served.singletons.contains(&key.type_id()))
        };
        let policies = self.own.policies.declared();
        let policies = policies.map(|policy| (policy.key, policy.role.to_owned()));
        let parameters = requirements.dependencies.iter();
        let parameters = parameters.map(|one| (one.key, format!("parameter {}", one.label)));
        match policies.chain(parameters).find(|(key, _)| !is_there(key)) {
            None => Ok(()),
            Some((key, role)) => Err(IngressError::NotProvided {
                role,
                service: key.name(),
            }),
        }
    }

    /// Subscribes to disconnects: the function runs after the controllers' `disconnect`.
    pub fn on_disconnect<M>(
        &self,
        priority: i32,
        subscriber: impl DisconnectCallback<M>,
    ) -> Result<Subscription, IngressError> {
        let subscriber = Subscriber::disconnect(priority, self.own.clone(), subscriber);
        Ok(self
            .own()?
            .subscribe(SubscriptionKey::Disconnect, subscriber))
    }

    /// Subscribes to what fails in the namespace and no controller's `#[on_error]` takes:
    /// subscribers, controllers without one, guards and providers at connect.
    pub fn on_error<M>(
        &self,
        subscriber: impl ErrorCallback<M>,
    ) -> Result<Subscription, IngressError> {
        let ingress = self.own()?;
        let id = ingress.errors().add(subscriber);
        let errors = ErrorSource::Namespace(Arc::downgrade(ingress));
        Ok(Subscription(Place::Errors(errors, id)))
    }

    /// Subscribes to what fails in any namespace that has no [`on_error`](Self::on_error) of its
    /// own.
    pub fn on_error_default<M>(&self, subscriber: impl ErrorCallback<M>) -> Subscription {
        let id = self.defaults.add(subscriber);
        let errors = ErrorSource::Default(Arc::downgrade(&self.defaults));
        Subscription(Place::Errors(errors, id))
    }
}

impl fmt::Debug for SocketIngress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespace = self.namespace.as_deref().unwrap_or("/");
        f.debug_tuple("SocketIngress").field(&namespace).finish()
    }
}

/// A subscription. Dropped, it stays; [`cancel`](Self::cancel) ends it.
#[derive(Debug)]
pub struct Subscription(Place);

#[derive(Debug)]
enum Place {
    Event(Weak<Ingress>, SubscriptionKey, u64),
    Errors(ErrorSource, u64),
}

#[derive(Debug)]
enum ErrorSource {
    Namespace(Weak<Ingress>),
    Default(Weak<ErrorSubscribers>),
}

impl Subscription {
    pub(crate) fn of_event(ingress: Weak<Ingress>, slot: SubscriptionKey, id: u64) -> Self {
        Self(Place::Event(ingress, slot, id))
    }

    /// Ends the subscription. Calls that have begun go on. Idempotent.
    pub fn cancel(&self) {
        match &self.0 {
            Place::Event(ingress, slot, id) => {
                if let Some(ingress) = ingress.upgrade() {
                    ingress.cancel(slot, *id);
                }
            }
            Place::Errors(ErrorSource::Namespace(ingress), id) => {
                if let Some(ingress) = ingress.upgrade() {
                    ingress.errors().cancel(*id);
                }
            }
            Place::Errors(ErrorSource::Default(errors), id) => {
                if let Some(errors) = errors.upgrade() {
                    errors.cancel(*id);
                }
            }
        }
    }
}
