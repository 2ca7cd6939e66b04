//! What stands behind a namespace, as the connection sees it: the seam between transport and
//! gateway.
//!
//! The connection drives these traits; the gateway implements them. Neither names the other.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use specter_proto::socketio::EventPacket;

use super::{DisconnectReason, Reject, Socket};
use crate::rooms::Hub;

/// A boxed future of the connection's task.
pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A namespace: decides on each CONNECT.
pub(crate) trait NamespaceService: Send + Sync {
    /// The namespace's sockets and rooms.
    fn hub(&self) -> &Arc<Hub>;

    /// Runs what stands before CONNECT's answer: guards, building, `connect` handlers. It bounds
    /// its own time, also when the client leaves meanwhile. The client may leave meanwhile: then it
    /// runs to its end and its service is disconnected at once.
    fn connect(
        self: Arc<Self>,
        socket: Socket,
    ) -> BoxFuture<Result<Box<dyn SocketService>, Reject>>;
}

/// What became of an event that was offered.
pub(crate) enum StartResult {
    /// It was begun in its turn, and is over.
    Completed,
    /// It was begun in its turn, and goes on: it is to be polled.
    Started,
    /// It was begun beside those that run.
    StartedConcurrently,
    /// It waits for those before it, or until fewer run beside each other.
    Deferred(EventPacket),
}

/// One connected socket's side of a namespace.
pub(crate) trait SocketService: Send {
    /// Begins `event` if it may begin. `free`: none waits before it, and those that are handled one
    /// after another may begin.
    fn try_start(&mut self, event: EventPacket, free: bool, cx: &mut Context<'_>) -> StartResult;

    /// The bytes of the events that run beside the others. More than none as long as one does.
    fn concurrent_bytes(&self) -> usize;

    /// Drives what has begun. Ready: the next event in order may begin. Once it was, and nothing
    /// runs beside, it is not called again before an event was begun that goes on.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Begins the end: what runs finishes, then `disconnect` handlers and tear-down run. Called
    /// once; then [`poll_disconnected`](Self::poll_disconnected).
    fn disconnect(&mut self, reason: DisconnectReason);

    /// Drives the end until all is done.
    fn poll_disconnected(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// The grace of what ran when the client left is over: drops it. Called once, while
    /// [`poll_disconnected`](Self::poll_disconnected) is pending. Handlers of `disconnect` go on:
    /// the service bounds their time itself.
    fn abort(&mut self);
}
