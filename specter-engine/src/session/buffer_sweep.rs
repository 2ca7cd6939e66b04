//! The sweep, which closes connections when all of them together hold more than
//! `max_buffered_total`.
//!
//! Sending a packet never closes another connection: the sweep runs in a task of its own, which the
//! budget starts when it is exceeded.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::sleep;

use crate::close_reason::CloseReason;
use crate::connection::Connection;
use crate::session::buffer_budget::BufferBudget;
use crate::session::registry::Registry;

/// The pause between two sweeps while the budget is exceeded. After a sweep that closed no
/// connection, the pause doubles, up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// How many packets are counted before the sweep yields to other tasks.
const AT_ONCE: usize = 4096;
/// A connection that holds fewer bytes of unfinished messages and pending events is never closed
/// for them.
const LITTLE: usize = 64 * 1024;

/// The budget that endpoints share, with the connections that the sweep may close.
#[derive(Debug)]
pub struct SharedBudget {
    budget: Arc<BufferBudget>,
    registries: Mutex<Vec<Weak<Registry>>>,
}

impl SharedBudget {
    /// A budget of `limit` bytes for all endpoints that share it.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new_cyclic(|shared: &Weak<Self>| {
            let shared = shared.clone();
            let start_sweep = Box::new(move |runtime: &tokio::runtime::Handle| {
                // `None` once the last endpoint is dropped: then there is nothing to sweep.
                if let Some(shared) = shared.upgrade() {
                    runtime.spawn(sweep_until_it_fits(shared));
                }
            });
            Self {
                budget: Arc::new(BufferBudget::new(limit, start_sweep)),
                registries: Mutex::default(),
            }
        })
    }

    pub(crate) fn budget(&self) -> &Arc<BufferBudget> {
        &self.budget
    }

    /// Includes the connections of an endpoint in the sweep.
    pub(crate) fn add(&self, registry: &Arc<Registry>) {
        self.registries.lock().push(Arc::downgrade(registry));
    }

    fn connections(&self) -> Vec<Connection> {
        let mut registries = self.registries.lock();
        registries.retain(|registry| registry.strong_count() > 0);
        let registries = registries.iter().filter_map(Weak::upgrade);
        registries
            .flat_map(|registry| registry.connections())
            .collect()
    }

    /// Counts what the connections hold, each packet once, and closes the largest connections until
    /// the rest fits the budget: first those whose outgoing queues are behind, then those that hold
    /// unfinished messages or pending events. Returns whether it has closed one.
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
            if total <= self.budget.limit() {
                break;
            }
            let freed = packets.remove(connection);
            if freed > 0 {
                total = total.saturating_sub(freed);
                connection.close(CloseReason::BufferLimit);
                has_closed = true;
            }
        }
        has_closed
    }
}

async fn sweep_until_it_fits(shared: Arc<SharedBudget>) {
    let budget = &shared.budget;
    let mut running = RunningSweep(Arc::clone(budget));
    let mut pause = PAUSE;
    loop {
        let has_closed = shared.sweep().await;
        // The tasks of the closed connections free what these held.
        sleep(pause).await;
        pause = if has_closed {
            PAUSE
        } else {
            (2 * pause).min(LONGEST_PAUSE)
        };
        if budget.is_exceeded() {
            continue;
        }
        drop(running);
        // A report that exceeded the budget just now may have found the sweep still marked as
        // running.
        if !budget.is_exceeded() || !budget.begin_sweep() {
            return;
        }
        running = RunningSweep(Arc::clone(budget));
    }
}

/// Marks the sweep as ended when it is dropped, also if its runtime shuts down.
struct RunningSweep(Arc<BufferBudget>);

impl Drop for RunningSweep {
    fn drop(&mut self) {
        self.0.end_sweep();
    }
}

/// The packets in all queues, by the address of their bytes.
#[derive(Default)]
struct SharedPackets {
    occurrences: HashMap<usize, Occurrences>,
    /// How many packets and connections were counted since the sweep yielded.
    counted: usize,
}

#[derive(Default)]
struct Occurrences {
    queues: usize,
    cost: usize,
}

impl SharedPackets {
    /// Adds what a connection holds. Returns by how many bytes the sum grows.
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

    /// Removes what a connection holds. Returns how many bytes that frees.
    fn remove(&mut self, connection: &Connection) -> usize {
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

#[cfg(test)]
mod tests {
    use super::SharedBudget;
    use crate::config::EngineConfig;
    use crate::connection::Connection;
    use crate::detached::detached_with;
    use crate::session::registry::{Registry, SessionSlot};
    use specter_proto::engine::{EncodedPacket, Frame};
    use std::sync::Arc;

    const KIB: usize = 1024;

    struct Lab {
        budget: Arc<SharedBudget>,
        connections: Vec<Connection>,
        slots: Vec<SessionSlot>,
    }

    /// A number of connections under one budget, of which each is behind above 32 KiB.
    fn lab(limit: usize, connections: usize) -> Lab {
        let config = EngineConfig::default().max_queued_bytes(32 * KIB);
        let budget = SharedBudget::new(limit);
        let registry = Registry::new(&config, Arc::clone(budget.budget()));
        budget.add(&registry);
        let mut lab = Lab {
            budget,
            connections: Vec::new(),
            slots: Vec::new(),
        };
        for _ in 0..connections {
            let connection = detached_with(&config, lab.budget.budget());
            let mut slot = registry.reserve(None).ok().unwrap();
            slot.enter(&connection).unwrap();
            lab.connections.push(connection);
            lab.slots.push(slot);
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
        assert!(lab.budget.budget.is_exceeded());
        assert_eq!(closed(&lab), [false; 4], "sending closes no connection");
        lab.budget.sweep().await;
        assert_eq!(closed(&lab), [false, false, true, false]);
        assert!(!lab.budget.budget.is_exceeded());
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
        assert!(
            lab.budget.budget.is_exceeded(),
            "the alarm counts it for each queue"
        );
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
    async fn unfinished_messages_count_and_their_holders_are_closed_last() {
        let lab = lab(500 * KIB, 3);
        lab.connections[0].hold(400 * KIB);
        lab.connections[1].hold(300 * KIB);
        lab.connections[2].send(packet(100)).unwrap();
        lab.budget.sweep().await;
        assert_eq!(closed(&lab), [true, false, true]);
    }

    #[tokio::test]
    async fn the_report_of_a_dropped_connection_is_removed() {
        let lab = lab(usize::MAX, 3);
        for connection in &lab.connections {
            connection.send(packet(100)).unwrap();
        }
        let budget = Arc::clone(lab.budget.budget());
        assert_ne!(budget.reported(), 0);
        drop(lab);
        assert_eq!(budget.reported(), 0);
    }
}
