//! The traits by which a connection uses a namespace: the interface between transport and gateway.
//!
//! `socketio` calls these traits, and `gateway` implements them. Neither names the other.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use specter_proto::socketio::EventPacket;

use super::{DisconnectReason, Reject, Socket};
use crate::rooms::Hub;

/// A boxed future of the connection's task.
pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A namespace, which decides about each CONNECT.
pub(crate) trait NamespaceService: Send + Sync {
    /// The namespace's sockets and rooms.
    fn hub(&self) -> &Arc<Hub>;

    /// Runs everything that precedes the answer to CONNECT: guards, the construction of the
    /// controllers, and `connect` handlers. The returned future limits its own time. If the client
    /// disconnects meanwhile, the future still runs to its end, and the service that it returns is
    /// disconnected immediately.
    fn connect(
        self: Arc<Self>,
        socket: Socket,
    ) -> BoxFuture<Result<Box<dyn SocketService>, Reject>>;
}

/// The result of trying to start an event.
pub(crate) enum StartResult {
    /// The event was started in order, and has completed.
    Completed,
    /// The event was started in order, and is running: the service must be polled.
    Started,
    /// The event was started concurrently with running events.
    StartedConcurrently,
    /// The event must wait for earlier events, or until fewer events run concurrently.
    Deferred(EventPacket),
}

/// One connected socket of a namespace.
pub(crate) trait SocketService: Send {
    /// Starts `event` if possible. `free` is `false` if the caller knows of earlier events that are
    /// pending or running. An event that is handled in order is deferred then, and also while
    /// another one of this service runs.
    fn try_start(&mut self, event: EventPacket, free: bool, cx: &mut Context<'_>) -> StartResult;

    /// The bytes of the events that run concurrently. 0 only if no event does.
    fn concurrent_bytes(&self) -> usize;

    /// Polls running events. Returns ready if the next event in order may start. If nothing runs
    /// concurrently either, this is not called again until another event was started and is
    /// running.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Starts the disconnect: running events complete, then `disconnect` handlers and teardown run.
    /// Called once, followed by [`poll_disconnected`](Self::poll_disconnected).
    fn disconnect(&mut self, reason: DisconnectReason);

    /// Polls the disconnect until it is complete.
    fn poll_disconnected(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Drops the events that are still running at the end of the grace period. Called once, while
    /// [`poll_disconnected`](Self::poll_disconnected) is pending. `disconnect` handlers continue:
    /// the service limits their time itself.
    fn abort(&mut self);
}
