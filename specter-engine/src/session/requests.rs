//! How the HTTP requests of a session reach its task: they are put into the session's mailbox, and
//! the task is woken.

use hyper::upgrade::OnUpgrade;
use tokio::sync::oneshot;

use crate::connection::Connection;
use crate::session::mailbox::{PollReply, RequestConflict};
use crate::session::poll_response::PollResponse;
use crate::session::post_body::PostBody;

impl Connection {
    /// Answers a poll with the messages in the queue, without the task. `None` if the task must
    /// answer it: the queue is empty, another poll is open, or the next packet is a heartbeat,
    /// which concerns the timers of the task.
    pub(crate) fn answer_poll(&self, max_packets: usize) -> Option<PollResponse> {
        self.mailbox().answer_directly(|| {
            let packets = self.outgoing_queue().take_messages(max_packets);
            (!packets.is_empty()).then(|| PollResponse::of_packets(&packets, self.charged()))
        })?
    }

    /// Passes a poll to the task. Dropping the receiver aborts the poll.
    pub(crate) fn begin_poll(&self) -> Result<oneshot::Receiver<PollReply>, RequestConflict> {
        let reply = self.mailbox().put_poll();
        self.wake_for_requests();
        reply
    }

    /// Records that the response to the poll that was passed to the task is being sent.
    pub(crate) fn poll_answered(&self) {
        self.mailbox().poll_answered();
    }

    /// Admits a post. Its body may then be received.
    pub(crate) fn begin_post(self) -> Result<PostPermit, RequestConflict> {
        let reserved = self.mailbox().reserve_post();
        self.wake_for_requests();
        reserved.map(|()| PostPermit {
            connection: Some(self),
            held: 0,
        })
    }

    /// Passes an accepted WebSocket to the task, which decides about the upgrade.
    pub(crate) fn begin_upgrade(&self, upgrade: OnUpgrade) -> Result<(), RequestConflict> {
        self.mailbox().put_upgrade(upgrade)?;
        self.wake();
        Ok(())
    }

    fn wake_for_requests(&self) {
        if self.mailbox().has_requests() {
            self.wake();
        }
    }
}

/// The right to receive the body of one post. If it is dropped before the body is delivered,
/// because the client has aborted the request or its body is invalid, the session ends.
pub(crate) struct PostPermit {
    connection: Option<Connection>,
    /// Bytes of the body that have been received.
    held: usize,
}

impl PostPermit {
    /// Counts received bytes of the body towards `max_buffered_total`. `false` if the session has
    /// ended: the rest of the body is not needed.
    pub(crate) fn hold(&mut self, bytes: usize) -> bool {
        let Some(connection) = &self.connection else {
            return false;
        };
        self.held += bytes;
        connection.hold(bytes);
        !connection.is_closed()
    }

    /// Passes the body to the session. The receiver is notified when its last packet has been
    /// processed.
    pub(crate) fn deliver(
        mut self,
        posted: PostBody,
    ) -> Result<oneshot::Receiver<()>, RequestConflict> {
        let Some(connection) = self.connection.take() else {
            return Err(RequestConflict::Ended);
        };
        connection.let_go(self.held);
        let outcome = connection.mailbox().put_post(posted)?;
        connection.wake();
        Ok(outcome)
    }
}

impl Drop for PostPermit {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.let_go(self.held);
            connection.mailbox().abandon_post();
            connection.wake();
        }
    }
}
