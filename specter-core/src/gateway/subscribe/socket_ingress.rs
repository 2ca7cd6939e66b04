//! [`SocketIngress`], by which functions subscribe to the events of a namespace.

use std::any::TypeId;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use specter_di::{Key, Location};

use super::callback::{DisconnectCallback, EventCallback};
use super::error_subscribers::{ErrorCallback, ErrorSubscribers};
use super::event_handler::{EventHandler, RegisteredHandler, type_label};
use super::ingress_error::IngressError;
use super::registry::{Ingress, SubscriptionKey};
use super::subscriber::Subscriber;
use super::subscription::Subscription;
use super::subscription_options::SubscriptionOptions;
use crate::gateway::declare::controller::Requirements;
use crate::gateway::policies::filter::ErrorFilter;
use crate::gateway::policies::guard::Guard;
use crate::gateway::policies::interceptor::Interceptor;

/// Subscribes functions to events, at start or while the App runs. Every provider and controller
/// can inject it.
///
/// It subscribes to the namespace `/`; [`of`](Self::of) chooses another. The subscribers of an
/// event and the controllers' methods for it run one after another by priority, the lowest number
/// first. Of equal priority, methods run before subscribers, and subscribers in the order of their
/// subscription. All of them run, even if one fails. The return value of a subscriber, `()` or
/// `Result<T, E>`, has the same effect on the acknowledgement as that of a method.
///
/// A subscriber takes owned parameters, which are extracted by type, as the parameters of methods
/// are. `Inject<T>` injects singletons only. If the App does not provide the singleton, the
/// subscription itself fails, before the first event. An async subscriber that captures values is a
/// closure that clones them in each call and returns a future:
/// `move |n: u8| { let log = log.clone(); async move { … } }`.
///
/// # Guards, interceptors, error filters and the timeout
///
/// Set them before the function is subscribed:
/// `ingress.guard::<Member>().timeout(limit).on(…)`. At an event they apply in this order:
///
/// 1. The subscription's guards. The guards of the App and of the module that lists the event
///    handler do not run at events. They run when a socket connects, after the guards of the
///    controllers; a guard that has already run for a controller does not run again.
/// 2. The interceptors: first those of the App, then those of the module that lists the event
///    handler, then the subscription's.
/// 3. The function, until the timeout.
/// 4. If any of these failed, the error filters: first the subscription's, then the module's, then
///    the App's.
///
/// For a subscriber of disconnects only the timeout applies.
///
/// ```
/// use std::time::Duration;
///
/// use specter_core::gateway::{EventError, IngressError, SocketIngress};
/// use specter_core::socket::Socket;
///
/// fn subscribe(ingress: &SocketIngress) -> Result<(), IngressError> {
///     ingress.on("typing", 0, |socket: Socket, room: String| {
///         // Ignores the error that this socket has disconnected in the meantime.
///         let _ = socket.to(&room).emit("typing", socket.id());
///     })?;
///     let sum = ingress.on("sum", -1, async |a: i64, b: Option<i64>| {
///         Ok::<_, EventError>(a + b.unwrap_or(0))
///     })?;
///     sum.cancel();
///     let with_timeout = ingress.timeout(Duration::from_secs(5));
///     with_timeout.on("later", 0, async || tokio::task::yield_now().await)?;
///     Ok(())
/// }
/// ```
#[derive(Clone, Default)]
pub struct SocketIngress {
    /// Set once by [`install`](Self::install).
    served: Arc<OnceLock<ServedNamespaces>>,
    /// The subscribers of [`on_error_default`](Self::on_error_default).
    default_errors: Arc<ErrorSubscribers>,
    /// All registered event handlers, in the order of their registration.
    handlers: Arc<Mutex<Vec<RegisteredHandler>>>,
    /// The namespace to which this ingress subscribes. `None`: `/`.
    namespace: Option<Arc<str>>,
    /// The options of the subscriptions that are made through this ingress.
    options: SubscriptionOptions,
}

/// The namespaces and singletons of the App. They are known before it builds any provider.
struct ServedNamespaces {
    namespaces: HashMap<String, Arc<Ingress>>,
    /// The types that a subscriber can take as `Inject<T>`.
    singletons: HashSet<TypeId>,
}

impl SocketIngress {
    /// Sets the namespaces and singletons. The App calls this once, before it builds any provider.
    pub(crate) fn install<'a>(
        &self,
        namespaces: impl Iterator<Item = &'a str>,
        singletons: impl Iterator<Item = TypeId>,
    ) {
        let ingresses = namespaces.map(|name| {
            let ingress = Ingress::new(self.default_errors.clone());
            (name.to_owned(), Arc::new(ingress))
        });
        // Fails only if this is called twice, which the App does not do.
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

    /// The subscribers of the namespace to which this ingress subscribes.
    fn namespace_ingress(&self) -> Result<&Arc<Ingress>, IngressError> {
        self.ingress(self.namespace.as_deref().unwrap_or("/"))
    }

    /// Registers an [`EventHandler`] with the App, which tears it down at shutdown. Call
    /// [`setup`](RegisteredHandler::setup) on the result to start it.
    ///
    /// # Errors
    /// No controller and no listed event handler serves the handler's namespace.
    pub fn register<H: EventHandler>(
        &self,
        handler: Arc<H>,
    ) -> Result<RegisteredHandler, IngressError> {
        let mut ingress = self.of(H::NAMESPACE)?;
        ingress.options.handler_name = Some(type_label::<H>());
        let registered = RegisteredHandler::new(handler, ingress);
        self.handlers.lock().push(registered.clone());
        Ok(registered)
    }

    /// Tears all event handlers down, the last registered first. Failures are logged.
    pub(crate) async fn tear_down(&self) {
        let handlers = std::mem::take(&mut *self.handlers.lock());
        for handler in handlers.into_iter().rev() {
            if let Err(error) = handler.teardown().await {
                tracing::error!(
                    target: "specter::gateway", %error, "the teardown of an event handler failed"
                );
            }
        }
    }

    /// Returns an ingress that subscribes to the events of another namespace.
    ///
    /// # Errors
    /// No controller and no listed event handler serves the namespace.
    pub fn of(&self, namespace: &str) -> Result<Self, IngressError> {
        self.ingress(namespace)?;
        Ok(Self {
            namespace: Some(namespace.into()),
            ..self.clone()
        })
    }

    /// Returns an ingress for an event handler that a module lists; `root` is the index of its
    /// dependency root.
    pub(crate) fn for_listed_handler(&self, root: usize) -> Self {
        self.with(|options| options.handler_root = Some(root))
    }

    /// Adds a guard that runs before each call of a function subscribed through the returned
    /// ingress, except at disconnects. The guard is an injectable singleton.
    #[must_use = "this returns a new `SocketIngress`; the original is unchanged"]
    #[track_caller]
    pub fn guard<G: Guard>(&self) -> Self {
        let at = Location::caller();
        self.with(|options| {
            options.policies.guard::<G>(std::any::type_name::<G>(), at);
        })
    }

    /// Adds an interceptor that runs around each call of a function subscribed through the returned
    /// ingress, except at disconnects. It runs inside of the interceptors added before. The
    /// interceptor is an injectable singleton.
    #[must_use = "this returns a new `SocketIngress`; the original is unchanged"]
    #[track_caller]
    pub fn interceptor<I: Interceptor>(&self) -> Self {
        let at = Location::caller();
        self.with(|options| {
            options
                .policies
                .interceptor::<I>(std::any::type_name::<I>(), at);
        })
    }

    /// Adds an error filter for functions subscribed through the returned ingress, except at
    /// disconnects. It runs after the filters added before. The filter is an injectable singleton.
    #[must_use = "this returns a new `SocketIngress`; the original is unchanged"]
    #[track_caller]
    pub fn filter<F: ErrorFilter>(&self) -> Self {
        let at = Location::caller();
        self.with(|options| {
            options.policies.filter::<F>(std::any::type_name::<F>(), at);
        })
    }

    /// Sets the time limit of each call of an async function subscribed through the returned
    /// ingress. At the limit the call is dropped and fails with `timed out`. Default: no limit.
    #[must_use = "this returns a new `SocketIngress`; the original is unchanged"]
    pub fn timeout(&self, limit: Duration) -> Self {
        self.with(|options| options.timeout = Some(limit))
    }

    fn with(&self, change: impl FnOnce(&mut SubscriptionOptions)) -> Self {
        let mut ingress = self.clone();
        change(&mut ingress.options);
        ingress
    }

    /// Subscribes to an event. `"*"` subscribes to every event that has no handler of its own.
    ///
    /// # Errors
    /// - Nothing serves the namespace.
    /// - The name is reserved: it is empty, `connect`, `connect_error`, `disconnect`,
    ///   `disconnecting`, `newListener` or `removeListener`.
    /// - The App does not provide a singleton that a parameter or policy needs.
    pub fn on<M>(
        &self,
        event: &str,
        priority: i32,
        subscriber: impl EventCallback<M>,
    ) -> Result<Subscription, IngressError> {
        self.subscribe(SubscriptionKey::of_event(event)?, priority, subscriber)
    }

    /// Subscribes to connects. The function runs after the controllers' `connect` handlers and
    /// before the client is answered. If it returns an error, the client is rejected.
    ///
    /// # Errors
    /// Nothing serves the namespace, or the App does not provide a singleton that a parameter or
    /// policy needs.
    pub fn on_connect<M>(
        &self,
        priority: i32,
        subscriber: impl EventCallback<M>,
    ) -> Result<Subscription, IngressError> {
        self.subscribe(SubscriptionKey::Connect, priority, subscriber)
    }

    fn subscribe<M>(
        &self,
        key: SubscriptionKey,
        priority: i32,
        callback: impl EventCallback<M>,
    ) -> Result<Subscription, IngressError> {
        let ingress = self.namespace_ingress()?;
        let mut requirements = Requirements::default();
        let subscriber =
            Subscriber::event(priority, self.options.clone(), callback, &mut requirements);
        self.check(&requirements)?;
        Ok(add(ingress, key, subscriber))
    }

    /// Checks that the App provides what the parameters and policies need.
    fn check(&self, requirements: &Requirements) -> Result<(), IngressError> {
        let is_provided = |key: &Key| {
            let served = self.served.get();
            served.is_some_and(|served| served.singletons.contains(&key.type_id()))
        };
        let policies = self.options.policies.declared();
        let policies = policies.map(|policy| (policy.key, policy.role.to_owned()));
        let parameters = requirements.dependencies.iter();
        let parameters = parameters.map(|requirement| {
            let role = format!("parameter {}", requirement.label);
            (requirement.key, role)
        });
        match policies
            .chain(parameters)
            .find(|(key, _)| !is_provided(key))
        {
            None => Ok(()),
            Some((key, role)) => Err(IngressError::NotProvided {
                role,
                service: key.name(),
            }),
        }
    }

    /// Subscribes to disconnects. The function runs after the controllers' `disconnect` handlers.
    ///
    /// # Errors
    /// Nothing serves the namespace.
    pub fn on_disconnect<M>(
        &self,
        priority: i32,
        subscriber: impl DisconnectCallback<M>,
    ) -> Result<Subscription, IngressError> {
        let ingress = self.namespace_ingress()?;
        let subscriber = Subscriber::disconnect(priority, self.options.clone(), subscriber);
        Ok(add(ingress, SubscriptionKey::Disconnect, subscriber))
    }

    /// Subscribes to the errors of the namespace that no controller's `#[on_error]` handles. At
    /// events and disconnects, these are the errors of subscribers and of controllers without
    /// `#[on_error]`. At connect, these are the errors of guards and providers. An error by which a
    /// `connect` handler or a subscriber rejects the client is not reported.
    ///
    /// # Errors
    /// Nothing serves the namespace.
    pub fn on_error<M>(
        &self,
        subscriber: impl ErrorCallback<M>,
    ) -> Result<Subscription, IngressError> {
        let ingress = self.namespace_ingress()?;
        let id = ingress.errors().add(subscriber);
        let ingress = Arc::downgrade(ingress);
        Ok(Subscription::to_namespace_errors(ingress, id))
    }

    /// Subscribes to the errors of every namespace that has no [`on_error`](Self::on_error)
    /// subscriber of its own.
    pub fn on_error_default<M>(&self, subscriber: impl ErrorCallback<M>) -> Subscription {
        let id = self.default_errors.add(subscriber);
        Subscription::to_default_errors(Arc::downgrade(&self.default_errors), id)
    }
}

fn add(ingress: &Arc<Ingress>, key: SubscriptionKey, subscriber: Subscriber) -> Subscription {
    let id = ingress.subscribe(key.clone(), subscriber);
    Subscription::to_event(Arc::downgrade(ingress), key, id)
}

impl fmt::Debug for SocketIngress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespace = self.namespace.as_deref().unwrap_or("/");
        f.debug_tuple("SocketIngress").field(&namespace).finish()
    }
}
