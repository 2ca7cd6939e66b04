//! The queue of packets that wait to be written to one connection, and the door that closes it.
//!
//! Senders on any thread push; the connection's task takes all of it at once. The queue counts bytes
//! until they are written, holds to its limit, and knows whether the task has to be woken. It must
//! not know what carries the packets.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::{Mutex, MutexGuard};
use specter_proto::engine::Prepared;

use super::packets::Packets;
use super::{CloseReason, QueuePolicy};

/// What a queued packet costs besides its bytes: its place in the queue and its allocation. Without
/// it a limit in bytes would let many tiny packets take many times as much.
pub(super) const PACKET_OVERHEAD: usize = 64;

/// Why a packet was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The connection is closed, or closing.
    #[error("the connection is closed")]
    Closed,
    /// The peer reads slower than the server writes: the packet did not fit under the queue's limit.
    #[error("the outgoing queue of the connection is full")]
    QueueFull,
}

impl SendError {
    /// A stable name for logs and counters.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Closed => "connection_closed",
            Self::QueueFull => "connection_queue_full",
        }
    }
}

/// How the limit applies to a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Urgency {
    /// An event: under [`QueuePolicy::Drop`] it is dropped over the limit.
    Ordinary,
    /// An acknowledgement, a reply to CONNECT: never dropped. Over the limit the connection closes;
    /// under [`QueuePolicy::Drop`] it closes at twice the limit.
    Required,
    /// A heartbeat of the engine: no limit, but at most one waits at a time.
    Control,
}

/// What a sender has to do after it spoke to the queue.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wake {
    /// The task will look without being told.
    No,
    /// Wake the connection's task.
    Yes,
}

/// The queue of one connection.
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    /// The task will look into the queue before it rests: it runs, it was woken, or it waits for
    /// something else that it needs first (a poll to answer, room in the socket).
    attended: AtomicBool,
    /// The task sends past it: what it holds is nobody else's to write.
    passed_by: AtomicBool,
    closing: AtomicBool,
    /// What the packets cost, those included that the task took and has not written yet. Changed with the queue locked, read at
    /// any time.
    bytes: AtomicUsize,
    limit: usize,
    policy: QueuePolicy,
}

struct Queue {
    packets: Packets,
    /// How many packets are in front of the heartbeat that waits, if one does.
    before_control: Option<usize>,
    closing: Option<CloseReason>,
}

impl Outbox {
    /// An empty queue that holds at most `limit` bytes.
    pub(crate) fn new(limit: usize, policy: QueuePolicy) -> Self {
        Self {
            queue: Mutex::new(Queue {
                packets: Packets::default(),
                before_control: None,
                closing: None,
            }),
            attended: AtomicBool::new(false),
            passed_by: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            bytes: AtomicUsize::new(0),
            limit,
            policy,
        }
    }

    /// Queues a packet. An error leaves the queue as it was, or closed where the policy says so.
    pub(crate) fn push(
        &self,
        packet: Prepared,
        urgency: Urgency,
    ) -> Result<Wake, (SendError, Wake)> {
        let cost = cost(&packet);
        let mut queue = self.queue.lock();
        if queue.closing.is_some() {
            return Err((SendError::Closed, Wake::No));
        }
        let bytes = self.bytes();
        if self.is_over_limit(bytes, cost, urgency) {
            drop(queue);
            let wake = if self.closes_when_full(urgency) {
                self.close(CloseReason::QueueFull)
            } else {
                Wake::No
            };
            return Err((SendError::QueueFull, wake));
        }
        if urgency == Urgency::Control {
            if queue.before_control.is_some() {
                return Ok(Wake::No);
            }
            queue.before_control = Some(queue.packets.len());
        }
        self.set_bytes(bytes + cost);
        queue.packets.push_back(packet);
        Ok(self.attract_attention())
    }

    /// Puts a packet before all others. It was accepted before, so that neither limit nor door hold it up; where the queue is to be
    /// discarded, it is too.
    pub(crate) fn put_first(&self, packet: Prepared) {
        let mut queue = self.queue.lock();
        if queue.closing.is_some_and(CloseReason::discards_queue) {
            return;
        }
        self.set_bytes(self.bytes() + cost(&packet));
        queue.before_control = queue.before_control.map(|before| before + 1);
        queue.packets.push_front(packet);
    }

    /// Counts a packet that is being written without having been queued, until it is [`release`](Self::release)d.
    pub(crate) fn count(&self, packet: &Prepared) {
        let _queue = self.queue.lock();
        self.set_bytes(self.bytes() + cost(packet));
    }

    /// One packet larger than the limit passes while the queue is empty.
    fn is_over_limit(&self, bytes: usize, cost: usize, urgency: Urgency) -> bool {
        let limit = match (urgency, self.policy) {
            (Urgency::Control, _) => return false,
            (Urgency::Required, QueuePolicy::Drop) => self.limit.saturating_mul(2),
            _ => self.limit,
        };
        bytes != 0 && bytes.saturating_add(cost) > limit
    }

    /// An ordinary packet did not fit where it was held outside: closes where the policy says so.
    pub(crate) fn overflow(&self) -> Wake {
        if self.closes_when_full(Urgency::Ordinary) {
            self.close(CloseReason::QueueFull)
        } else {
            Wake::No
        }
    }

    fn closes_when_full(&self, urgency: Urgency) -> bool {
        self.policy == QueuePolicy::Disconnect || urgency == Urgency::Required
    }

    /// Called with the queue locked, as whatever sets it to false: senders do not race each other.
    fn attract_attention(&self) -> Wake {
        if self.attended.load(Ordering::Relaxed) {
            Wake::No
        } else {
            self.attended.store(true, Ordering::Relaxed);
            Wake::Yes
        }
    }

    /// Called with the queue locked.
    fn set_bytes(&self, bytes: usize) {
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    /// Closes the door: nothing more is queued. The first reason stands.
    pub(crate) fn close(&self, reason: CloseReason) -> Wake {
        let mut queue = self.queue.lock();
        if queue.closing.is_some() {
            return Wake::No;
        }
        queue.closing = Some(reason);
        self.closing.store(true, Ordering::Release);
        let discarded = if reason.discards_queue() {
            self.set_bytes(0);
            queue.packets.take()
        } else {
            VecDeque::new()
        };
        // Dropping packets may free much: not under the lock.
        drop(queue);
        drop(discarded);
        Wake::Yes
    }

    /// Reads what a sender will need first, and no more. See [`fetch`](super::fan_out::fetch).
    pub(super) fn glance(&self) -> usize {
        self.bytes() ^ usize::from(self.queue.is_locked())
    }

    /// Whether the door is closed.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// Why the door was closed, if it was.
    pub(crate) fn close_reason(&self) -> Option<CloseReason> {
        if self.is_closing() {
            self.reason()
        } else {
            None
        }
    }

    #[cold]
    fn reason(&self) -> Option<CloseReason> {
        self.queue.lock().closing
    }

    /// How many bytes it may hold.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// What the queue holds, in bytes, until it is written.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Whether the task sends past it, and nobody else writes.
    pub(crate) fn is_passed_by(&self) -> bool {
        self.passed_by.load(Ordering::Acquire)
    }

    /// The task begins or ends to send past it. See [`Desk::reserve`](super::link::Desk::reserve).
    pub(crate) fn set_passed_by(&self, is_passed_by: bool) {
        self.passed_by.store(is_passed_by, Ordering::Release);
    }

    /// The task begins to run: senders need not wake it until it has looked into the queue.
    pub(crate) fn attend(&self) {
        self.attended.store(true, Ordering::Relaxed);
    }

    /// Takes all packets, after `written` bytes of those taken before were written (as counted by
    /// [`cost`]). Where there are none, the next sender wakes the task.
    pub(crate) fn take(&self, written: usize) -> VecDeque<Prepared> {
        let mut queue = self.queue.lock();
        self.set_bytes(self.bytes().saturating_sub(written));
        if queue.packets.is_empty() {
            self.attended.store(false, Ordering::Relaxed);
        }
        queue.before_control = None;
        queue.packets.take()
    }

    /// Whether nothing waits. Then the next sender wakes the task.
    pub(crate) fn rest(&self) -> bool {
        let queue = self.queue.lock();
        if queue.packets.is_empty() {
            self.attended.store(false, Ordering::Relaxed);
        }
        queue.packets.is_empty()
    }

    /// The same as [`take_frames`](Self::take_frames), but nothing where a heartbeat waits among them, or the door is closed.
    pub(crate) fn take_messages(&self, frames: usize) -> VecDeque<Prepared> {
        let queue = self.queue.lock();
        if queue.before_control.is_some() || queue.closing.is_some() || queue.packets.is_empty() {
            return VecDeque::new();
        }
        self.take_some(queue, frames)
    }

    /// Takes packets of at most so many frames together. One with more frames than that is taken in
    /// parts. Senders wake the task as after [`take`](Self::take).
    pub(crate) fn take_frames(&self, frames: usize) -> VecDeque<Prepared> {
        let queue = self.queue.lock();
        if queue.packets.is_empty() {
            self.attended.store(false, Ordering::Relaxed);
        }
        self.take_some(queue, frames)
    }

    fn take_some(&self, mut queue: MutexGuard<'_, Queue>, frames: usize) -> VecDeque<Prepared> {
        let mut taken = VecDeque::new();
        let mut left = frames;
        while let Some(packet) = queue.packets.front()
            && (packet.frame_count() <= left || taken.is_empty())
        {
            let Some(packet) = queue.packets.pop_front() else {
                break;
            };
            let (packet, rest) = packet.split(frames);
            left = left.saturating_sub(packet.frame_count());
            taken.push_back(packet);
            if let Some(rest) = rest {
                queue.packets.push_front(rest);
                self.set_bytes(self.bytes() + PACKET_OVERHEAD);
                break;
            }
            queue.before_control = queue
                .before_control
                .and_then(|before| before.checked_sub(1));
        }
        taken
    }

    /// How many frames wait to be taken.
    pub(crate) fn frames(&self) -> usize {
        let queue = self.queue.lock();
        queue.packets.iter().map(Prepared::frame_count).sum()
    }

    /// Notes that `written` bytes of what was taken are written. The task goes on waiting for what
    /// it waits for, so senders do not wake it.
    ///
    /// Returns whether this ended a congestion.
    pub(crate) fn release(&self, written: usize) -> bool {
        let _queue = self.queue.lock();
        self.note_written(written)
    }

    /// Called with the queue locked.
    fn note_written(&self, written: usize) -> bool {
        let before = self.bytes();
        let after = before.saturating_sub(written);
        self.set_bytes(after);
        before > self.limit / 2 && after <= self.limit / 2
    }

    /// Takes the only packet there is, where that is one frame: the rule. Nothing is changed where it is not so.
    pub(crate) fn take_only_frame(&self) -> Option<Prepared> {
        let mut queue = self.queue.lock();
        let packet = queue.packets.take_only_frame()?;
        queue.before_control = None;
        Some(packet)
    }

    /// Notes that `written` bytes of what was taken are written, and that whoever wrote them is done. Whether the task must run, for
    /// what was queued meanwhile or because this ended a congestion; where it must not, the next sender wakes it.
    pub(crate) fn settle(&self, written: usize) -> bool {
        let queue = self.queue.lock();
        let must_run = self.note_written(written) || !queue.packets.is_empty();
        if !must_run {
            self.attended.store(false, Ordering::Relaxed);
        }
        must_run
    }

    /// Whether more than half of what may wait does: the peer's own events are not begun then, so that what it asks for itself
    /// does not close its connection.
    pub(crate) fn is_congested(&self) -> bool {
        self.bytes() > self.limit / 2
    }
}

/// What a packet counts for in the queue.
pub(crate) fn cost(packet: &Prepared) -> usize {
    packet.size() + PACKET_OVERHEAD
}
