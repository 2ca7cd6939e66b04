//! Notifies the connections of a server that it stops, and waits for their end.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Waker};

use tokio::sync::watch;
use tokio::task::unconstrained;

/// The server's side.
pub(crate) struct ShutdownSender(watch::Sender<()>);

/// What a connection learns it by. As long as it is there, the server waits for the connection.
#[derive(Clone)]
pub(crate) struct ShutdownReceiver(watch::Receiver<()>);

/// A connection that watches.
pub(crate) struct ShutdownPoller<'a> {
    watch: &'a ShutdownReceiver,
    notified: Pin<&'a mut (dyn Future<Output = ()> + Send + 'a)>,
    /// Whom it waker. None: nobody yet.
    waker: Option<Waker>,
}

impl ShutdownSender {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(()))
    }

    pub(crate) fn watch(&self) -> ShutdownReceiver {
        ShutdownReceiver(self.0.subscribe())
    }

    /// Tells all, and waits until none is there any more.
    pub(crate) async fn stop(self) {
        let _ = self.0.send(());
        self.0.closed().await;
    }
}

impl ShutdownReceiver {
    /// Over when the server stops, or is there no more.
    pub(crate) async fn notified(mut self) {
        let _ = self.0.changed().await;
    }
}

impl<'a> ShutdownPoller<'a> {
    /// `notified` is that of the watch.
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

    /// Whether the server stops; else the task is woken when it does.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        if self.watch.0.has_changed().unwrap_or(true) {
            return true;
        }
        if self
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            // It is notified already, and to ask costs more.
            return false;
        }
        self.waker = Some(cx.waker().clone());
        // Outside of Tokio's budget: where that is spent, it would not have noted whom to wake.
        pin!(unconstrained(self.notified.as_mut()))
            .poll(cx)
            .is_ready()
    }
}
