//! What a connection's own task sends during a turn, gathered to be written in one go.
//!
//! An answer to what was just read needs no place in the queue: the task that sends it also writes
//! it, at the end of its turn. Its bytes go into a buffer of the thread, one packet after another.
//! That is possible only while the queue is empty and the task can reserve the connection's
//! [`WriterSlot`](super::writer_slot::WriterSlot), so that nobody else writes what is sent later.
//! When either ceases to hold, the batch goes to the front of the queue and later packets behind
//! it: packets keep the order in which they were sent, whichever way they take.
//!
//! A packet may also be encoded straight into the batch. What is sent while it is encoded goes
//! before it.

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

/// The largest batch, in bytes as the queue counts them. More goes through the queue.
const MAX_BATCH: usize = 32 * 1024;
/// A packet that counts for more goes through the queue.
const MAX_PACKET: usize = 8 * 1024;
/// A larger buffer is given away with a packet that fills half of it; from a smaller one the packet
/// is copied.
const MAX_COPIED: usize = 16 * 1024;
/// The largest buffer that a thread keeps for another turn.
const MAX_KEPT: usize = 2 * MAX_BATCH;

thread_local! {
    static BATCH: RefCell<ThreadBatch> = const { RefCell::new(ThreadBatch::none()) };
}

/// The batch of the connection whose task has its turn on this thread.
struct ThreadBatch {
    /// The address of that connection; 0 for none.
    owner: usize,
    batch: WriteBatch,
}

/// The packets of one turn, as they are sent on a WebSocket.
pub(super) struct WriteBatch {
    bytes: Vec<u8>,
    /// What the queue would have counted for them.
    cost: usize,
    /// The slot is reserved: from the first packet until the end of the turn.
    has_reserved: bool,
}

/// A turn of the connection's task begins on this thread.
pub(crate) fn begin_turn(connection: &Connection) {
    with(|thread| {
        if thread.owner == 0 {
            debug_assert!(!thread.batch.has_reserved && thread.batch.bytes.is_empty());
            thread.owner = connection.address();
        }
    });
}

/// The turn is over without a write: its batch goes into the queue.
#[inline(never)]
pub(crate) fn abandon_turn(connection: &Connection) {
    with(|thread| {
        if thread.owner == connection.address() {
            thread.owner = 0;
            thread.batch.abandon(connection.outgoing());
        }
    });
}

/// Ends the turn and takes its batch, which is empty where it went through the queue after all. The
/// slot is still reserved. `None`: the turn had no batch, and the slot is not reserved.
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

/// Appends a packet to the batch of the connection's turn. False where the connection has no turn
/// on this thread, or the packet belongs into the queue.
pub(crate) fn append(connection: &Connection, packet: &impl EncodePacket) -> bool {
    with(|thread| {
        thread.owner == connection.address() && thread.batch.append(connection.outgoing(), packet)
    })
    .unwrap_or(false)
}

/// Has `write` append a packet to the batch of the connection's turn. `None`: nothing has happened,
/// because the connection has no turn on this thread, or the packet belongs into the queue.
///
/// `write` leaves the bytes as they were where it fails or panics. What is sent meanwhile goes into
/// the queue, before the packet.
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

/// What the batch of the connection's turn counts for, in bytes as the queue counts them.
pub(crate) fn cost(connection: &Connection) -> usize {
    with(|thread| (thread.owner == connection.address()).then_some(thread.batch.cost))
        .flatten()
        .unwrap_or_default()
}

/// Keeps the buffer of a batch that was written for the next one, unless it has become large.
pub(super) fn recycle(mut buffer: Vec<u8>) {
    if buffer.capacity() <= MAX_KEPT {
        buffer.clear();
        with(|thread| thread.batch.bytes = buffer);
    }
}

/// The frames of a batch, as one packet.
pub(super) fn packet(batch: &[u8]) -> EncodedPacket {
    Frame::of_websocket(Bytes::copy_from_slice(batch)).into()
}

/// `None` while the thread ends, and while a packet is encoded into the batch: then nothing is
/// appended.
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

    /// Appends a packet, or leaves it to the queue, with what is in the batch before it.
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

    /// Has a packet appended, as [`append_with`](self::append_with). The result of a packet that
    /// was queued after all says whether the task must be woken.
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

    /// Whether a packet of this cost may be appended; then the slot is reserved.
    ///
    /// While the write half is parked, and no packet is written in part, all that is queued is
    /// counted: no bytes are no packets.
    #[inline]
    fn accepts<W: WriteHalf>(&mut self, outgoing: &Outgoing<W>, cost: usize) -> bool {
        let fits = self.fits(outgoing, cost);
        if fits && !self.has_reserved {
            self.has_reserved = outgoing.slot.reserve_for_task();
        }
        fits && self.has_reserved
    }

    /// Whether the batch has room for so much more, and no packets of others wait.
    #[inline]
    fn fits<W>(&self, outgoing: &Outgoing<W>, cost: usize) -> bool {
        let queue = &outgoing.queue;
        let most = MAX_BATCH.min(queue.limits().max_queued_bytes / 2);
        let has_room = cost <= MAX_PACKET && self.cost + cost <= most;
        has_room && queue.bytes() == 0 && !queue.is_closing()
    }

    /// Counts the packet that was encoded behind the others. It is queued where it is too large
    /// after all, or others were sent meanwhile; a connection that was closed meanwhile takes it no
    /// more.
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

    /// Queues the last packet behind what was sent while it was encoded, and the packets before it
    /// in front of that.
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
        // A closed connection needs no packet.
        let pushed = outgoing.queue.push(last, Urgency::Required);
        pushed.unwrap_or_else(|(_, wake)| wake)
    }

    /// Puts the batch into the queue, before all that was sent after it.
    fn flush_to_queue<W>(&mut self, outgoing: &Outgoing<W>) {
        if !self.bytes.is_empty() {
            outgoing.queue.push_front(packet(&self.bytes));
            self.bytes.clear();
        }
        self.cost = 0;
    }
}
