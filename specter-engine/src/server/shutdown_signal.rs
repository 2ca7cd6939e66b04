//! Notifies the connections of a server of its shutdown, and waits for them to close.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Waker};

use tokio::sync::watch;
use tokio::task::unconstrained;

/// Notifies all receivers of the shutdown.
pub(crate) struct ShutdownSender(watch::Sender<()>);

/// Receives the notification of the shutdown. The server waits for a connection until its receiver
/// is dropped.
#[derive(Clone)]
pub(crate) struct ShutdownReceiver(watch::Receiver<()>);

/// Polls for the notification of the shutdown.
pub(crate) struct ShutdownPoller<'a> {
    watch: &'a ShutdownReceiver,
    notified: Pin<&'a mut (dyn Future<Output = ()> + Send + 'a)>,
    /// The registered waker. `None`: not polled yet.
    waker: Option<Waker>,
}

impl ShutdownSender {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(()))
    }

    pub(crate) fn watch(&self) -> ShutdownReceiver {
        ShutdownReceiver(self.0.subscribe())
    }

    /// Notifies all receivers, and waits until they are dropped.
    pub(crate) async fn stop(self) {
        let _ = self.0.send(());
        self.0.closed().await;
    }
}

impl ShutdownReceiver {
    /// Completes when the server shuts down, or when the sender is dropped.
    pub(crate) async fn notified(mut self) {
        let _ = self.0.changed().await;
    }
}

impl<'a> ShutdownPoller<'a> {
    /// `notified` is the future that [`ShutdownReceiver::notified`] returns.
    pub(crate) fn new(
        watch: &'a ShutdownReceiver,
        notified: Pin<&'a mut (dyn Future<Output = ()> + Send + 'a)>,
    ) -> Self {
        Self {
            watch,
            notified,
            waker: None,
        }
    }

    /// Whether the server shuts down. Otherwise the task is woken when it does.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        if self.watch.0.has_changed().unwrap_or(true) {
            return true;
        }
        if self
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            // The waker is registered already; polling would cost more.
            return false;
        }
        self.waker = Some(cx.waker().clone());
        // Polled outside of Tokio's budget: if that is spent, the waker would not be registered.
        pin!(unconstrained(self.notified.as_mut()))
            .poll(cx)
            .is_ready()
    }
}
