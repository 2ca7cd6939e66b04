//! What a connection's own task sends during a turn, gathered to be written in one go.
//!
//! An answer to what was just read needs no place in the queue: the task that sends it is the one
//! that writes it, at the end of its turn. So its bytes go into a buffer of the thread, one packet
//! behind the other. That holds only while the queue is empty and the pen lies on the desk
//! (`link::pen`); for the first packet the desk is reserved, so that nobody else writes what is
//! sent after it. As soon as something stands against it, what was gathered goes into the queue, in
//! front, and what follows behind it: the order is that of the calls, whichever way they took. An
//! answer may also be written straight into that buffer; what is sent while it is written goes
//! before it. It must not know what the packets are.

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::mem;

use bytes::{Buf, Bytes};
use specter_proto::engine::{EncodePacket, Frame, Prepared};

use crate::connection::Connection;
use crate::outgoing::queue;

/// How much is gathered, in bytes as the queue counts them. More goes through the queue.
const MOST: usize = 32 * 1024;
/// A packet that counts for more goes through the queue.
const LARGE: usize = 8 * 1024;
/// A buffer of more is given away with a packet that fills half of it; what lies in a smaller one
/// is copied.
const COPIED: usize = 16 * 1024;
/// The largest buffer that a thread keeps for another turn.
const KEPT: usize = 2 * MOST;

thread_local! {
    static BURST: RefCell<WriteBatch> = const { RefCell::new(WriteBatch::none()) };
}

/// The burst of the connection whose task has its turn on this thread.
struct WriteBatch {
    /// Which connection that is; 0 for none.
    owner: usize,
    /// Its desk is reserved: from the first packet on.
    has_desk: bool,
    bytes: Vec<u8>,
    /// What the queue would have counted.
    cost: usize,
}

/// A turn of the connection's task begins on this thread.
pub(crate) fn begin(connection: &Connection) {
    with(|burst| {
        if burst.owner == 0 {
            debug_assert!(!burst.has_desk && burst.bytes.is_empty());
            burst.owner = connection.address();
        }
    });
}

/// The turn is over, and what was gathered is not written: it goes into the queue.
#[inline(never)]
pub(crate) fn end(connection: &Connection) {
    with(|burst| {
        if burst.owner == connection.address() {
            burst.owner = 0;
            burst.flush_to_queue(connection);
            if burst.bytes.capacity() > KEPT {
                burst.bytes = Vec::new();
            }
            if mem::take(&mut burst.has_desk) {
                connection.outgoing_queue().set_passed_by(false);
            }
        }
    });
}

/// Takes a packet, if the connection has its turn here and nothing stands against it. Else it
/// belongs into the queue.
pub(crate) fn gather(connection: &Connection, packet: &impl EncodePacket) -> bool {
    with(|burst| {
        burst.owner == connection.address() && {
            let cost = packet.size() + queue::PACKET_OVERHEAD;
            let gathers = burst.gathers(connection, cost);
            if gathers {
                packet.append_to(&mut burst.bytes);
                burst.cost += cost;
            } else {
                burst.flush_to_queue(connection);
            }
            gathers
        }
    })
    .unwrap_or(false)
}

/// Has a packet written at the end of what was gathered, if the connection has its turn here and
/// nothing stands against it. `None`: nothing has happened.
///
/// `write` appends it, and leaves the bytes as they were where it fails or panics. What is sent
/// meanwhile goes into the queue, before it.
#[inline]
pub(crate) fn write<E>(
    connection: &Connection,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Option<Result<(), E>> {
    with(|burst| {
        let is_free = burst.owner == connection.address()
            && burst.gathers(connection, queue::PACKET_OVERHEAD);
        is_free.then(|| {
            let start = burst.bytes.len();
            write(&mut burst.bytes)?;
            burst.commit(connection, start);
            Ok(())
        })
    })
    .flatten()
}

/// What was gathered for a connection, in bytes as its queue counts them.
pub(crate) fn cost(connection: &Connection) -> usize {
    let cost = |burst: &mut WriteBatch| (burst.owner == connection.address()).then_some(burst.cost);
    with(cost).flatten().unwrap_or_default()
}

/// Ends the turn and takes what was gathered away, to be written: nothing where it went through the
/// queue after all. The desk is still reserved. `None`: nothing was gathered, and the desk is not.
#[inline]
pub(crate) fn take(connection: &Connection) -> Option<Vec<u8>> {
    with(|burst| {
        if burst.owner != connection.address() {
            return None;
        }
        burst.owner = 0;
        if !mem::take(&mut burst.has_desk) {
            return None;
        }
        burst.cost = 0;
        Some(mem::take(&mut burst.bytes))
    })
    .flatten()
}

/// Keeps the buffer of a burst that was written for the next, unless it has become large.
pub(crate) fn keep(mut buffer: Vec<u8>) {
    if buffer.capacity() <= KEPT {
        buffer.clear();
        with(|burst| burst.bytes = buffer);
    }
}

/// Frames that were gathered, as one packet.
pub(crate) fn packet(gathered: &[u8]) -> Prepared {
    Frame::of_websocket(Bytes::copy_from_slice(gathered)).into()
}

/// `None` while the thread ends, and while a packet is written here: then nothing is gathered.
#[inline]
fn with<R>(change: impl FnOnce(&mut WriteBatch) -> R) -> Option<R> {
    let with = |burst: &RefCell<WriteBatch>| {
        burst
            .try_borrow_mut()
            .ok()
            .map(|mut burst| change(&mut burst))
    };
    BURST.try_with(with).ok().flatten()
}

impl WriteBatch {
    const fn none() -> Self {
        Self {
            owner: 0,
            has_desk: false,
            bytes: Vec::new(),
            cost: 0,
        }
    }

    /// Whether a packet of this cost may be gathered; then the desk is reserved.
    ///
    /// While the pen lies on the desk, and nothing was begun with it, all that is queued is
    /// counted: no bytes are no packets.
    #[inline]
    fn gathers(&mut self, connection: &Connection, cost: usize) -> bool {
        let fits = self.fits(connection, cost);
        if fits && !self.has_desk {
            self.has_desk = connection.desk().reserve(connection.outgoing_queue());
        }
        fits && self.has_desk
    }

    /// Whether so much more is little enough to be gathered, and nobody else's packets wait.
    #[inline]
    fn fits(&self, connection: &Connection, cost: usize) -> bool {
        let queue = connection.outgoing_queue();
        let most = MOST.min(queue.limits().max_queued_bytes / 2);
        let is_little = cost <= LARGE && self.cost + cost <= most;
        is_little && queue.bytes() == 0 && !queue.is_closing()
    }

    /// Counts the packet that was written behind the others. Where it is too large after all, or
    /// others were sent meanwhile, it is queued; a connection that was closed meanwhile takes it no
    /// more.
    #[inline]
    fn commit(&mut self, connection: &Connection, start: usize) {
        let cost = self.bytes.len() - start + queue::PACKET_OVERHEAD;
        if self.fits(connection, cost) {
            self.cost += cost;
        } else {
            self.queue_last(connection, start);
        }
    }

    /// Queues the last packet, as it was sent, behind those before it.
    #[cold]
    fn queue_last(&mut self, connection: &Connection, start: usize) {
        let (before, last) = self.bytes.split_at_checked(start).unwrap_or_default();
        if !before.is_empty() {
            connection.outgoing_queue().push_front(packet(before));
        }
        let capacity = self.bytes.capacity();
        let last = if capacity > COPIED && last.len() >= capacity / 2 {
            let mut bytes = Bytes::from(mem::take(&mut self.bytes));
            bytes.advance(start);
            Frame::of_websocket(bytes).into()
        } else {
            packet(last)
        };
        self.bytes.clear();
        self.cost = 0;
        connection.queue_required(last);
    }

    /// Puts what was gathered into the queue, before all that was sent after it.
    fn flush_to_queue(&mut self, connection: &Connection) {
        if !self.bytes.is_empty() {
            connection.outgoing_queue().push_front(packet(&self.bytes));
            self.bytes.clear();
        }
        self.cost = 0;
    }
}
