//! The state of an endpoint, which its clones and its requests share.

use std::sync::Arc;

use crate::config::EngineConfig;
use crate::http::client_address::TrustedProxies;
use crate::http::cors::Origins;
use crate::http::rejection_counters::RejectionCounters;
use crate::session::buffer_sweep::SharedBudget;
use crate::session::registry::Registry;

/// The shared state of an endpoint.
pub(crate) struct EndpointState<A> {
    pub(crate) acceptor: A,
    pub(crate) config: Arc<EngineConfig>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) origins: Origins,
    pub(crate) proxies: TrustedProxies,
    pub(crate) rejections: RejectionCounters,
    /// Kept alive for the sweep, which closes connections when the budget is exceeded.
    _budget: Arc<SharedBudget>,
}

impl<A> EndpointState<A> {
    pub(crate) fn new(acceptor: A, config: EngineConfig, budget: Arc<SharedBudget>) -> Self {
        let registry = Registry::new(&config, Arc::clone(budget.budget()));
        budget.add(&registry);
        Self {
            acceptor,
            registry,
            origins: Origins::new(&config),
            proxies: TrustedProxies::new(&config),
            rejections: RejectionCounters::default(),
            config: Arc::new(config),
            _budget: budget,
        }
    }
}

impl<A> std::fmt::Debug for EndpointState<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint")
            .field("connections", &self.registry.open())
            .finish_non_exhaustive()
    }
}
