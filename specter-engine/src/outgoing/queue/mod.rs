//! The outgoing queue of one connection, and how it is closed.
//!
//! Senders on any thread push packets; the connection's task takes and writes them. The queue
//! counts the bytes that are not written yet, and knows whether the task has to be woken. A
//! connection whose queue holds more than `max_queued_bytes` is *behind*. Whether it is too slow is
//! decided by the task, which measures how fast the queue empties.

pub(crate) mod limits;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use specter_proto::engine::EncodedPacket;
use tokio::sync::Notify;

use crate::close_reason::CloseReason;
use crate::config::QueuePolicy;
use crate::outgoing::packet_deque::PacketDeque;
pub use crate::outgoing::queue::limits::SendError;
pub(crate) use crate::outgoing::queue::limits::{QueueLimits, Urgency};
use crate::outgoing::sync::{AtomicBool, AtomicUsize, Mutex, MutexGuard};
use crate::session::buffer_budget::{BufferBudget, BufferShare};

/// What a queued packet costs besides its bytes: its place in the queue and its allocation. Without
/// it a limit in bytes would let many tiny packets take many times as much.
pub(crate) const PACKET_OVERHEAD: usize = 64;

/// What a sender has to do after it spoke to the queue.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wake {
    /// The task will look without being told.
    No,
    /// Wake the connection's task.
    Yes,
}

/// The queue of one connection.
pub(crate) struct OutgoingQueue {
    queue: Mutex<Queue>,
    /// The task will look into the queue before it rests: it runs, it was woken, or it waits for
    /// something else that it needs first (a poll to answer, room in the socket).
    task_awake: AtomicBool,
    closing: AtomicBool,
    /// What the packets cost, those included that the task took and has not written yet. Changed
    /// with the queue locked, read at any time.
    bytes: AtomicUsize,
    limits: QueueLimits,
    share: BufferShare,
}

/// How many bytes are taken from the queue at once, at most. A heartbeat cannot overtake what the
/// task has taken.
const MAX_TAKEN: usize = 64 * 1024;

struct Queue {
    packets: PacketDeque,
    /// How many packets are in front of the heartbeat that waits, if one does.
    before_control: Option<usize>,
    /// The first packet is the rest of one whose first frames were taken: nothing goes before it.
    starts_midway: bool,
    /// The client is too slow, and the policy discards events until it is no longer behind.
    discards_events: bool,
    closing: Option<CloseReason>,
    /// How many bytes it held when it was closed.
    bytes_at_close: usize,
    /// How many bytes have left it since the connection opened.
    bytes_left: u64,
    /// How many answers to polls took as many packets as an answer may have, and left some behind.
    full_answers: u64,
    /// The address and the cost of a large packet that was taken last, and that is perhaps still
    /// being written.
    large_taken: Option<(usize, usize)>,
    /// Notified when the connection is no longer behind, or closes. Absent until somebody waits.
    ready: Option<Arc<Notify>>,
}

impl OutgoingQueue {
    /// An empty queue with these limits, whose bytes count towards the budget.
    pub(crate) fn new(limits: QueueLimits, budget: Arc<BufferBudget>) -> Self {
        Self {
            queue: Mutex::new(Queue {
                packets: PacketDeque::default(),
                before_control: None,
                starts_midway: false,
                discards_events: false,
                closing: None,
                bytes_at_close: 0,
                bytes_left: 0,
                full_answers: 0,
                large_taken: None,
                ready: None,
            }),
            task_awake: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            bytes: AtomicUsize::new(0),
            limits,
            share: BufferShare::new(budget),
        }
    }

    /// Queues a packet. An error leaves the queue as it was, or closed where the policy says so.
    pub(crate) fn push(
        &self,
        packet: EncodedPacket,
        urgency: Urgency,
    ) -> Result<Wake, (SendError, Wake)> {
        let cost = cost(&packet);
        let mut queue = self.queue.lock();
        if queue.closing.is_some() {
            return Err((SendError::Closed, Wake::No));
        }
        let before = self.bytes();
        let after = before.saturating_add(cost);
        if urgency == Urgency::Ordinary
            && (after > self.limits.max_burst_bytes || queue.discards_events)
        {
            queue = self.check_event(queue, before, cost)?;
        }
        self.set_bytes(after);
        if urgency == Urgency::Control {
            return Ok(self.push_control(queue, packet, before));
        }
        queue.packets.push_back(packet);
        let wake = self.wake_if_idle();
        // The task begins to watch how fast the queue empties.
        let falls_behind = before <= self.limits.max_queued_bytes && self.is_behind();
        Ok(if falls_behind { Wake::Yes } else { wake })
    }

    #[cold]
    fn push_control(
        &self,
        mut queue: MutexGuard<'_, Queue>,
        packet: EncodedPacket,
        bytes: usize,
    ) -> Wake {
        if queue.before_control.is_some() {
            self.set_bytes(bytes);
            return Wake::No;
        }
        if queue.starts_midway {
            queue.packets.push_second(packet);
            queue.before_control = Some(1);
        } else {
            queue.packets.push_front(packet);
            queue.before_control = Some(0);
        }
        self.wake_if_idle()
    }

    /// Decides on an event that does not fit under `max_burst_bytes`, or that comes while events
    /// are discarded.
    #[cold]
    fn check_event<'a>(
        &self,
        mut queue: MutexGuard<'a, Queue>,
        bytes: usize,
        cost: usize,
    ) -> Result<MutexGuard<'a, Queue>, (SendError, Wake)> {
        if cost > self.limits.max_burst_bytes {
            let error = SendError::TooLarge {
                size: cost,
                limit: self.limits.max_burst_bytes,
            };
            return Err((error, Wake::No));
        }
        queue.discards_events &= self.is_behind();
        if bytes.saturating_add(cost) > self.limits.max_burst_bytes {
            if self.limits.policy == QueuePolicy::Disconnect {
                drop(queue);
                return Err((SendError::QueueFull, self.close(CloseReason::QueueFull)));
            }
            queue.discards_events = true;
        }
        if queue.discards_events {
            Err((SendError::QueueFull, Wake::No))
        } else {
            Ok(queue)
        }
    }

    /// The client is too slow. Under [`QueuePolicy::Drop`] events are discarded from now on, until
    /// it is no longer behind; the result is whether that is news. `None`: the connection is to be
    /// closed.
    pub(crate) fn discard_events(&self) -> Option<bool> {
        match self.limits.policy {
            QueuePolicy::Disconnect => None,
            QueuePolicy::Drop => {
                let before = mem::replace(&mut self.queue.lock().discards_events, true);
                Some(!before)
            }
        }
    }

    /// Puts a packet before all others. It was accepted before, so that neither limit nor door hold
    /// it up; where the queue is to be discarded, it is too.
    pub(crate) fn push_front(&self, packet: EncodedPacket) {
        let mut queue = self.queue.lock();
        if queue.closing.is_some_and(CloseReason::discards_queue) {
            return;
        }
        self.set_bytes(self.bytes() + cost(&packet));
        queue.before_control = queue.before_control.map(|before| before + 1);
        queue.packets.push_front(packet);
    }

    /// Counts a packet that is being written without having been queued, until it is
    /// [`refund`](Self::refund)d.
    pub(crate) fn charge(&self, packet: &EncodedPacket) {
        let _queue = self.queue.lock();
        self.set_bytes(self.bytes() + cost(packet));
    }

    /// Events that were held outside of the queue have become more than `max_burst_bytes`: closes
    /// where the policy says so.
    pub(crate) fn overflow(&self) -> Wake {
        match self.limits.policy {
            QueuePolicy::Disconnect => self.close(CloseReason::QueueFull),
            QueuePolicy::Drop => Wake::No,
        }
    }

    /// Called with the queue locked, as whatever sets it to false: senders do not race each other.
    fn wake_if_idle(&self) -> Wake {
        if self.task_awake.load(Ordering::Relaxed) {
            Wake::No
        } else {
            self.task_awake.store(true, Ordering::Relaxed);
            Wake::Yes
        }
    }

    /// Called with the queue locked.
    fn set_bytes(&self, bytes: usize) {
        self.bytes.store(bytes, Ordering::Relaxed);
        self.share.report(bytes);
    }

    /// Closes the door: nothing more is queued. The first reason stands.
    pub(crate) fn close(&self, reason: CloseReason) -> Wake {
        let mut queue = self.queue.lock();
        if queue.closing.is_some() {
            return Wake::No;
        }
        queue.closing = Some(reason);
        queue.bytes_at_close = self.bytes();
        queue.notify_ready();
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

    /// Whether the queue is locked: a read of its cache line, for `prefetch`.
    pub(super) fn is_locked(&self) -> bool {
        self.queue.is_locked()
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

    pub(crate) fn limits(&self) -> &QueueLimits {
        &self.limits
    }

    /// What the connection counts for among all bytes that connections hold.
    pub(crate) fn share(&self) -> &BufferShare {
        &self.share
    }

    /// How many bytes it held when it was closed.
    pub(crate) fn bytes_at_close(&self) -> usize {
        self.queue.lock().bytes_at_close
    }

    /// How many bytes have left it since the connection opened: into the socket, or out of a poll's
    /// response into the HTTP server.
    pub(crate) fn bytes_left(&self) -> u64 {
        self.queue.lock().bytes_left
    }

    /// How many answers to polls were full, and left packets behind, since the connection opened.
    /// Two of them show that the client reads: it polls again when it has the first.
    pub(crate) fn full_answers(&self) -> u64 {
        self.queue.lock().full_answers
    }

    /// Shows each packet that waits, and a large one that is being written: the address of its
    /// bytes, which queues that share the packet have in common, and its cost.
    pub(crate) fn for_each_packet(&self, mut show: impl FnMut(usize, usize)) {
        let queue = self.queue.lock();
        if let Some((address, cost)) = queue.large_taken {
            show(address, cost);
        }
        for packet in queue.packets.iter() {
            show(address_of(packet), cost(packet));
        }
    }

    /// Forgets all packets and what they counted for: the connection has ended.
    pub(crate) fn clear(&self) {
        let mut queue = self.queue.lock();
        let discarded = queue.packets.take();
        queue.large_taken = None;
        self.set_bytes(0);
        drop(queue);
        drop(discarded);
    }

    /// What the queue holds, in bytes, until it is written.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// The task begins to run: senders need not wake it until it has looked into the queue.
    pub(crate) fn mark_task_awake(&self) {
        self.task_awake.store(true, Ordering::Relaxed);
    }

    /// Takes the packets to be written next, some dozens of kilobytes at most, after `written`
    /// bytes of those taken before were written (as counted by [`cost`]). Where there are none, the
    /// next sender wakes the task.
    pub(crate) fn take(&self, written: usize) -> VecDeque<EncodedPacket> {
        let mut queue = self.queue.lock();
        self.note_written(&mut queue, written);
        if queue.packets.is_empty() {
            self.task_awake.store(false, Ordering::Relaxed);
        }
        if self.bytes() > MAX_TAKEN {
            return Self::take_bytes(queue);
        }
        queue.before_control = None;
        queue.starts_midway = false;
        queue.large_taken = None;
        queue.packets.take()
    }

    #[cold]
    fn take_bytes(mut queue: MutexGuard<'_, Queue>) -> VecDeque<EncodedPacket> {
        let mut taken = VecDeque::new();
        let mut bytes = 0;
        while bytes < MAX_TAKEN
            && let Some(packet) = queue.pop_front()
        {
            bytes += cost(&packet);
            taken.push_back(packet);
        }
        queue.large_taken = taken.back().and_then(large);
        taken
    }

    /// Takes all packets, however many: the connection ends.
    pub(crate) fn take_all(&self) -> VecDeque<EncodedPacket> {
        let mut queue = self.queue.lock();
        queue.before_control = None;
        queue.starts_midway = false;
        queue.packets.take()
    }

    /// Whether nothing waits. Then the next sender wakes the task.
    pub(crate) fn go_idle_if_empty(&self) -> bool {
        let queue = self.queue.lock();
        if queue.packets.is_empty() {
            self.task_awake.store(false, Ordering::Relaxed);
        }
        queue.packets.is_empty()
    }

    /// The same as [`take_frames`](Self::take_frames), but nothing where a heartbeat waits among
    /// them, or the door is closed.
    pub(crate) fn take_messages(&self, frames: usize) -> VecDeque<EncodedPacket> {
        let queue = self.queue.lock();
        if queue.before_control.is_some() || queue.closing.is_some() || queue.packets.is_empty() {
            return VecDeque::new();
        }
        self.take_some(queue, frames)
    }

    /// Takes packets of at most so many frames together. One with more frames than that is taken in
    /// parts. Senders wake the task as after [`take`](Self::take).
    pub(crate) fn take_frames(&self, frames: usize) -> VecDeque<EncodedPacket> {
        let queue = self.queue.lock();
        if queue.packets.is_empty() {
            self.task_awake.store(false, Ordering::Relaxed);
        }
        self.take_some(queue, frames)
    }

    fn take_some(
        &self,
        mut queue: MutexGuard<'_, Queue>,
        frames: usize,
    ) -> VecDeque<EncodedPacket> {
        let mut taken = VecDeque::new();
        let mut left = frames;
        queue.large_taken = None;
        while let Some(packet) = queue.packets.front()
            && (packet.frame_count() <= left || taken.is_empty())
        {
            let Some(packet) = queue.pop_front() else {
                break;
            };
            queue.large_taken = queue.large_taken.or_else(|| large(&packet));
            let (packet, rest) = packet.split(frames);
            left = left.saturating_sub(packet.frame_count());
            taken.push_back(packet);
            if let Some(rest) = rest {
                queue.packets.push_front(rest);
                queue.before_control = queue.before_control.map(|before| before + 1);
                queue.starts_midway = true;
                self.set_bytes(self.bytes() + PACKET_OVERHEAD);
                break;
            }
        }
        if !taken.is_empty() && !queue.packets.is_empty() {
            queue.full_answers += 1;
        }
        taken
    }

    /// Notes that `written` bytes of what was taken are written. The task goes on waiting for what
    /// it waits for, so senders do not wake it.
    ///
    /// Returns whether the connection was behind and is no longer.
    pub(crate) fn refund(&self, written: usize) -> bool {
        let mut queue = self.queue.lock();
        self.note_written(&mut queue, written)
    }

    fn note_written(&self, queue: &mut Queue, written: usize) -> bool {
        queue.bytes_left += written as u64;
        let was_behind = self.is_behind();
        self.set_bytes(self.bytes().saturating_sub(written));
        let has_caught_up = was_behind && !self.is_behind();
        if has_caught_up {
            queue.notify_ready();
        }
        has_caught_up
    }

    /// Waits until the connection is not behind. Dropping the future leaves nothing.
    pub(crate) async fn ready(&self) -> Result<(), SendError> {
        loop {
            let notified = {
                let mut queue = self.queue.lock();
                if queue.closing.is_some() {
                    return Err(SendError::Closed);
                }
                if !self.is_behind() {
                    return Ok(());
                }
                // Under the lock, so that no notification is missed.
                let mut notified = Box::pin(queue.ready().notified_owned());
                notified.as_mut().enable();
                notified
            };
            notified.await;
        }
    }

    /// Takes the only packet there is, where that is one frame: the rule. Nothing is changed where
    /// it is not so.
    pub(crate) fn take_only_frame(&self) -> Option<EncodedPacket> {
        let mut queue = self.queue.lock();
        let packet = queue.packets.take_only_frame()?;
        queue.before_control = None;
        queue.starts_midway = false;
        queue.large_taken = large(&packet);
        Some(packet)
    }

    /// Notes that `written` bytes of what was taken are written, and that whoever wrote them is
    /// done. Whether the task must run, for what was queued meanwhile or because the connection is
    /// no longer behind; where it must not, the next sender wakes it.
    pub(crate) fn finish_write(&self, written: usize) -> bool {
        let mut queue = self.queue.lock();
        let must_run = self.note_written(&mut queue, written) || !queue.packets.is_empty();
        if !must_run {
            self.task_awake.store(false, Ordering::Relaxed);
        }
        must_run
    }

    /// Whether it holds more than `max_queued_bytes`: the peer's own events are not begun then, so
    /// that a client which asks for much does not make the server hold more and more.
    pub(crate) fn is_behind(&self) -> bool {
        self.bytes() > self.limits.max_queued_bytes
    }
}

impl Queue {
    fn ready(&mut self) -> Arc<Notify> {
        Arc::clone(self.ready.get_or_insert_default())
    }

    fn notify_ready(&mut self) {
        if let Some(ready) = self.ready.take() {
            ready.notify_waiters();
        }
    }

    fn pop_front(&mut self) -> Option<EncodedPacket> {
        let packet = self.packets.pop_front()?;
        self.starts_midway = false;
        self.before_control = self.before_control.and_then(|before| before.checked_sub(1));
        Some(packet)
    }
}

/// The address and the cost of a packet that is larger than what is taken at once.
#[inline]
fn large(packet: &EncodedPacket) -> Option<(usize, usize)> {
    let cost = cost(packet);
    (cost > MAX_TAKEN).then(|| (address_of(packet), cost))
}

/// The address of a packet's bytes, which its clones share.
fn address_of(packet: &EncodedPacket) -> usize {
    packet.first().websocket().as_ptr().addr()
}

/// What a packet counts for in the queue.
pub(crate) fn cost(packet: &EncodedPacket) -> usize {
    packet.size() + PACKET_OVERHEAD
}
