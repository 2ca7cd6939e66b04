//! Counts rejected requests by their code.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::http::rejection::Rejection;

/// The number of rejected requests by code. The number of codes is fixed.
#[derive(Debug, Default)]
pub(crate) struct RejectionCounters(Mutex<BTreeMap<&'static str, u64>>);

impl RejectionCounters {
    /// Counts one request.
    pub(crate) fn count(&self, refused: &Rejection) {
        let mut counts = self.0.lock();
        let count = counts.entry(refused.code()).or_insert(0);
        *count = count.saturating_add(1);
    }

    /// All counts, by code.
    pub(crate) fn all(&self) -> Vec<(&'static str, u64)> {
        let counts = self.0.lock();
        counts.iter().map(|(code, count)| (*code, *count)).collect()
    }
}
