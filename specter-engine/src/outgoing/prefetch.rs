//! Loading the memory of many connections into the processor's cache.
//!
//! A broadcast to many connections meets each of them once, and little of them is in the cache.
//! Read one after another, with locks and system calls between, each read waits for the memory;
//! read in a row, the processor waits for all of them at the same time.

use std::hint;

use crate::connection::Connection;

/// Prefetches what queueing a packet reads of these connections.
pub fn prefetch_queues<'a>(connections: impl IntoIterator<Item = &'a Connection>) {
    prefetch(connections, |connection| {
        let queue = &connection.outgoing().queue;
        queue.bytes() ^ usize::from(queue.is_locked())
    });
}

/// Prefetches what writing the queue reads of these connections.
pub(super) fn prefetch_writers<'a>(connections: impl IntoIterator<Item = &'a Connection>) {
    prefetch(connections, |connection| {
        let outgoing = connection.outgoing();
        outgoing.queue.bytes() ^ usize::from(outgoing.slot.is_locked())
    });
}

fn prefetch<'a>(
    connections: impl IntoIterator<Item = &'a Connection>,
    read: impl Fn(&Connection) -> usize,
) {
    let reads = connections.into_iter().map(read);
    hint::black_box(reads.fold(0, |sum, value| sum ^ value));
}
