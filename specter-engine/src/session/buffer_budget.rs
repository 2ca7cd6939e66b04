//! The budget of bytes that all connections together may hold, and the sweep that closes
//! connections when it is exceeded.
//!
//! Each connection reports what it holds in coarse steps, so that sending a packet touches nothing
//! that connections share. The sum counts a packet once for each queue that holds it, and is
//! therefore only a first alarm: the sweep counts each packet once. Sending never closes another
//! connection; the sweep runs in a task of its own.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::time::sleep;

use crate::close_reason::CloseReason;
use crate::connection::Connection;
use crate::session::registry::Registry;

/// A connection reports what it holds when that has changed by this many bytes since its last
/// report.
const STEP: usize = 16 * 1024;
/// How long a sweep waits before it looks again, while the alarm lasts. After a sweep that closed
/// nobody the next one waits twice as long, up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// How many packets are counted before other tasks have their turn.
const AT_ONCE: usize = 4096;
/// An incoming message, or events that wait, of fewer bytes are never a reason to close a
/// connection.
const LITTLE: usize = 64 * 1024;

/// The limit `max_buffered_total`, and what has been reported towards it.
#[derive(Debug)]
pub struct BufferBudget {
    limit: usize,
    reported: AtomicUsize,
    is_swept: AtomicBool,
    /// What the sweep runs on: senders may be on threads of their own.
    runtime: OnceLock<Handle>,
    registries: Mutex<Vec<Weak<Registry>>>,
}

/// What one connection holds.
#[derive(Debug)]
pub(crate) struct BufferShare {
    budget: Arc<BufferBudget>,
    /// Bytes outside of the outgoing queue.
    other: AtomicUsize,
    reported: AtomicUsize,
}

impl BufferBudget {
    /// A budget of `limit` bytes for all connections that share it.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            reported: AtomicUsize::new(0),
            is_swept: AtomicBool::new(false),
            runtime: OnceLock::new(),
            registries: Mutex::default(),
        })
    }

    /// The setting `max_buffered_total`.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Lets the sweep see the connections of an endpoint.
    pub(crate) fn add(&self, registry: &Arc<Registry>) {
        self.registries.lock().push(Arc::downgrade(registry));
    }

    /// Sweeps run on the runtime that calls this first.
    pub(crate) fn run_on_current(&self) {
        if self.runtime.get().is_none()
            && let Ok(runtime) = Handle::try_current()
        {
            let _ = self.runtime.set(runtime);
        }
    }

    #[cold]
    fn change(self: &Arc<Self>, before: usize, after: usize) {
        if after < before {
            self.reported.fetch_sub(before - after, Ordering::Relaxed);
            return;
        }
        let added = after - before;
        let before = self.reported.fetch_add(added, Ordering::SeqCst);
        // Reports of one connection may overtake each other, so that the sum is below zero for a
        // moment.
        let total = before.wrapping_add(added);
        if total > self.limit
            && let Some(runtime) = self.runtime.get()
            && !self.is_swept.swap(true, Ordering::SeqCst)
        {
            runtime.spawn(sweep_until_it_fits(Arc::clone(self)));
        }
    }

    fn is_exceeded(&self) -> bool {
        self.reported.load(Ordering::SeqCst) > self.limit
    }

    fn connections(&self) -> Vec<Connection> {
        let mut registries = self.registries.lock();
        registries.retain(|registry| registry.strong_count() > 0);
        let registries = registries.iter().filter_map(Weak::upgrade);
        registries
            .flat_map(|registry| registry.connections())
            .collect()
    }

    /// Counts what the connections hold, each packet once, and closes the largest until the rest
    /// fits. Those whose outgoing queues are behind go first; where they are not enough, those that
    /// hold unfinished messages or waiting events. Returns whether one was closed.
    async fn sweep(&self) -> bool {
        let mut packets = SharedPackets::default();
        let mut holders = Vec::new();
        let mut total = 0;
        for connection in self.connections() {
            packets.counted += 1;
            if packets.counted >= AT_ONCE {
                packets.counted = 0;
                tokio::task::yield_now().await;
            }
            let held = connection.queued_bytes() + connection.share().other();
            if held > 0 && !connection.is_closed() {
                total += packets.add(&connection);
                holders.push((held, connection));
            }
        }
        holders.sort_unstable_by_key(|(held, _)| Reverse(*held));
        let behind = |connection: &Connection| connection.is_behind();
        let incoming = |connection: &Connection| {
            !connection.is_behind() && connection.share().other() > LITTLE
        };
        let candidates = holders.iter().filter(|(_, connection)| behind(connection));
        let candidates = candidates.chain(holders.iter().filter(|(_, other)| incoming(other)));
        let mut has_closed = false;
        for (_, connection) in candidates {
            if total <= self.limit {
                break;
            }
            let freed = packets.take_away(connection);
            if freed > 0 {
                total = total.saturating_sub(freed);
                connection.close(CloseReason::BufferLimit);
                has_closed = true;
            }
        }
        has_closed
    }
}

async fn sweep_until_it_fits(budget: Arc<BufferBudget>) {
    let mut sweeping = Sweeping(Arc::clone(&budget));
    let mut pause = PAUSE;
    loop {
        let has_closed = budget.sweep().await;
        // What was closed is freed by the connections' own tasks.
        sleep(pause).await;
        pause = if has_closed {
            PAUSE
        } else {
            (2 * pause).min(LONGEST_PAUSE)
        };
        if budget.is_exceeded() {
            continue;
        }
        drop(sweeping);
        // A report that exceeded the budget just now may have found the sweep still going on.
        if !budget.is_exceeded() || budget.is_swept.swap(true, Ordering::SeqCst) {
            return;
        }
        sweeping = Sweeping(Arc::clone(&budget));
    }
}

/// A sweep that goes on. Another one may begin after it, also where its runtime has ended.
struct Sweeping(Arc<BufferBudget>);

impl Drop for Sweeping {
    fn drop(&mut self) {
        self.0.is_swept.store(false, Ordering::SeqCst);
    }
}

/// Packets that wait in queues, by the address of their bytes.
#[derive(Default)]
struct SharedPackets {
    occurrences: HashMap<usize, Occurrences>,
    /// How many packets and connections were counted since other tasks had their turn.
    counted: usize,
}

#[derive(Default)]
struct Occurrences {
    queues: usize,
    cost: usize,
}

impl SharedPackets {
    /// Adds what a connection holds. Returns how many bytes that adds to the sum.
    fn add(&mut self, connection: &Connection) -> usize {
        let mut shared = 0;
        connection.for_each_packet(|address, cost| {
            self.counted += 1;
            let packet = self.occurrences.entry(address).or_default();
            packet.queues += 1;
            packet.cost = packet.cost.max(cost);
            if packet.queues > 1 {
                shared += cost;
            }
        });
        let held = connection.queued_bytes() + connection.share().other();
        held.saturating_sub(shared)
    }

    /// Takes away what a connection holds. Returns how many bytes are freed by that.
    fn take_away(&mut self, connection: &Connection) -> usize {
        let mut kept_by_others = 0;
        connection.for_each_packet(|address, cost| {
            if let Some(packet) = self.occurrences.get_mut(&address) {
                packet.queues = packet.queues.saturating_sub(1);
                if packet.queues > 0 {
                    kept_by_others += cost;
                }
            }
        });
        let held = connection.queued_bytes() + connection.share().other();
        held.saturating_sub(kept_by_others)
    }
}

impl BufferShare {
    pub(crate) fn new(budget: Arc<BufferBudget>) -> Self {
        Self {
            budget,
            other: AtomicUsize::new(0),
            reported: AtomicUsize::new(0),
        }
    }

    pub(crate) fn budget(&self) -> &Arc<BufferBudget> {
        &self.budget
    }

    /// The outgoing queue holds `queued` bytes now.
    #[inline]
    pub(crate) fn report(&self, queued: usize) {
        let held = queued + self.other.load(Ordering::Relaxed);
        if held.abs_diff(self.reported.load(Ordering::Relaxed)) >= STEP {
            self.report_now(held);
        }
    }

    #[cold]
    fn report_now(&self, held: usize) {
        let before = self.reported.swap(held, Ordering::Relaxed);
        self.budget.change(before, held);
    }

    /// Bytes that are held outside of the outgoing queue: events that wait, unfinished messages,
    /// what is emitted before CONNECT is answered.
    pub(crate) fn other(&self) -> usize {
        self.other.load(Ordering::Relaxed)
    }

    /// `bytes` more are held outside of the queue, which holds `queued`.
    pub(crate) fn add_other(&self, bytes: usize, queued: usize) {
        self.other.fetch_add(bytes, Ordering::Relaxed);
        self.report(queued);
    }

    /// `bytes` less are held outside of the queue, which holds `queued`.
    pub(crate) fn sub_other(&self, bytes: usize, queued: usize) {
        self.other.fetch_sub(bytes, Ordering::Relaxed);
        self.report(queued);
    }
}

impl Drop for BufferShare {
    fn drop(&mut self) {
        let reported = *self.reported.get_mut();
        if reported > 0 {
            self.budget.change(reported, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::BufferBudget;
    use crate::config::EngineConfig;
    use crate::connection::Connection;
    use crate::detached::detached_with;
    use crate::session::registry::{Registry, SessionSlot};
    use specter_proto::engine::{EncodedPacket, Frame};
    use std::sync::Arc;

    const KIB: usize = 1024;

    struct Lab {
        budget: Arc<BufferBudget>,
        connections: Vec<Connection>,
        seats: Vec<SessionSlot>,
    }

    /// A number of connections under one budget, of which each is behind above 32 KiB.
    fn lab(limit: usize, connections: usize) -> Lab {
        let config = EngineConfig::default().max_queued_bytes(32 * KIB);
        let budget = BufferBudget::new(limit);
        let registry = Registry::new(&config, Arc::clone(&budget));
        let mut lab = Lab {
            budget,
            connections: Vec::new(),
            seats: Vec::new(),
        };
        for _ in 0..connections {
            let connection = detached_with(&config, &lab.budget);
            let mut slot = registry.reserve(None).ok().unwrap();
            slot.enter(&connection).unwrap();
            lab.connections.push(connection);
            lab.seats.push(slot);
        }
        lab
    }

    fn packet(kib: usize) -> EncodedPacket {
        Frame::binary_message(&vec![0; kib * KIB]).into()
    }

    fn closed(lab: &Lab) -> Vec<bool> {
        lab.connections.iter().map(Connection::is_closed).collect()
    }

    #[tokio::test]
    async fn the_largest_of_those_that_are_behind_are_closed() {
        let lab = lab(500 * KIB, 4);
        for (connection, kib) in lab.connections.iter().zip([30, 100, 300, 200]) {
            connection.send(packet(kib)).unwrap();
        }
        assert!(lab.budget.is_exceeded());
        assert_eq!(closed(&lab), [false; 4], "sending closes nobody");
        lab.budget.sweep().await;
        assert_eq!(closed(&lab), [false, false, true, false]);
        assert!(!lab.budget.is_exceeded());
        lab.budget.sweep().await;
        assert_eq!(closed(&lab), [false, false, true, false]);
    }

    #[tokio::test]
    async fn a_packet_in_many_queues_counts_once() {
        let lab = lab(500 * KIB, 10);
        let shared = packet(100);
        for connection in &lab.connections {
            connection.send(shared.clone()).unwrap();
        }
        assert!(lab.budget.is_exceeded(), "the alarm counts it for each");
        lab.budget.sweep().await;
        assert_eq!(closed(&lab), [false; 10]);
        // It is being written to half of them.
        for connection in &lab.connections[..5] {
            assert_eq!(connection.outgoing_queue().take(0).len(), 1);
        }
        assert!(!lab.budget.sweep().await);
        assert_eq!(closed(&lab), [false; 10]);
        lab.connections[3].send(packet(450)).unwrap();
        lab.budget.sweep().await;
        let expected: Vec<bool> = (0..10).map(|index| index == 3).collect();
        assert_eq!(closed(&lab), expected);
    }

    #[tokio::test]
    async fn unfinished_messages_count_and_their_holders_go_last() {
        let lab = lab(500 * KIB, 3);
        lab.connections[0].hold(400 * KIB);
        lab.connections[1].hold(300 * KIB);
        lab.connections[2].send(packet(100)).unwrap();
        lab.budget.sweep().await;
        assert_eq!(closed(&lab), [true, false, true]);
    }

    #[tokio::test]
    async fn what_a_connection_reported_is_given_back() {
        let lab = lab(usize::MAX, 3);
        for connection in &lab.connections {
            connection.send(packet(100)).unwrap();
        }
        let budget = Arc::clone(&lab.budget);
        assert_ne!(budget.reported.load(super::Ordering::Relaxed), 0);
        drop(lab);
        assert_eq!(budget.reported.load(super::Ordering::Relaxed), 0);
    }
}
