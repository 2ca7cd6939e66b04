//! Event handlers: objects that subscribe to several events of a namespace, and are set up and torn
//! down as one.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use crate::gateway::dispatch::catch_unwind::{caught, panic_text};
use crate::gateway::subscribe::{
    DisconnectCallback, ErrorCallback, EventCallback, IngressError, SocketIngress, Subscription,
};
use crate::socket::service::BoxFuture;

/// How long each step of setting up or tearing down may take.
const STEP_LIMIT: Duration = Duration::from_secs(10);

/// What a step of setting up or tearing down may fail with.
pub type SetupError = Box<dyn std::error::Error + Send + Sync>;

/// An object that handles events of a namespace, without a controller for each socket: an
/// `#[injectable]` singleton that a module lists (`handlers = [Presence]`, which provides it too),
/// or that is registered while the App runs ([`SocketIngress::register`]).
///
/// The App sets the listed ones up when all providers are there, and tears all down at shutdown, in
/// reverse.
///
/// ```
/// use std::sync::Arc;
/// use specter_core::gateway::{Cleanup, EventHandler, EventSubscriptions, SetupError};
/// use specter_core::socket::{DisconnectReason, Socket};
///
/// struct Presence;
///
/// impl Presence {
///     fn announce(&self, socket: &Socket, state: &str) {
///         // Nobody there is no reason to fail.
///         let _ = socket.broadcast().emit("presence", (socket.id(), state));
///     }
/// }
///
/// impl EventHandler for Presence {
///     const NAMESPACE: &'static str = "/chat";
///
///     fn events(self: Arc<Self>, events: &mut EventSubscriptions<'_>) {
///         let this = self.clone();
///         events.on("presence:set", 0, move |socket: Socket, state: String| {
///             this.announce(&socket, &state);
///         });
///         events.on_disconnect(0, move |socket: Socket, _: DisconnectReason| {
///             self.announce(&socket, "gone");
///         });
///     }
///
///     async fn on_setup(&self, clean_up: &mut Cleanup) -> Result<(), SetupError> {
///         clean_up.add("farewell", async { println!("bye"); Ok(()) });
///         Ok(())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event handler",
    label = "not an event handler",
    note = "implement `EventHandler` for it, and make it `#[injectable]`; a controller is listed \
        under `controllers`"
)]
pub trait EventHandler: Send + Sync + 'static {
    /// The namespace whose events it handles. It is served even if no controller does.
    const NAMESPACE: &'static str = "/";

    /// What it is called in logs and errors.
    fn name(&self) -> &str {
        type_label::<Self>()
    }

    /// Subscribes to its events.
    fn events(self: Arc<Self>, events: &mut EventSubscriptions<'_>);

    /// Runs before its events are subscribed to. What it adds to `clean_up` runs when it is torn
    /// down, and if this fails.
    fn on_setup(
        &self,
        clean_up: &mut Cleanup,
    ) -> impl Future<Output = Result<(), SetupError>> + Send {
        let _ = clean_up;
        async { Ok(()) }
    }

    /// Runs when its subscriptions have been taken back, before the clean-ups.
    fn on_teardown(&self) -> impl Future<Output = Result<(), SetupError>> + Send {
        async { Ok(()) }
    }
}

pub(in crate::gateway) fn type_label<H: ?Sized>() -> &'static str {
    let path = std::any::type_name::<H>();
    path.rsplit("::").next().unwrap_or(path)
}

/// The list in which an [`EventHandler`] subscribes.
pub struct EventSubscriptions<'a> {
    /// That of the handler.
    whole: &'a SocketIngress,
    /// What is subscribed through.
    ingress: SocketIngress,
    subscriptions: Vec<Subscription>,
    error: Option<IngressError>,
}

impl EventSubscriptions<'_> {
    /// What is subscribed to from here on goes through this: `events.through(|ingress|
    /// ingress.guard::<Member>())`. It takes the place of what was said here before.
    pub fn through(&mut self, change: impl FnOnce(&SocketIngress) -> SocketIngress) -> &mut Self {
        self.ingress = change(self.whole);
        self
    }

    /// Subscribes to an event; see [`SocketIngress::on`].
    pub fn on<M>(
        &mut self,
        event: &str,
        priority: i32,
        subscriber: impl EventCallback<M>,
    ) -> &mut Self {
        let added = self.ingress.on(event, priority, subscriber);
        self.add(added)
    }

    /// Subscribes to connects; see [`SocketIngress::on_connect`].
    pub fn on_connect<M>(&mut self, priority: i32, subscriber: impl EventCallback<M>) -> &mut Self {
        let added = self.ingress.on_connect(priority, subscriber);
        self.add(added)
    }

    /// Subscribes to disconnects; see [`SocketIngress::on_disconnect`].
    pub fn on_disconnect<M>(
        &mut self,
        priority: i32,
        subscriber: impl DisconnectCallback<M>,
    ) -> &mut Self {
        let added = self.ingress.on_disconnect(priority, subscriber);
        self.add(added)
    }

    /// Subscribes to the namespace's failures; see [`SocketIngress::on_error`].
    pub fn on_error<M>(&mut self, subscriber: impl ErrorCallback<M>) -> &mut Self {
        let added = self.ingress.on_error(subscriber);
        self.add(added)
    }

    fn add(&mut self, added: Result<Subscription, IngressError>) -> &mut Self {
        match added {
            Ok(subscription) => self.subscriptions.push(subscription),
            // The first is what the set-up fails with.
            Err(error) => self.error = self.error.take().or(Some(error)),
        }
        self
    }
}

/// What is to be undone when an event handler is torn down: in reverse, and all of it, whatever
/// fails.
#[derive(Default)]
pub struct Cleanup(Vec<(String, BoxFuture<Result<(), SetupError>>)>);

impl Cleanup {
    /// Adds a step, called `name` in logs and errors.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        step: impl Future<Output = Result<(), SetupError>> + Send + 'static,
    ) {
        self.0.push((name.into(), Box::pin(step)));
    }

    async fn run(self, failures: &mut Vec<SetupFailure>) {
        for (name, step) in self.0.into_iter().rev() {
            failures.extend(ended(&name, step).await);
        }
    }
}

/// A step that did not end well.
#[derive(Debug, thiserror::Error)]
#[error("{step}: {cause}")]
pub struct SetupFailure {
    step: String,
    cause: SetupError,
}

/// Why an event handler was not set up, or not torn down as it should be.
#[derive(Debug, thiserror::Error)]
#[error("event handler `{handler}`: {}", joined(failures))]
pub struct EventHandlerError {
    handler: String,
    failures: Vec<SetupFailure>,
}

impl EventHandlerError {
    /// For one that did not come to its set-up.
    pub(crate) fn unregistered<H: ?Sized>(cause: SetupError) -> Self {
        Self {
            handler: type_label::<H>().to_owned(),
            failures: vec![SetupFailure {
                step: "register".to_owned(),
                cause,
            }],
        }
    }

    /// A stable name of the error.
    pub fn code(&self) -> &'static str {
        "event_handler"
    }

    /// The steps that did not end well, in their order.
    pub fn failures(&self) -> &[SetupFailure] {
        &self.failures
    }
}

fn joined(failures: &[SetupFailure]) -> String {
    let failures: Vec<_> = failures.iter().map(ToString::to_string).collect();
    failures.join("; ")
}

/// Runs a step under the limit. `None` when it ended well.
async fn ended(
    step: &str,
    running: impl Future<Output = Result<(), SetupError>>,
) -> Option<SetupFailure> {
    let cause = match tokio::time::timeout(STEP_LIMIT, caught(running)).await {
        Ok(Ok(Ok(()))) => return None,
        Ok(Ok(Err(cause))) => cause,
        Ok(Err(payload)) => format!("it panicked: {}", panic_text(&*payload)).into(),
        Err(_) => format!("it was not done within {STEP_LIMIT:?}").into(),
    };
    Some(SetupFailure {
        step: step.to_owned(),
        cause,
    })
}

/// An [`EventHandler`] that an App knows. Clones are the same one.
#[derive(Clone)]
pub struct RegisteredHandler(Arc<dyn Registered>);

impl RegisteredHandler {
    pub(in crate::gateway) fn new<H: EventHandler>(
        handler: Arc<H>,
        ingress: SocketIngress,
    ) -> Self {
        Self(Arc::new(ControllerRef {
            handler,
            ingress,
            active: Mutex::default(),
        }))
    }

    /// Runs `on_setup` and subscribes. Set up already, it does nothing.
    ///
    /// # Errors
    /// `on_setup` failed, or an event cannot be subscribed to; what was done is undone.
    ///
    /// # Cancellation
    /// Dropped, it leaves the handler torn down without its clean-ups.
    pub async fn setup(&self) -> Result<(), EventHandlerError> {
        self.0.setup().await
    }

    /// Takes the subscriptions back, runs `on_teardown`, then the clean-ups in reverse. Torn down
    /// already, it does nothing.
    ///
    /// # Errors
    /// All steps that failed. They stop no other step.
    pub async fn teardown(&self) -> Result<(), EventHandlerError> {
        self.0.teardown().await
    }
}

impl std::fmt::Debug for RegisteredHandler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegisteredHandler").finish_non_exhaustive()
    }
}

type CompletedCall<'a> = Pin<Box<dyn Future<Output = Result<(), EventHandlerError>> + Send + 'a>>;

trait Registered: Send + Sync {
    fn setup(&self) -> CompletedCall<'_>;
    fn teardown(&self) -> CompletedCall<'_>;
}

struct ControllerRef<H> {
    handler: Arc<H>,
    /// That of its namespace.
    ingress: SocketIngress,
    /// While it is set up.
    active: Mutex<Option<Active>>,
}

struct Active {
    subscriptions: Vec<Subscription>,
    clean_up: Cleanup,
}

impl<H: EventHandler> ControllerRef<H> {
    async fn begin(&self) -> Result<Active, Vec<SetupFailure>> {
        let mut clean_up = Cleanup::default();
        let mut failures = Vec::new();
        failures.extend(ended("on_setup", self.handler.on_setup(&mut clean_up)).await);
        let mut events = EventSubscriptions {
            whole: &self.ingress,
            ingress: self.ingress.clone(),
            subscriptions: Vec::new(),
            error: None,
        };
        if failures.is_empty() {
            let handler = self.handler.clone();
            let subscribing = async {
                handler.events(&mut events);
                events
                    .error
                    .take()
                    .map_or(Ok(()), |error| Err(error.into()))
            };
            failures.extend(ended("events", subscribing).await);
        }
        let subscriptions = events.subscriptions;
        if failures.is_empty() {
            return Ok(Active {
                subscriptions,
                clean_up,
            });
        }
        subscriptions.iter().rev().for_each(Subscription::cancel);
        clean_up.run(&mut failures).await;
        Err(failures)
    }

    async fn end(&self, active: Active) -> Vec<SetupFailure> {
        let mut failures = Vec::new();
        let subscriptions = active.subscriptions.iter().rev();
        subscriptions.for_each(Subscription::cancel);
        failures.extend(ended("on_teardown", self.handler.on_teardown()).await);
        active.clean_up.run(&mut failures).await;
        failures
    }

    fn result(&self, failures: Vec<SetupFailure>) -> Result<(), EventHandlerError> {
        if failures.is_empty() {
            return Ok(());
        }
        Err(EventHandlerError {
            handler: self.handler.name().to_owned(),
            failures,
        })
    }
}

impl<H: EventHandler> Registered for ControllerRef<H> {
    fn setup(&self) -> CompletedCall<'_> {
        Box::pin(async {
            let mut active = self.active.lock().await;
            if active.is_some() {
                return Ok(());
            }
            match self.begin().await {
                Ok(begun) => {
                    *active = Some(begun);
                    Ok(())
                }
                Err(failures) => self.result(failures),
            }
        })
    }

    fn teardown(&self) -> CompletedCall<'_> {
        Box::pin(async {
            let mut active = self.active.lock().await;
            match active.take() {
                Some(active) => self.result(self.end(active).await),
                None => Ok(()),
            }
        })
    }
}
