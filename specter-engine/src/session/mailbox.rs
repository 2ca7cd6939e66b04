//! The mailbox of a session, in which HTTP requests reach the session's task.
//!
//! It has one slot each for a poll, a post and an upgrade. A well-behaved client never has two
//! requests of a kind open: a second one is a conflict that ends the session. `requests` puts the
//! requests in and wakes the task.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper::upgrade::OnUpgrade;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::session::poll_response::PollResponse;
use crate::session::post_body::PostBody;

/// Why a session does not serve a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RequestConflict {
    /// Another request of the kind is open.
    Overlap,
    /// The session uses another transport.
    OtherTransport,
    /// The session has ended.
    Ended,
}

/// The outcome of a poll: the packets as a payload.
pub(crate) type PollReply = Result<PollResponse, RequestConflict>;

/// Answers a poll. If it is dropped without an answer, the session has ended.
pub(crate) type PollRequest = oneshot::Sender<PollReply>;

/// A received body, which the session's task splits into packets.
pub(crate) struct PostRequest {
    pub(crate) posted: PostBody,
    /// Notified when the last packet has been processed. If it is dropped before that, the session
    /// has ended.
    pub(crate) taken: oneshot::Sender<()>,
}

/// The requests that a session serves at present.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AcceptedRequests {
    /// Polls, posts and an upgrade.
    Polling,
    /// Polls, whose response is the close notice. Posts are accepted and discarded.
    CloseNotice,
    /// No polls and no posts: the session uses a WebSocket.
    WebSocket,
    /// None: the session has ended.
    Nothing,
}

/// The requests that the task takes out of its mailbox.
#[derive(Default)]
pub(crate) struct PendingRequests {
    pub(crate) poll: Option<PollRequest>,
    pub(crate) post: Option<Box<PostRequest>>,
    pub(crate) upgrade: Option<OnUpgrade>,
    /// Whether the client has sent overlapping requests, aborted one, or sent an invalid body.
    pub(crate) faulty: bool,
}

/// The slots of one session.
pub(crate) struct Mailbox {
    slots: Mutex<Slots>,
    /// Whether the slots contain something. The task reads this without the lock.
    has_requests: AtomicBool,
}

struct Slots {
    requests: PendingRequests,
    /// Whether a post is open: its body is being received, is in its slot, or is being processed.
    has_post: bool,
    /// Whether a poll was passed to the task, and its response is not being sent yet.
    has_poll: bool,
    accepted: AcceptedRequests,
}

impl AcceptedRequests {
    /// Whether polls and posts are accepted.
    fn admit_polling(self) -> Result<(), RequestConflict> {
        match self {
            Self::Polling | Self::CloseNotice => Ok(()),
            Self::WebSocket => Err(RequestConflict::OtherTransport),
            Self::Nothing => Err(RequestConflict::Ended),
        }
    }
}

impl Mailbox {
    pub(crate) fn new(accepted: AcceptedRequests) -> Self {
        Self {
            slots: Mutex::new(Slots {
                requests: PendingRequests::default(),
                has_post: false,
                has_poll: false,
                accepted,
            }),
            has_requests: AtomicBool::new(false),
        }
    }

    /// Whether there is anything to take.
    pub(crate) fn has_requests(&self) -> bool {
        self.has_requests.load(Ordering::Acquire)
    }

    /// Takes everything. `None` if there is nothing.
    pub(crate) fn take(&self) -> Option<PendingRequests> {
        if !self.has_requests() {
            return None;
        }
        let mut slots = self.slots.lock();
        self.has_requests.store(false, Ordering::Release);
        Some(mem::take(&mut slots.requests))
    }

    /// Takes everything but the poll, which does not prove that the client is alive.
    pub(crate) fn take_all_except_poll(&self) -> Option<PendingRequests> {
        if !self.has_requests() {
            return None;
        }
        let mut slots = self.slots.lock();
        let poll = slots.requests.poll.take();
        let rest = mem::take(&mut slots.requests);
        self.has_requests.store(poll.is_some(), Ordering::Release);
        slots.requests.poll = poll;
        Some(rest)
    }

    /// Records that the task has processed the post. The client may send the next one.
    pub(crate) fn post_done(&self) {
        self.slots.lock().has_post = false;
    }

    /// Accepts only these requests from now on. Returns what was in the slots.
    pub(crate) fn serve_only(&self, accepted: AcceptedRequests) -> PendingRequests {
        let mut slots = self.slots.lock();
        slots.accepted = accepted;
        self.has_requests.store(false, Ordering::Release);
        mem::take(&mut slots.requests)
    }

    /// Calls `answer` if a poll can be answered without the task: the session polls, and no other
    /// poll is open. The slots stay locked meanwhile, so that no other poll takes packets.
    pub(super) fn answer_directly<T>(&self, answer: impl FnOnce() -> T) -> Option<T> {
        let slots = self.slots.lock();
        let is_free = slots.accepted == AcceptedRequests::Polling
            && !slots.has_poll
            && slots.requests.poll.is_none();
        is_free.then(answer)
    }

    /// Puts a poll into its slot. The reply is received through the returned receiver.
    pub(super) fn put_poll(&self) -> Result<oneshot::Receiver<PollReply>, RequestConflict> {
        let mut slots = self.slots.lock();
        slots.accepted.admit_polling()?;
        if slots.requests.poll.is_some() {
            self.put(&mut slots, |requests| requests.faulty = true);
            return Err(RequestConflict::Overlap);
        }
        let (request, reply) = oneshot::channel();
        slots.has_poll = true;
        self.put(&mut slots, |requests| requests.poll = Some(request));
        Ok(reply)
    }

    /// Records that the response to the poll that was passed to the task is being sent.
    pub(super) fn poll_answered(&self) {
        self.slots.lock().has_poll = false;
    }

    /// Reserves the slot of a post, whose body may then be received.
    pub(super) fn reserve_post(&self) -> Result<(), RequestConflict> {
        let mut slots = self.slots.lock();
        slots.accepted.admit_polling()?;
        if slots.has_post {
            self.put(&mut slots, |requests| requests.faulty = true);
            return Err(RequestConflict::Overlap);
        }
        slots.has_post = true;
        Ok(())
    }

    /// Puts a received body into the reserved slot. The receiver is notified when the last packet
    /// has been processed.
    pub(super) fn put_post(
        &self,
        posted: PostBody,
    ) -> Result<oneshot::Receiver<()>, RequestConflict> {
        let (taken, outcome) = oneshot::channel();
        let mut slots = self.slots.lock();
        slots.accepted.admit_polling()?;
        if slots.accepted == AcceptedRequests::CloseNotice {
            slots.has_post = false;
            let _ = taken.send(());
        } else {
            let request = Box::new(PostRequest { posted, taken });
            self.put(&mut slots, |requests| requests.post = Some(request));
        }
        Ok(outcome)
    }

    /// Frees the reserved slot of a post that was aborted or rejected, and marks the client as
    /// faulty. After an upgrade it is not: the client may abandon its post then.
    pub(super) fn abandon_post(&self) {
        let mut slots = self.slots.lock();
        slots.has_post = false;
        if slots.accepted == AcceptedRequests::Polling {
            self.put(&mut slots, |requests| requests.faulty = true);
        }
    }

    /// Puts an accepted WebSocket into its slot.
    pub(super) fn put_upgrade(&self, upgrade: OnUpgrade) -> Result<(), RequestConflict> {
        let mut slots = self.slots.lock();
        if matches!(
            slots.accepted,
            AcceptedRequests::Nothing | AcceptedRequests::CloseNotice
        ) {
            return Err(RequestConflict::Ended);
        }
        if slots.requests.upgrade.is_some() {
            return Err(RequestConflict::Overlap);
        }
        self.put(&mut slots, |requests| requests.upgrade = Some(upgrade));
        Ok(())
    }

    fn put(&self, slots: &mut Slots, change: impl FnOnce(&mut PendingRequests)) {
        change(&mut slots.requests);
        self.has_requests.store(true, Ordering::Release);
    }
}
