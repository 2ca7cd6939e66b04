//! The settings of an application, as plain data. The builder sets them, the validation checks them
//! and the wiring applies them.

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
    /// The settings of each path's endpoint, before the attributes of controllers change them.
    pub(super) endpoint: EndpointConfig,
    /// The endpoint settings that were set on the builder, with the place of each call. A
    /// controller's attribute must not contradict them.
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
                timeout: Duration::from_secs(30),
            },
            accept_backlog: 4096,
            bypassed_guards: Vec::new(),
        }
    }
}

/// The settings of a graceful shutdown.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShutdownConfig {
    /// The time over which connections are closed, so that clients do not all reconnect at once.
    pub(super) spread: Duration,
    /// The longest time that the whole shutdown may take.
    pub(super) timeout: Duration,
}

impl ShutdownConfig {
    /// The durations that are too long to be meant.
    pub(super) fn faults(&self) -> Vec<ConfigError> {
        let times = [
            ("shutdown_spread", self.spread),
            ("shutdown_timeout", self.timeout),
        ];
        let too_long = times.into_iter().filter(|(_, time)| *time > LONGEST);
        too_long
            .map(|(setting, _)| ConfigError::Duration { setting })
            .collect()
    }
}
