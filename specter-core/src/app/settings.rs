//! The settings of an application, as plain data: what the builder collects and the wiring applies.

use std::sync::Arc;
use std::time::Duration;

use specter_di::{Graph, Key};
use specter_engine::ConfigError;
use specter_engine::internals::LONGEST;

use super::endpoint_settings::EndpointConfig;
use crate::gateway::{EndpointSetting, Policies};
use crate::rooms::{GroupLimits, RoomLimits};
use crate::socketio::Admission;

/// All settings of an application.
pub(super) struct AppSettings {
    pub(super) graph: Graph,
    pub(super) path: String,
    /// The settings of paths whose controllers change nothing.
    pub(super) endpoint: EndpointConfig,
    /// The endpoint settings that were set on the builder, and where: a controller's attribute must
    /// not contradict them.
    pub(super) chosen: Vec<EndpointSetting>,
    pub(super) rooms: RoomLimits,
    pub(super) groups: GroupLimits,
    pub(super) policies: Policies,
    pub(super) admission: Option<Arc<Admission>>,
    pub(super) shutdown: ShutdownConfig,
    pub(super) accept_backlog: u32,
    /// Guards that a test bypasses.
    pub(super) bypassed_guards: Vec<Key>,
}

impl AppSettings {
    pub(super) fn new(graph: Graph) -> Self {
        Self {
            graph,
            path: "/socket.io/".into(),
            endpoint: EndpointConfig::default(),
            chosen: Vec::new(),
            rooms: RoomLimits::default(),
            groups: GroupLimits::default(),
            policies: Policies::default(),
            admission: None,
            shutdown: ShutdownConfig {
                spread: Duration::from_millis(500),
                limit: Duration::from_secs(30),
            },
            accept_backlog: 4096,
            bypassed_guards: Vec::new(),
        }
    }
}

/// How the application stops.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShutdownConfig {
    /// Transports close staggered over this time, so that clients do not all come back at once.
    pub(super) spread: Duration,
    /// Handlers that run on after this are left behind.
    pub(super) limit: Duration,
}

impl ShutdownConfig {
    pub(super) fn faults(&self) -> Vec<ConfigError> {
        let times = [
            ("shutdown_spread", self.spread),
            ("shutdown_timeout", self.limit),
        ];
        let impossible = times.into_iter().filter(|(_, time)| *time > LONGEST);
        impossible
            .map(|(setting, _)| ConfigError::Duration { setting })
            .collect()
    }
}
