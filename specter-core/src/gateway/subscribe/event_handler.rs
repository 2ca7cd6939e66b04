//! Event handlers: singletons that subscribe to several events of a namespace. Their subscriptions
//! are set up and torn down together.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::callback::{DisconnectCallback, EventCallback};
use super::error_subscribers::ErrorCallback;
use super::ingress_error::IngressError;
use super::socket_ingress::SocketIngress;
use super::subscription::Subscription;
use crate::gateway::dispatch::catch_unwind::{catch_panic, panic_text};
use crate::socket::service::BoxFuture;

/// The time limit of each step of a set-up or teardown.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);

/// The error of a step of a set-up or teardown: any error, as `?` converts it.
pub type SetupError = Box<dyn std::error::Error + Send + Sync>;

/// A singleton that handles events of a namespace. A controller, by contrast, is by default built
/// for each socket.
///
/// It is `#[injectable]`. A module lists it under `handlers`, which also provides it
/// (`handlers = [Presence]`). Or it is registered while the App runs
/// ([`SocketIngress::register`]).
///
/// The App sets the listed event handlers up after all providers are built. At shutdown it tears
/// all event handlers down, in reverse order. Each step of a set-up or teardown may take 10 s;
/// after that the step is dropped and counts as failed.
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
///         // Ignores the error that this socket has disconnected in the meantime.
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
///             self.announce(&socket, "left");
///         });
///     }
///
///     async fn on_setup(&self, cleanup: &mut Cleanup) -> Result<(), SetupError> {
///         cleanup.add("farewell", async { println!("bye"); Ok(()) });
///         Ok(())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event handler",
    label = "not an event handler",
    note = "implement `EventHandler` for it and mark it `#[injectable]`; list a controller under \
        `controllers` instead"
)]
pub trait EventHandler: Send + Sync + 'static {
    /// The namespace whose events it handles. If a module lists the handler, the App serves this
    /// namespace even without a controller. Default: `/`.
    const NAMESPACE: &'static str = "/";

    /// The handler's name in logs and errors. Default: the name of its type.
    fn name(&self) -> &str {
        type_label::<Self>()
    }

    /// Adds the handler's subscriptions to `events`.
    fn events(self: Arc<Self>, events: &mut EventSubscriptions<'_>);

    /// Runs before the handler subscribes to its events. The steps that it adds to `cleanup` run at
    /// the teardown, and also if this set-up fails. Default: does nothing.
    ///
    /// # Errors
    /// The set-up fails with the error. For a listed handler, the App does not start.
    fn on_setup(
        &self,
        cleanup: &mut Cleanup,
    ) -> impl Future<Output = Result<(), SetupError>> + Send {
        let _ = cleanup;
        async { Ok(()) }
    }

    /// Runs at the teardown: after the subscriptions are cancelled, before the cleanup steps.
    /// Default: does nothing.
    ///
    /// # Errors
    /// The error is reported; the teardown continues.
    fn on_teardown(&self) -> impl Future<Output = Result<(), SetupError>> + Send {
        async { Ok(()) }
    }
}

/// The last segment of a type's name.
pub(in crate::gateway) fn type_label<H: ?Sized>() -> &'static str {
    let path = std::any::type_name::<H>();
    path.rsplit("::").next().unwrap_or(path)
}

/// Collects the subscriptions of an [`EventHandler`]. If one fails, the set-up fails with the first
/// error.
pub struct EventSubscriptions<'a> {
    /// The handler's ingress, without the options that [`with_options`](Self::with_options) sets.
    handler_ingress: &'a SocketIngress,
    /// The ingress through which the next subscriptions are made.
    ingress: SocketIngress,
    subscriptions: Vec<Subscription>,
    error: Option<IngressError>,
}

impl EventSubscriptions<'_> {
    /// Sets the options (guards, interceptors, filters, timeout) for all subscriptions made after
    /// this call, replacing those set by an earlier call:
    /// `events.with_options(|ingress| ingress.guard::<Member>())`.
    pub fn with_options(
        &mut self,
        options: impl FnOnce(&SocketIngress) -> SocketIngress,
    ) -> &mut Self {
        self.ingress = options(self.handler_ingress);
        self
    }

    /// Subscribes to an event; see [`SocketIngress::on`].
    pub fn on<M>(
        &mut self,
        event: &str,
        priority: i32,
        subscriber: impl EventCallback<M>,
    ) -> &mut Self {
        let result = self.ingress.on(event, priority, subscriber);
        self.add(result)
    }

    /// Subscribes to connects; see [`SocketIngress::on_connect`].
    pub fn on_connect<M>(&mut self, priority: i32, subscriber: impl EventCallback<M>) -> &mut Self {
        let result = self.ingress.on_connect(priority, subscriber);
        self.add(result)
    }

    /// Subscribes to disconnects; see [`SocketIngress::on_disconnect`].
    pub fn on_disconnect<M>(
        &mut self,
        priority: i32,
        subscriber: impl DisconnectCallback<M>,
    ) -> &mut Self {
        let result = self.ingress.on_disconnect(priority, subscriber);
        self.add(result)
    }

    /// Subscribes to the namespace's errors; see [`SocketIngress::on_error`].
    pub fn on_error<M>(&mut self, subscriber: impl ErrorCallback<M>) -> &mut Self {
        let result = self.ingress.on_error(subscriber);
        self.add(result)
    }

    fn add(&mut self, result: Result<Subscription, IngressError>) -> &mut Self {
        match result {
            Ok(subscription) => self.subscriptions.push(subscription),
            Err(error) => {
                self.error.get_or_insert(error);
            }
        }
        self
    }
}

/// The steps that undo a handler's set-up. They run in reverse order, and all of them run even if
/// one fails.
#[derive(Default)]
pub struct Cleanup(Vec<(String, BoxFuture<Result<(), SetupError>>)>);

impl Cleanup {
    /// Adds a step. `name` appears in logs and errors.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        step: impl Future<Output = Result<(), SetupError>> + Send + 'static,
    ) {
        self.0.push((name.into(), Box::pin(step)));
    }

    async fn run(self, failures: &mut Vec<SetupFailure>) {
        for (name, step) in self.0.into_iter().rev() {
            failures.extend(run_step(&name, step).await);
        }
    }
}

/// A failed step of a set-up or teardown, and its cause.
#[derive(Debug, thiserror::Error)]
#[error("{step}: {cause}")]
pub struct SetupFailure {
    step: String,
    cause: SetupError,
}

/// The failed steps of an event handler's set-up or teardown.
#[derive(Debug, thiserror::Error)]
#[error("event handler `{handler}`: {}", join(failures))]
pub struct EventHandlerError {
    handler: String,
    failures: Vec<SetupFailure>,
}

impl EventHandlerError {
    /// The error of a handler whose registration failed, so that no set-up was tried.
    pub(crate) fn unregistered<H: ?Sized>(cause: SetupError) -> Self {
        Self {
            handler: type_label::<H>().to_owned(),
            failures: vec![SetupFailure {
                step: "register".to_owned(),
                cause,
            }],
        }
    }

    /// A stable name of the error, for programs: `event_handler`.
    pub fn code(&self) -> &'static str {
        "event_handler"
    }

    /// The failed steps, in the order in which they ran.
    pub fn failures(&self) -> &[SetupFailure] {
        &self.failures
    }
}

fn join(failures: &[SetupFailure]) -> String {
    let failures: Vec<_> = failures.iter().map(ToString::to_string).collect();
    failures.join("; ")
}

/// Runs a step under the time limit. `None` if it succeeded.
async fn run_step(
    step: &str,
    running: impl Future<Output = Result<(), SetupError>>,
) -> Option<SetupFailure> {
    let cause = match tokio::time::timeout(STEP_TIMEOUT, catch_panic(running)).await {
        Ok(Ok(Ok(()))) => return None,
        Ok(Ok(Err(cause))) => cause,
        Ok(Err(payload)) => format!("the step panicked: {}", panic_text(&*payload)).into(),
        Err(_) => format!("the step did not complete within {STEP_TIMEOUT:?}").into(),
    };
    Some(SetupFailure {
        step: step.to_owned(),
        cause,
    })
}

/// An [`EventHandler`] that is registered with an App. Clones refer to the same handler.
#[derive(Clone)]
pub struct RegisteredHandler(Arc<dyn ErasedRegistration>);

impl RegisteredHandler {
    pub(in crate::gateway) fn new<H: EventHandler>(
        handler: Arc<H>,
        ingress: SocketIngress,
    ) -> Self {
        Self(Arc::new(Registration {
            handler,
            ingress,
            active: Mutex::default(),
        }))
    }

    /// Runs `on_setup`, then subscribes to the handler's events. Does nothing if the handler is
    /// already set up.
    ///
    /// # Errors
    /// `on_setup` failed or a subscription failed. The subscriptions made so far are cancelled and
    /// the cleanup steps have run.
    ///
    /// # Cancellation
    /// If this future is dropped before it completes, the handler is not set up, and the cleanup
    /// steps added so far are dropped without running.
    pub async fn setup(&self) -> Result<(), EventHandlerError> {
        self.0.setup().await
    }

    /// Cancels the subscriptions, runs `on_teardown`, then the cleanup steps in reverse order. Does
    /// nothing if the handler is not set up.
    ///
    /// # Errors
    /// The failed steps. A failed step does not stop the following ones.
    pub async fn teardown(&self) -> Result<(), EventHandlerError> {
        self.0.teardown().await
    }
}

impl std::fmt::Debug for RegisteredHandler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegisteredHandler").finish_non_exhaustive()
    }
}

type HandlerFuture<'a> = Pin<Box<dyn Future<Output = Result<(), EventHandlerError>> + Send + 'a>>;

/// A type-erased [`Registration`].
trait ErasedRegistration: Send + Sync {
    fn setup(&self) -> HandlerFuture<'_>;
    fn teardown(&self) -> HandlerFuture<'_>;
}

/// A registered event handler.
struct Registration<H> {
    handler: Arc<H>,
    /// Subscribes to the handler's namespace.
    ingress: SocketIngress,
    /// `Some` while the handler is set up.
    active: Mutex<Option<Active>>,
}

/// What must be undone at the teardown of a handler.
struct Active {
    subscriptions: Vec<Subscription>,
    cleanup: Cleanup,
}

impl<H: EventHandler> Registration<H> {
    async fn start(&self) -> Result<Active, Vec<SetupFailure>> {
        let mut cleanup = Cleanup::default();
        let mut failures = Vec::new();
        failures.extend(run_step("on_setup", self.handler.on_setup(&mut cleanup)).await);
        let mut events = EventSubscriptions {
            handler_ingress: &self.ingress,
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
            failures.extend(run_step("events", subscribing).await);
        }
        let subscriptions = events.subscriptions;
        if failures.is_empty() {
            return Ok(Active {
                subscriptions,
                cleanup,
            });
        }
        subscriptions.iter().rev().for_each(Subscription::cancel);
        cleanup.run(&mut failures).await;
        Err(failures)
    }

    async fn stop(&self, active: Active) -> Vec<SetupFailure> {
        let mut failures = Vec::new();
        let subscriptions = active.subscriptions.iter().rev();
        subscriptions.for_each(Subscription::cancel);
        failures.extend(run_step("on_teardown", self.handler.on_teardown()).await);
        active.cleanup.run(&mut failures).await;
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

impl<H: EventHandler> ErasedRegistration for Registration<H> {
    fn setup(&self) -> HandlerFuture<'_> {
        Box::pin(async {
            let mut active = self.active.lock().await;
            if active.is_some() {
                return Ok(());
            }
            match self.start().await {
                Ok(started) => {
                    *active = Some(started);
                    Ok(())
                }
                Err(failures) => self.result(failures),
            }
        })
    }

    fn teardown(&self) -> HandlerFuture<'_> {
        Box::pin(async {
            let mut active = self.active.lock().await;
            match active.take() {
                Some(active) => self.result(self.stop(active).await),
                None => Ok(()),
            }
        })
    }
}
