//! Everything that writes to a client.
//!
//! Senders push packets into the connection's [`queue`](OutgoingQueue). Two parties write them:
//!
//! - the connection's task, at the end of each of its turns (`websocket_writer`). Packets that it
//!   sends during the turn need not pass through the queue: they are collected in the turn's batch
//!   (`write_batch`);
//! - a broadcast (`fan_out`), in place of a task that is idle, with the write half that the task
//!   has parked in the connection's slot (`writer_slot`).
//!
//! The slot's state says at each time which of the two may write. `frame_writer` holds partly
//! written packets; `tcp_writer` is the write half.

pub(crate) mod fan_out;
pub(crate) mod frame_writer;
#[cfg(all(test, feature = "loom"))]
mod model;
pub(crate) mod packet_deque;
mod prefetch;
pub(crate) mod queue;
mod sync;
pub(crate) mod tcp_writer;
pub(crate) mod websocket_writer;
pub(crate) mod write_batch;
mod write_half;
pub(crate) mod writer_slot;

pub use self::prefetch::prefetch_queues;

use self::queue::OutgoingQueue;
use self::tcp_writer::TcpWriter;
use self::write_half::WriteHalf;
use self::writer_slot::WriterSlot;

/// The queue of one connection, and the slot whose state says who may write the queue.
///
/// A broadcast accesses both, so they are adjacent in memory.
pub(crate) struct Outgoing<W = TcpWriter> {
    pub(crate) queue: OutgoingQueue,
    pub(crate) slot: WriterSlot<W>,
}

impl<W> Outgoing<W> {
    pub(crate) fn new(queue: OutgoingQueue) -> Self {
        Self {
            queue,
            slot: WriterSlot::default(),
        }
    }
}

impl<W: WriteHalf> Outgoing<W> {
    /// Writes the queue in place of the task, if the task is idle. Returns whether the task must be
    /// woken.
    pub(crate) fn write_queued(&self) -> bool {
        self.slot.write_queued(&self.queue)
    }
}
