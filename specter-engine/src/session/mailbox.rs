//! The mailbox of a session, in which HTTP requests reach its task.
//!
//! It has one slot each for a poll, a post and an upgrade. A well-behaved client never has two of a
//! kind under way: a second one is a conflict that ends the session.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper::upgrade::OnUpgrade;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::connection::Connection;
use crate::session::poll_response::PollResponse;
use crate::session::post_body::PostBody;

/// Why a request that names a session is not served by it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RequestConflict {
    /// Another request of the kind is under way.
    Overlap,
    /// The session has moved to another transport.
    OtherTransport,
    /// The session has ended.
    Ended,
}

/// The outcome of a poll: the packets as a payload.
pub(crate) type PollReply = Result<PollResponse, RequestConflict>;

/// Where a poll's outcome goes. Dropped unanswered, the session has ended.
pub(crate) type PollRequest = oneshot::Sender<PollReply>;

/// A body that was received in full, to be taken apart by the session's task.
pub(crate) struct PostRequest {
    pub(crate) posted: PostBody,
    /// Told when the last packet was taken. Dropped unanswered, the session has ended.
    pub(crate) taken: oneshot::Sender<()>,
}

/// Which requests the session's transport can serve.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AcceptedRequests {
    /// Polls, posts, and an upgrade.
    Polling,
    /// Polls, to be told of the close. Posts are swallowed.
    CloseNotice,
    /// No polling any more.
    WebSocket,
    /// Nothing.
    Nothing,
}

/// What the task finds in its mailbox.
#[derive(Default)]
pub(crate) struct PendingRequests {
    pub(crate) poll: Option<PollRequest>,
    pub(crate) post: Option<Box<PostRequest>>,
    pub(crate) upgrade: Option<OnUpgrade>,
    /// The client overlapped requests, broke one off, or sent a body that was refused.
    pub(crate) faulty: bool,
}

/// The slots of one session.
pub(crate) struct Mailbox {
    slots: Mutex<Slots>,
    /// There is something to take; spares the task the lock.
    waiting: AtomicBool,
}

struct Slots {
    mail: PendingRequests,
    /// A post is being received, waits to be taken, or is being worked on.
    posting: bool,
    /// A poll was handed to the task, and its request has no answer yet.
    polling: bool,
    serves: AcceptedRequests,
}

impl Mailbox {
    pub(crate) fn new(serves: AcceptedRequests) -> Self {
        Self {
            slots: Mutex::new(Slots {
                mail: PendingRequests::default(),
                posting: false,
                polling: false,
                serves,
            }),
            waiting: AtomicBool::new(false),
        }
    }

    /// Whether anything came.
    pub(crate) fn has_requests(&self) -> bool {
        self.waiting.load(Ordering::Acquire)
    }

    /// Takes what came, if anything did.
    pub(crate) fn take(&self) -> Option<PendingRequests> {
        if !self.has_requests() {
            return None;
        }
        let mut slots = self.slots.lock();
        self.waiting.store(false, Ordering::Release);
        Some(mem::take(&mut slots.mail))
    }

    /// Takes what may show that the client is there, which a poll does not: that stays.
    pub(crate) fn take_all_except_poll(&self) -> Option<PendingRequests> {
        if !self.has_requests() {
            return None;
        }
        let mut slots = self.slots.lock();
        let poll = slots.mail.poll.take();
        let rest = mem::take(&mut slots.mail);
        self.waiting.store(poll.is_some(), Ordering::Release);
        slots.mail.poll = poll;
        Some(rest)
    }

    /// The post taken last is done with: the next one may come.
    pub(crate) fn post_done(&self) {
        self.slots.lock().posting = false;
    }

    /// From now on only these requests are served. Returns what waited.
    pub(crate) fn serve_only(&self, serves: AcceptedRequests) -> PendingRequests {
        let mut slots = self.slots.lock();
        slots.serves = serves;
        self.waiting.store(false, Ordering::Release);
        mem::take(&mut slots.mail)
    }

    /// Puts something into a slot and marks the mailbox.
    fn put(&self, slots: &mut Slots, change: impl FnOnce(&mut PendingRequests)) {
        change(&mut slots.mail);
        self.waiting.store(true, Ordering::Release);
    }
}

impl Connection {
    /// What a poll that arrived can be answered with at once: the packets that wait, where nothing
    /// but them is concerned. A heartbeat among them concerns the session's clocks, which are its
    /// task's.
    pub(crate) fn answer_poll(&self, max_packets: usize) -> Option<PollResponse> {
        let slots = self.mailbox().slots.lock();
        if slots.serves != AcceptedRequests::Polling || slots.polling || slots.mail.poll.is_some() {
            return None;
        }
        // Locked for as long: nobody else takes packets for a poll meanwhile.
        let packets = self.outgoing_queue().take_messages(max_packets);
        (!packets.is_empty()).then(|| PollResponse::of_packets(&packets, self))
    }

    /// The answer to a poll that was handed to the task is on its way.
    pub(crate) fn poll_answered(&self) {
        self.mailbox().slots.lock().polling = false;
    }

    /// A poll arrived. The outcome comes through the receiver; dropping that breaks the poll off.
    pub(crate) fn begin_poll(&self) -> Result<oneshot::Receiver<PollReply>, RequestConflict> {
        let mailbox = self.mailbox();
        let mut slots = mailbox.slots.lock();
        match slots.serves {
            AcceptedRequests::Polling | AcceptedRequests::CloseNotice => {}
            AcceptedRequests::WebSocket => return Err(RequestConflict::OtherTransport),
            AcceptedRequests::Nothing => return Err(RequestConflict::Ended),
        }
        let outcome = if slots.mail.poll.is_some() {
            mailbox.put(&mut slots, |mail| mail.faulty = true);
            Err(RequestConflict::Overlap)
        } else {
            let (reply, outcome) = oneshot::channel();
            slots.polling = true;
            mailbox.put(&mut slots, |mail| mail.poll = Some(reply));
            Ok(outcome)
        };
        drop(slots);
        self.wake();
        outcome
    }

    /// A post arrived; its body may now be received.
    pub(crate) fn begin_post(self) -> Result<PostPermit, RequestConflict> {
        let mailbox = self.mailbox();
        let mut slots = mailbox.slots.lock();
        match slots.serves {
            AcceptedRequests::Polling | AcceptedRequests::CloseNotice => {}
            AcceptedRequests::WebSocket => return Err(RequestConflict::OtherTransport),
            AcceptedRequests::Nothing => return Err(RequestConflict::Ended),
        }
        if slots.posting {
            mailbox.put(&mut slots, |mail| mail.faulty = true);
            drop(slots);
            self.wake();
            return Err(RequestConflict::Overlap);
        }
        slots.posting = true;
        drop(slots);
        Ok(PostPermit {
            connection: Some(self),
            held: 0,
        })
    }

    /// A WebSocket was accepted for this session; the session's task decides what becomes of it.
    pub(crate) fn begin_upgrade(&self, upgrade: OnUpgrade) -> Result<(), RequestConflict> {
        let mailbox = self.mailbox();
        let mut slots = mailbox.slots.lock();
        if matches!(
            slots.serves,
            AcceptedRequests::Nothing | AcceptedRequests::CloseNotice
        ) {
            return Err(RequestConflict::Ended);
        }
        if slots.mail.upgrade.is_some() {
            return Err(RequestConflict::Overlap);
        }
        mailbox.put(&mut slots, |mail| mail.upgrade = Some(upgrade));
        drop(slots);
        self.wake();
        Ok(())
    }
}

/// The right to receive one post's body. Dropped before the body is delivered, it ends the session:
/// the client broke its request off, or its body was refused.
pub(crate) struct PostPermit {
    connection: Option<Connection>,
    /// Bytes of the body so far.
    held: usize,
}

impl PostPermit {
    /// So many bytes more of the body have arrived. They count towards `max_buffered_total`.
    /// `false`: the session is over, and the rest of the body is of no use.
    pub(crate) fn hold(&mut self, bytes: usize) -> bool {
        let Some(connection) = &self.connection else {
            return false;
        };
        self.held += bytes;
        connection.hold(bytes);
        !connection.is_closed()
    }

    /// Hands the body to the session. The receiver is told when its last packet was taken.
    pub(crate) fn deliver(
        mut self,
        posted: PostBody,
    ) -> Result<oneshot::Receiver<()>, RequestConflict> {
        let (taken, outcome) = oneshot::channel();
        let Some(connection) = self.connection.take() else {
            return Err(RequestConflict::Ended);
        };
        connection.let_go(self.held);
        let mailbox = connection.mailbox();
        let mut slots = mailbox.slots.lock();
        match slots.serves {
            AcceptedRequests::Polling => {
                let request = PostRequest { posted, taken };
                mailbox.put(&mut slots, |mail| mail.post = Some(Box::new(request)));
            }
            AcceptedRequests::CloseNotice => {
                slots.posting = false;
                let _ = taken.send(());
            }
            AcceptedRequests::WebSocket => return Err(RequestConflict::OtherTransport),
            AcceptedRequests::Nothing => return Err(RequestConflict::Ended),
        }
        drop(slots);
        connection.wake();
        Ok(outcome)
    }
}

impl Drop for PostPermit {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.let_go(self.held);
            let mailbox = connection.mailbox();
            let mut slots = mailbox.slots.lock();
            slots.posting = false;
            // After an upgrade it is nobody's loss: the session has another transport.
            if slots.serves == AcceptedRequests::Polling {
                mailbox.put(&mut slots, |mail| mail.faulty = true);
            }
            drop(slots);
            connection.wake();
        }
    }
}
