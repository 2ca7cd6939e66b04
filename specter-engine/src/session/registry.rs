//! The open sessions of an endpoint: found by their ids, counted, limited, and closed together.
//!
//! The registry is sharded, so that requests do not wait for each other. Dropping a [`SessionSlot`]
//! frees the session's place, however its task ends.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::close_reason::CloseReason;
use crate::config::EngineConfig;
use crate::connection::Connection;
use crate::random_id::IdHasher;
use crate::random_id::RandomId;
use crate::session::buffer_budget::BufferBudget;
use crate::session::close_counters::CloseCounters;

const SHARDS: usize = 32;

/// Why no further session can be opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CapacityError {
    /// The endpoint is shutting down.
    ShuttingDown,
    /// `max_connections` sessions are open.
    Connections,
    /// `max_connections_per_address` sessions of the client's address are open.
    Address,
}

type Sessions = HashMap<RandomId, Connection, BuildHasherDefault<IdHasher>>;

/// The open sessions of one endpoint.
pub(crate) struct Registry {
    shards: [Mutex<Sessions>; SHARDS],
    addresses: Mutex<HashMap<IpAddr, usize>>,
    /// The number of sessions that requests can find.
    open: AtomicUsize,
    /// The number of taken places: sessions that are being opened, are open, or whose task has not
    /// ended.
    taken: AtomicUsize,
    /// Notified when the last taken place is freed.
    all_free: Notify,
    refusing: AtomicBool,
    /// The number of sessions whose handlers have not finished.
    handlers: AtomicUsize,
    closed: CloseCounters,
    max_connections: usize,
    max_per_address: Option<usize>,
    budget: Arc<BufferBudget>,
}

impl Registry {
    /// The registry of an endpoint whose connections count towards the budget.
    pub(crate) fn new(config: &EngineConfig, budget: Arc<BufferBudget>) -> Arc<Self> {
        Arc::new(Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            addresses: Mutex::default(),
            open: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
            all_free: Notify::new(),
            refusing: AtomicBool::new(false),
            handlers: AtomicUsize::new(0),
            closed: CloseCounters::default(),
            max_connections: config.connection_limit(),
            max_per_address: config.max_connections_per_address,
            budget,
        })
    }

    pub(crate) fn budget(&self) -> &Arc<BufferBudget> {
        &self.budget
    }

    /// The connections of all open sessions.
    pub(crate) fn connections(&self) -> Vec<Connection> {
        let mut connections = Vec::with_capacity(self.open());
        for shard in &self.shards {
            connections.extend(shard.lock().values().cloned());
        }
        connections
    }

    /// Reserves a place for a session that is about to open.
    pub(crate) fn reserve(
        self: &Arc<Self>,
        address: Option<IpAddr>,
    ) -> Result<SessionSlot, CapacityError> {
        if self.refusing.load(Ordering::SeqCst) {
            return Err(CapacityError::ShuttingDown);
        }
        self.budget.run_on_current();
        let mut slot = SessionSlot {
            registry: Arc::clone(self),
            address: None,
            sid: None,
            has_handler: false,
        };
        // From here on, dropping the slot frees what was taken.
        if self.taken.fetch_add(1, Ordering::SeqCst) >= self.max_connections {
            return Err(CapacityError::Connections);
        }
        if let (Some(address), Some(limit)) = (address, self.max_per_address) {
            let mut addresses = self.addresses.lock();
            let address = counted_as(address);
            let count = addresses.entry(address).or_insert(0);
            if *count >= limit {
                return Err(CapacityError::Address);
            }
            *count += 1;
            slot.address = Some(address);
        }
        Ok(slot)
    }

    /// The connection of the session with this id.
    pub(crate) fn find(&self, sid: &str) -> Option<Connection> {
        self.shard(sid.as_bytes())
            .lock()
            .get(sid.as_bytes())
            .cloned()
    }

    /// The number of open sessions.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// The number of sessions that have closed for this reason.
    pub(crate) fn closed(&self, reason: CloseReason) -> u64 {
        self.closed.get(reason)
    }

    /// Rejects new sessions from now on.
    pub(crate) fn refuse(&self) {
        self.refusing.store(true, Ordering::SeqCst);
    }

    /// Closes all sessions, spread over this time, so that their clients do not all reconnect at
    /// once.
    pub(crate) async fn close_all(&self, reason: CloseReason, spread: Duration) {
        self.spread_over(spread, |connection| {
            connection.close(reason);
            if reason == CloseReason::ServerShuttingDown {
                connection.drain();
            }
        })
        .await;
    }

    /// Drains all sessions, spread over this time: each closes when its handlers have finished.
    pub(crate) async fn drain(&self, spread: Duration) {
        self.spread_over(spread, Connection::drain).await;
    }

    /// Closes all sessions without waiting for clients or handlers.
    pub(crate) fn stop_at_once(&self) {
        self.connections().iter().for_each(Connection::stop_at_once);
    }

    /// Wakes the tasks of all sessions.
    pub(crate) fn wake_all(&self) {
        self.connections().iter().for_each(Connection::wake);
    }

    /// The number of sessions whose handlers have not finished.
    pub(crate) fn running_handlers(&self) -> usize {
        self.handlers.load(Ordering::Relaxed)
    }

    async fn spread_over(&self, spread: Duration, act: impl Fn(&Connection)) {
        let connections = self.connections();
        let start = Instant::now();
        let count = u32::try_from(connections.len()).unwrap_or(u32::MAX).max(1);
        for (index, connection) in (0_u32..).zip(connections) {
            let due = start + (spread / count).saturating_mul(index);
            if due > Instant::now() {
                sleep_until(due).await;
            }
            act(&connection);
        }
    }

    /// Waits until no place is taken.
    pub(crate) async fn wait_free(&self) {
        loop {
            let freed = self.all_free.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            if self.taken.load(Ordering::SeqCst) == 0 {
                return;
            }
            freed.await;
        }
    }

    fn shard(&self, sid: &[u8]) -> &Mutex<Sessions> {
        // Every character of an id is random. A text that is no id finds nothing in any shard.
        let index = sid.last().map_or(0, |byte| usize::from(*byte) % SHARDS);
        &self.shards[index]
    }
}

/// The address under which sessions are counted. An IPv6 client can use all addresses with its
/// first 64 bits, so these count as one.
fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() >> 64 << 64;
            IpAddr::V6(network.into())
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// The place of one session in the registry.
pub(crate) struct SessionSlot {
    registry: Arc<Registry>,
    /// The counted address, if addresses are limited.
    address: Option<IpAddr>,
    /// The id of the session while requests can find it.
    sid: Option<RandomId>,
    /// Whether the session's handler has not finished.
    has_handler: bool,
}

impl SessionSlot {
    /// Makes the session findable for requests. An error if the endpoint is shutting down.
    pub(crate) fn enter(&mut self, connection: &Connection) -> Result<(), CapacityError> {
        let sid = connection.id();
        let shard = self.registry.shard(sid.as_str().as_bytes());
        shard.lock().insert(sid, connection.clone());
        self.sid = Some(sid);
        self.has_handler = true;
        self.registry.handlers.fetch_add(1, Ordering::Relaxed);
        self.registry.open.fetch_add(1, Ordering::Relaxed);
        // Either this reads the flag, or the code that has set it finds the session when it closes
        // all.
        if self.registry.refusing.load(Ordering::SeqCst) {
            self.leave();
            return Err(CapacityError::ShuttingDown);
        }
        Ok(())
    }

    /// Counts the session's close.
    pub(crate) fn count_close(&self, reason: CloseReason) {
        self.registry.closed.count(reason);
    }

    /// Records that the session's handler has finished.
    pub(crate) fn handler_is_done(&mut self) {
        if std::mem::take(&mut self.has_handler) {
            self.registry.handlers.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Removes the session, so that requests no longer find it.
    pub(crate) fn leave(&mut self) {
        if let Some(sid) = self.sid.take() {
            let shard = self.registry.shard(sid.as_str().as_bytes());
            let connection = shard.lock().remove(&sid);
            self.registry.open.fetch_sub(1, Ordering::Relaxed);
            drop(connection);
        }
    }
}

impl Drop for SessionSlot {
    fn drop(&mut self) {
        self.leave();
        self.handler_is_done();
        if let Some(address) = self.address {
            let mut addresses = self.registry.addresses.lock();
            if let Some(count) = addresses.get_mut(&address) {
                *count -= 1;
                if *count == 0 {
                    addresses.remove(&address);
                }
            }
        }
        if self.registry.taken.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.registry.all_free.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BufferBudget, CapacityError, Registry};
    use crate::close_reason::CloseReason;
    use crate::config::EngineConfig;
    use crate::detached::detached;
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::time::Instant;

    fn registry(config: &EngineConfig) -> Arc<Registry> {
        Registry::new(config, BufferBudget::without_sweep(usize::MAX))
    }

    #[test]
    fn a_session_is_found_between_entering_and_leaving() {
        let config = EngineConfig::default();
        let registry = registry(&config);
        let connection = detached(&config);
        let mut slot = registry.reserve(None).ok().unwrap();
        assert!(registry.find(connection.sid()).is_none());
        assert_eq!(slot.enter(&connection), Ok(()));
        assert!(registry.find(connection.sid()).is_some());
        assert_eq!(registry.open(), 1);
        slot.leave();
        assert!(registry.find(connection.sid()).is_none());
        assert_eq!(registry.open(), 0);
        for hostile in ["", "x", "__proto__", "ä", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
            assert!(registry.find(hostile).is_none());
        }
    }

    #[test]
    fn places_are_limited_in_all_and_per_address() {
        let config = EngineConfig::default()
            .max_connections(3)
            .max_connections_per_address(2);
        let registry = registry(&config);
        let address = Some("10.0.0.1".parse().unwrap());
        let first = registry.reserve(address).ok().unwrap();
        let _second = registry.reserve(address).ok().unwrap();
        assert_eq!(
            registry.reserve(address).err(),
            Some(CapacityError::Address)
        );
        let third = registry.reserve(None).ok().unwrap();
        assert_eq!(
            registry.reserve(None).err(),
            Some(CapacityError::Connections)
        );
        drop(third);
        assert_eq!(
            registry.reserve(address).err(),
            Some(CapacityError::Address)
        );
        drop(first);
        assert!(registry.reserve(address).is_ok());
    }

    #[test]
    fn addresses_of_one_network_share_their_places() {
        let config = EngineConfig::default().max_connections_per_address(1);
        let registry = registry(&config);
        let reserve = |address: &str| registry.reserve(Some(address.parse().unwrap()));
        let _first = reserve("2001:db8:0:1::1").ok().unwrap();
        let refused = reserve("2001:db8:0:1:ffff::2").err();
        assert_eq!(refused, Some(CapacityError::Address));
        let _other = reserve("2001:db8:0:2::1").ok().unwrap();
        let _ipv4 = reserve("10.0.0.1").ok().unwrap();
        let _next = reserve("10.0.0.2").ok().unwrap();
        assert_eq!(
            reserve("::ffff:10.0.0.1").err(),
            Some(CapacityError::Address)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn closing_all_is_spread_and_ends_when_the_last_place_is_free() {
        let config = EngineConfig::default();
        let registry = registry(&config);
        let mut slots = Vec::new();
        let mut connections = Vec::new();
        for _ in 0..4 {
            let connection = detached(&config);
            let mut slot = registry.reserve(None).ok().unwrap();
            assert_eq!(slot.enter(&connection), Ok(()));
            slots.push(slot);
            connections.push(connection);
        }
        registry.refuse();
        assert_eq!(
            registry.reserve(None).err(),
            Some(CapacityError::ShuttingDown)
        );
        let start = Instant::now();
        let spread = Duration::from_secs(4);
        registry
            .close_all(CloseReason::ServerShuttingDown, spread)
            .await;
        assert_eq!(start.elapsed(), Duration::from_secs(3));
        assert!(connections.iter().all(super::Connection::is_closed));
        let freeing = async {
            tokio::task::yield_now().await;
            slots.clear();
        };
        tokio::join!(registry.wait_free(), freeing);
    }
}
