//! The budget of bytes that all connections together may hold, and each connection's share of it.
//!
//! A connection reports what it holds in coarse steps, so that sending a packet touches nothing
//! that connections share. The sum of the reports counts a packet once for each queue that holds
//! it. It is therefore only an alarm; the sweep that it starts (`buffer_sweep`) counts each packet
//! once.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::runtime::Handle;

/// A connection reports what it holds when that has changed by this many bytes since its last
/// report.
const STEP: usize = 16 * 1024;

/// Starts the sweep on this runtime.
type StartSweep = Box<dyn Fn(&Handle) + Send + Sync>;

/// The limit `max_buffered_total`, and the sum of what the connections have reported.
pub(crate) struct BufferBudget {
    limit: usize,
    reported: AtomicUsize,
    is_swept: AtomicBool,
    /// The runtime of the sweep. Packets may be sent from threads outside of it.
    runtime: OnceLock<Handle>,
    start_sweep: StartSweep,
}

/// The bytes that one connection holds.
#[derive(Debug)]
pub(crate) struct BufferShare {
    budget: Arc<BufferBudget>,
    /// Bytes outside of the outgoing queue.
    other: AtomicUsize,
    reported: AtomicUsize,
}

impl BufferBudget {
    /// A budget of `limit` bytes. `start_sweep` is called when it is exceeded.
    pub(crate) fn new(limit: usize, start_sweep: StartSweep) -> Self {
        Self {
            limit,
            reported: AtomicUsize::new(0),
            is_swept: AtomicBool::new(false),
            runtime: OnceLock::new(),
            start_sweep,
        }
    }

    /// A budget whose excess has no consequence, for connections that belong to no endpoint.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn without_sweep(limit: usize) -> Arc<Self> {
        Arc::new(Self::new(limit, Box::new(|_| {})))
    }

    /// The setting `max_buffered_total`.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Sets the runtime of the sweep to the current one, if it is not set.
    pub(crate) fn run_on_current(&self) {
        if self.runtime.get().is_none()
            && let Ok(runtime) = Handle::try_current()
        {
            let _ = self.runtime.set(runtime);
        }
    }

    #[cold]
    fn change(&self, before: usize, after: usize) {
        if after < before {
            self.reported.fetch_sub(before - after, Ordering::Relaxed);
            return;
        }
        let added = after - before;
        let before = self.reported.fetch_add(added, Ordering::SeqCst);
        // The reports of one connection may overtake each other, so that the sum is below zero for
        // a moment.
        let total = before.wrapping_add(added);
        if total > self.limit
            && let Some(runtime) = self.runtime.get()
            && self.begin_sweep()
        {
            (self.start_sweep)(runtime);
        }
    }

    /// Whether the reports exceed the limit.
    pub(super) fn is_exceeded(&self) -> bool {
        self.reported.load(Ordering::SeqCst) > self.limit
    }

    /// Marks the sweep as running. `false` if it already is.
    pub(super) fn begin_sweep(&self) -> bool {
        !self.is_swept.swap(true, Ordering::SeqCst)
    }

    /// Marks the sweep as ended.
    pub(super) fn end_sweep(&self) {
        self.is_swept.store(false, Ordering::SeqCst);
    }

    /// The sum of what the connections have reported.
    #[cfg(test)]
    pub(super) fn reported(&self) -> usize {
        self.reported.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for BufferBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufferBudget")
            .field("limit", &self.limit)
            .field("reported", &self.reported)
            .finish_non_exhaustive()
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

    /// Reports that the outgoing queue now holds `queued` bytes.
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

    /// The bytes outside of the outgoing queue: pending events, unfinished messages, and packets
    /// that are held until CONNECT is answered.
    pub(crate) fn other(&self) -> usize {
        self.other.load(Ordering::Relaxed)
    }

    /// Adds bytes outside of the queue, which holds `queued`.
    pub(crate) fn add_other(&self, bytes: usize, queued: usize) {
        self.other.fetch_add(bytes, Ordering::Relaxed);
        self.report(queued);
    }

    /// Removes bytes outside of the queue, which holds `queued`.
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
