//! The outgoing queue of one connection, and how it is closed.
//!
//! Senders on any thread push packets; the connection's task takes and writes them. The queue
//! counts the bytes that are not written yet, and knows whether the task must be woken. A
//! connection whose queue holds more than `max_queued_bytes` is *behind*. The task measures how
//! fast the queue empties and decides whether the client is too slow.

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

/// The cost of a queued packet in addition to its bytes: its place in the queue and its allocation.
/// Without it, many tiny packets could take many times the limit in memory.
pub(crate) const PACKET_OVERHEAD: usize = 64;

/// Whether a sender must wake the connection's task.
#[must_use = "if this is `Wake::Yes`, the connection's task must be woken"]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wake {
    /// The task will read the queue anyway.
    No,
    /// Wake the connection's task.
    Yes,
}

/// The queue of one connection.
pub(crate) struct OutgoingQueue {
    queue: Mutex<Queue>,
    /// Whether the task will read the queue before it becomes idle: it is running, it was woken, or
    /// it waits for something that it needs first (a poll to answer, room in the socket).
    task_awake: AtomicBool,
    closing: AtomicBool,
    /// The cost of all packets, including those that the task has taken and not written yet. It is
    /// changed under the queue's lock and read without it.
    bytes: AtomicUsize,
    limits: QueueLimits,
    share: BufferShare,
}

/// The most bytes that are taken from the queue at once. A heartbeat cannot overtake packets that
/// the task has taken.
const MAX_TAKEN: usize = 64 * 1024;

struct Queue {
    packets: PacketDeque,
    /// How many packets are before the queued heartbeat, if there is one.
    before_control: Option<usize>,
    /// Whether the first packet is the rest of one whose first frames were taken: nothing may be
    /// inserted before it.
    starts_midway: bool,
    /// Whether events are discarded, because the client is too slow, until it is no longer behind.
    discards_events: bool,
    closing: Option<CloseReason>,
    /// How many bytes the queue held when it was closed.
    bytes_at_close: usize,
    /// How many bytes have left the queue since the connection opened.
    bytes_left: u64,
    /// How many poll responses were full and left packets in the queue.
    full_answers: u64,
    /// The address and cost of the large packet that was taken last and may still be being written.
    large_taken: Option<(usize, usize)>,
    /// Notified when the connection is no longer behind, or closes. Created by the first waiter.
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

    /// Queues a packet. An error leaves the queue unchanged, or closed if the policy requires it.
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
        // The task must start to measure how fast the queue empties.
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

    /// Decides about an event that would exceed `max_burst_bytes`, or that is pushed while events
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

    /// Applies the policy to a client that is too slow. Under [`QueuePolicy::Drop`], events are
    /// discarded until it is no longer behind; returns whether that starts now. `None`: the
    /// connection must be closed.
    pub(crate) fn discard_events(&self) -> Option<bool> {
        match self.limits.policy {
            QueuePolicy::Disconnect => None,
            QueuePolicy::Drop => {
                let before = mem::replace(&mut self.queue.lock().discards_events, true);
                Some(!before)
            }
        }
    }

    /// Puts a packet before all others. It was accepted earlier, so that neither the limit nor the
    /// closing applies to it. If the queue is to be discarded, so is the packet.
    pub(crate) fn push_front(&self, packet: EncodedPacket) {
        let mut queue = self.queue.lock();
        if queue.closing.is_some_and(CloseReason::discards_queue) {
            return;
        }
        self.set_bytes(self.bytes() + cost(&packet));
        queue.before_control = queue.before_control.map(|before| before + 1);
        queue.packets.push_front(packet);
    }

    /// Charges a packet that is written without being queued, until it is
    /// [`refund`](Self::refund)ed.
    pub(crate) fn charge(&self, packet: &EncodedPacket) {
        let _queue = self.queue.lock();
        self.set_bytes(self.bytes() + cost(packet));
    }

    /// Applies the policy because events that are held outside of the queue exceed
    /// `max_burst_bytes`.
    pub(crate) fn overflow(&self) -> Wake {
        match self.limits.policy {
            QueuePolicy::Disconnect => self.close(CloseReason::QueueFull),
            QueuePolicy::Drop => Wake::No,
        }
    }

    /// Called under the queue's lock, as is everything that sets `task_awake` to false: senders do
    /// not race each other.
    fn wake_if_idle(&self) -> Wake {
        if self.task_awake.load(Ordering::Relaxed) {
            Wake::No
        } else {
            self.task_awake.store(true, Ordering::Relaxed);
            Wake::Yes
        }
    }

    /// Called under the queue's lock.
    fn set_bytes(&self, bytes: usize) {
        self.bytes.store(bytes, Ordering::Relaxed);
        self.share.report(bytes);
    }

    /// Closes the queue: nothing more is accepted. The first reason is kept.
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
        // Dropped outside of the lock, because that may free much memory.
        drop(queue);
        drop(discarded);
        Wake::Yes
    }

    /// Whether the queue is locked. Reads its cache line, for `prefetch`.
    pub(super) fn is_locked(&self) -> bool {
        self.queue.is_locked()
    }

    /// Whether the queue is closed.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// Why the queue was closed, if it was.
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

    /// The connection's share of the budget for all connections.
    pub(crate) fn share(&self) -> &BufferShare {
        &self.share
    }

    /// How many bytes the queue held when it was closed.
    pub(crate) fn bytes_at_close(&self) -> usize {
        self.queue.lock().bytes_at_close
    }

    /// How many bytes have left the queue since the connection opened: written to the socket, or
    /// read from the body of a poll response by the HTTP server.
    pub(crate) fn bytes_left(&self) -> u64 {
        self.queue.lock().bytes_left
    }

    /// How many poll responses were full and left packets in the queue, since the connection
    /// opened. A second one shows that the client reads: it polls again after it has received the
    /// first.
    pub(crate) fn full_answers(&self) -> u64 {
        self.queue.lock().full_answers
    }

    /// Calls `show` with each queued packet and a large one that is being written: the address of
    /// its bytes, which queues that share the packet have in common, and its cost.
    pub(crate) fn for_each_packet(&self, mut show: impl FnMut(usize, usize)) {
        let queue = self.queue.lock();
        if let Some((address, cost)) = queue.large_taken {
            show(address, cost);
        }
        for packet in queue.packets.iter() {
            show(address_of(packet), cost(packet));
        }
    }

    /// Removes all packets and their cost: the connection has ended.
    pub(crate) fn clear(&self) {
        let mut queue = self.queue.lock();
        let discarded = queue.packets.take();
        queue.large_taken = None;
        self.set_bytes(0);
        drop(queue);
        drop(discarded);
    }

    /// The cost of all packets that are not written yet, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Marks the task as running: senders need not wake it until it has read the queue.
    pub(crate) fn mark_task_awake(&self) {
        self.task_awake.store(true, Ordering::Relaxed);
    }

    /// Refunds the cost of `written` bytes (as [`cost`] counts them) of packets that were taken
    /// before, and takes the packets to write next: all of them, or about [`MAX_TAKEN`] bytes. If
    /// there are none, the next sender wakes the task.
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

    /// Takes all packets of a connection that ends.
    pub(crate) fn take_all(&self) -> VecDeque<EncodedPacket> {
        let mut queue = self.queue.lock();
        queue.before_control = None;
        queue.starts_midway = false;
        queue.packets.take()
    }

    /// Whether the queue is empty. If so, the next sender wakes the task.
    pub(crate) fn go_idle_if_empty(&self) -> bool {
        let queue = self.queue.lock();
        if queue.packets.is_empty() {
            self.task_awake.store(false, Ordering::Relaxed);
        }
        queue.packets.is_empty()
    }

    /// As [`take_frames`](Self::take_frames), but takes nothing if a heartbeat would be among the
    /// packets, or if the queue is closed.
    pub(crate) fn take_messages(&self, frames: usize) -> VecDeque<EncodedPacket> {
        let queue = self.queue.lock();
        if queue.before_control.is_some() || queue.closing.is_some() || queue.packets.is_empty() {
            return VecDeque::new();
        }
        self.take_some(queue, frames)
    }

    /// Takes packets with at most this many frames together. A packet with more frames is taken in
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

    /// Refunds the cost of `written` bytes that were taken and are now written. This does not mark
    /// the task as idle, because it still waits for a poll or for room in the socket.
    ///
    /// Returns whether the connection was behind and no longer is.
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

    /// Waits until the connection is not behind. Dropping the future is safe.
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
                // Created under the lock, so that no notification is missed.
                let mut notified = Box::pin(queue.ready().notified_owned());
                notified.as_mut().enable();
                notified
            };
            notified.await;
        }
    }

    /// Takes the only packet, if there is exactly one and it has one frame: the common case.
    /// Otherwise nothing changes.
    pub(crate) fn take_only_frame(&self) -> Option<EncodedPacket> {
        let mut queue = self.queue.lock();
        let packet = queue.packets.take_only_frame()?;
        queue.before_control = None;
        queue.starts_midway = false;
        queue.large_taken = large(&packet);
        Some(packet)
    }

    /// Refunds the cost of `written` bytes, at the end of a write in place of the task. Returns
    /// whether the task must run: for packets that were queued meanwhile, or because the connection
    /// is no longer behind. If it need not, the next sender wakes it.
    pub(crate) fn finish_write(&self, written: usize) -> bool {
        let mut queue = self.queue.lock();
        let must_run = self.note_written(&mut queue, written) || !queue.packets.is_empty();
        if !must_run {
            self.task_awake.store(false, Ordering::Relaxed);
        }
        must_run
    }

    /// Whether the queue holds more than `max_queued_bytes`. Events of the peer do not start then,
    /// so that a client which requests much does not make the server hold ever more.
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

/// The address and cost of a packet, if its cost is more than [`MAX_TAKEN`].
#[inline]
fn large(packet: &EncodedPacket) -> Option<(usize, usize)> {
    let cost = cost(packet);
    (cost > MAX_TAKEN).then(|| (address_of(packet), cost))
}

/// The address of a packet's bytes, which its clones share.
fn address_of(packet: &EncodedPacket) -> usize {
    packet.first().websocket().as_ptr().addr()
}

/// The cost of a packet in the queue.
pub(crate) fn cost(packet: &EncodedPacket) -> usize {
    packet.size() + PACKET_OVERHEAD
}
