//! The batch of packets that a connection's own task sends during a turn, which are written
//! together at its end.
//!
//! A reply to an event that was just read does not need the queue: the task that sends it also
//! writes it, at the end of its turn. Its bytes are appended to a buffer of the thread. This is
//! possible only while the queue is empty and the task can reserve the connection's
//! [`WriterSlot`](super::writer_slot::WriterSlot), so that nobody else writes packets that are sent
//! later. When one of these conditions ends, the batch is put at the front of the queue, and later
//! packets after it.
//! Packets therefore keep the order in which they were sent.
//!
//! A packet may also be encoded directly into the batch. Packets that are sent while it is encoded
//! come before it.

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::mem;

use bytes::{Buf, Bytes};
use specter_proto::engine::{EncodePacket, EncodedPacket, Frame};

use super::Outgoing;
use super::queue::limits::Urgency;
use super::queue::{PACKET_OVERHEAD, Wake};
use super::write_half::WriteHalf;
use crate::connection::Connection;

/// The largest batch, as the queue counts its bytes. Further packets are queued.
const MAX_BATCH: usize = 32 * 1024;
/// A packet with a higher cost is queued.
const MAX_PACKET: usize = 8 * 1024;
/// When the last packet of a batch is queued by itself, it is copied out of a buffer of up to this
/// size. A larger buffer becomes the packet's own if the packet fills at least half of it.
const MAX_COPIED: usize = 16 * 1024;
/// The largest buffer that a thread keeps for later turns.
const MAX_KEPT: usize = 2 * MAX_BATCH;

thread_local! {
    static BATCH: RefCell<ThreadBatch> = const { RefCell::new(ThreadBatch::none()) };
}

/// The batch of the connection that has its turn on this thread.
struct ThreadBatch {
    /// The address of that connection; 0 for none.
    owner: usize,
    batch: WriteBatch,
}

/// The packets of one turn, encoded as WebSocket frames.
pub(super) struct WriteBatch {
    bytes: Vec<u8>,
    /// Their cost, as the queue counts it.
    cost: usize,
    /// Whether the slot is reserved: from the first packet until the end of the turn.
    has_reserved: bool,
}

/// Starts a turn of the connection's task on this thread.
pub(crate) fn begin_turn(connection: &Connection) {
    with(|thread| {
        if thread.owner == 0 {
            debug_assert!(!thread.batch.has_reserved && thread.batch.bytes.is_empty());
            thread.owner = connection.address();
        }
    });
}

/// Ends the turn without a write: its batch is queued.
#[inline(never)]
pub(crate) fn abandon_turn(connection: &Connection) {
    with(|thread| {
        if thread.owner == connection.address() {
            thread.owner = 0;
            thread.batch.abandon(connection.outgoing());
        }
    });
}

/// Ends the turn and takes its batch, which is empty if it has been queued. The slot is still
/// reserved. `None`: the turn had no batch, and the slot is not reserved.
#[inline]
pub(crate) fn take(connection: &Connection) -> Option<Vec<u8>> {
    with(|thread| {
        if thread.owner != connection.address() {
            return None;
        }
        thread.owner = 0;
        thread.batch.take()
    })
    .flatten()
}

/// Appends a packet to the batch of the connection's turn. `false` if the connection has no turn on
/// this thread, or the packet must be queued.
pub(crate) fn append(connection: &Connection, packet: &impl EncodePacket) -> bool {
    with(|thread| {
        thread.owner == connection.address() && thread.batch.append(connection.outgoing(), packet)
    })
    .unwrap_or(false)
}

/// Calls `write` to append a packet to the batch of the connection's turn. `None`: nothing
/// happened, because the connection has no turn on this thread or the packet must be queued.
///
/// If `write` fails or panics, it must leave the buffer unchanged. Packets that are sent meanwhile
/// are queued, before this packet.
#[inline]
pub(crate) fn append_with<E>(
    connection: &Connection,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Option<Result<(), E>> {
    let appended = with(|thread| {
        if thread.owner != connection.address() {
            return None;
        }
        thread.batch.append_with(connection.outgoing(), write)
    });
    let wake = appended.flatten()?;
    Some(wake.map(|wake| connection.wake_if(wake)))
}

/// The cost of the batch of the connection's turn, as the queue counts it.
pub(crate) fn cost(connection: &Connection) -> usize {
    with(|thread| (thread.owner == connection.address()).then_some(thread.batch.cost))
        .flatten()
        .unwrap_or_default()
}

/// Keeps the buffer of a written batch for reuse, unless it is too large.
pub(super) fn recycle(mut buffer: Vec<u8>) {
    if buffer.capacity() <= MAX_KEPT {
        buffer.clear();
        with(|thread| thread.batch.bytes = buffer);
    }
}

/// The frames of a batch as one packet.
pub(super) fn packet(batch: &[u8]) -> EncodedPacket {
    Frame::of_websocket(Bytes::copy_from_slice(batch)).into()
}

/// Calls `change` with the thread's batch. `None` while the thread ends, and while a packet is
/// being encoded into the batch: nothing is appended then.
#[inline]
fn with<R>(change: impl FnOnce(&mut ThreadBatch) -> R) -> Option<R> {
    let with = |thread: &RefCell<ThreadBatch>| {
        let mut thread = thread.try_borrow_mut().ok()?;
        Some(change(&mut thread))
    };
    BATCH.try_with(with).ok().flatten()
}

impl ThreadBatch {
    const fn none() -> Self {
        Self {
            owner: 0,
            batch: WriteBatch::new(),
        }
    }
}

impl WriteBatch {
    pub(super) const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            cost: 0,
            has_reserved: false,
        }
    }

    /// Appends a packet. If that is not possible, the batch is queued, and the caller queues the
    /// packet.
    #[inline]
    pub(super) fn append<W: WriteHalf>(
        &mut self,
        outgoing: &Outgoing<W>,
        packet: &impl EncodePacket,
    ) -> bool {
        let cost = packet.size() + PACKET_OVERHEAD;
        let is_accepted = self.accepts(outgoing, cost);
        if is_accepted {
            packet.append_to(&mut self.bytes);
            self.cost += cost;
        } else {
            self.flush_to_queue(outgoing);
        }
        is_accepted
    }

    /// Appends a packet by calling `write`, as [`append_with`](self::append_with). If the packet
    /// was queued after all, the result says whether the task must be woken.
    #[inline]
    fn append_with<W: WriteHalf, E>(
        &mut self,
        outgoing: &Outgoing<W>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Option<Result<Wake, E>> {
        self.accepts(outgoing, PACKET_OVERHEAD).then(|| {
            let start = self.bytes.len();
            write(&mut self.bytes)?;
            Ok(self.commit(outgoing, start))
        })
    }

    /// Ends the turn without a write.
    fn abandon<W: WriteHalf>(&mut self, outgoing: &Outgoing<W>) {
        self.flush_to_queue(outgoing);
        if self.bytes.capacity() > MAX_KEPT {
            self.bytes = Vec::new();
        }
        if mem::take(&mut self.has_reserved) {
            outgoing.slot.release();
        }
    }

    /// Takes the batch. `None`: there is none, and the slot is not reserved.
    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        if !mem::take(&mut self.has_reserved) {
            return None;
        }
        self.cost = 0;
        Some(mem::take(&mut self.bytes))
    }

    /// Whether a packet of this cost may be appended. If so, the slot is reserved.
    ///
    /// While the write half is parked and no packet is partly written, everything queued is
    /// counted. A cost of 0 therefore means that the queue is empty.
    #[inline]
    fn accepts<W: WriteHalf>(&mut self, outgoing: &Outgoing<W>, cost: usize) -> bool {
        let fits = self.fits(outgoing, cost);
        if fits && !self.has_reserved {
            self.has_reserved = outgoing.slot.reserve_for_task();
        }
        fits && self.has_reserved
    }

    /// Whether the batch has room for this cost, and the queue is empty.
    #[inline]
    fn fits<W>(&self, outgoing: &Outgoing<W>, cost: usize) -> bool {
        let queue = &outgoing.queue;
        let most = MAX_BATCH.min(queue.limits().max_queued_bytes / 2);
        let has_room = cost <= MAX_PACKET && self.cost + cost <= most;
        has_room && queue.bytes() == 0 && !queue.is_closing()
    }

    /// Adds the cost of the packet that was encoded after the others. The packet is queued if it
    /// turns out to be too large or if packets were queued meanwhile; if the connection was closed
    /// meanwhile, it is dropped.
    #[inline]
    fn commit<W>(&mut self, outgoing: &Outgoing<W>, start: usize) -> Wake {
        let cost = self.bytes.len() - start + PACKET_OVERHEAD;
        if self.fits(outgoing, cost) {
            self.cost += cost;
            Wake::No
        } else {
            self.queue_last(outgoing, start)
        }
    }

    /// Queues the last packet after those that were sent while it was encoded, and the batch before
    /// them.
    #[cold]
    fn queue_last<W>(&mut self, outgoing: &Outgoing<W>, start: usize) -> Wake {
        let (before, last) = self.bytes.split_at_checked(start).unwrap_or_default();
        if !before.is_empty() {
            outgoing.queue.push_front(packet(before));
        }
        let capacity = self.bytes.capacity();
        let last = if capacity > MAX_COPIED && last.len() >= capacity / 2 {
            let mut bytes = Bytes::from(mem::take(&mut self.bytes));
            bytes.advance(start);
            Frame::of_websocket(bytes).into()
        } else {
            packet(last)
        };
        self.bytes.clear();
        self.cost = 0;
        // Fails if the connection is closed: it needs no packet then.
        let pushed = outgoing.queue.push(last, Urgency::Required);
        pushed.unwrap_or_else(|(_, wake)| wake)
    }

    /// Puts the batch into the queue, before everything that was sent after it.
    fn flush_to_queue<W>(&mut self, outgoing: &Outgoing<W>) {
        if !self.bytes.is_empty() {
            outgoing.queue.push_front(packet(&self.bytes));
            self.bytes.clear();
        }
        self.cost = 0;
    }
}
