//! Loads the memory of many connections into the processor's cache before a broadcast accesses it.
//!
//! A broadcast accesses each of many connections once, and most of them are not in the cache. If it
//! accesses them one after another, with locks and system calls in between, each access waits for
//! memory. If it reads them in a row first, the processor waits for all of them at the same time.

use std::hint;

use crate::connection::Connection;

/// Prefetches the fields of these connections that queueing a packet reads.
pub fn prefetch_queues<'a>(connections: impl IntoIterator<Item = &'a Connection>) {
    prefetch(connections, |connection| {
        let queue = &connection.outgoing().queue;
        queue.bytes() ^ usize::from(queue.is_locked())
    });
}

/// Prefetches the fields of these connections that writing the queue reads.
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
