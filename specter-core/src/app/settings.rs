//! The settings of an application, as plain data. The builder collects them and the wiring applies
//! them.

use std::sync::Arc;
use std::time::Duration;

use specter_di::{Graph, Key};
use specter_engine::internals::LONGEST;
use specter_engine::{ConfigError, EngineConfig};

use crate::gateway::{EndpointOption, EndpointSetting, Policies};
use crate::rooms::{GroupLimits, RoomLimits};
use crate::socket::SocketConfig;
use crate::socketio::Admission;

/// All settings of an application.
pub(super) struct AppSettings {
    pub(super) graph: Graph,
    pub(super) path: String,
    /// The endpoint settings of all paths, unless an attribute of a controller changes them.
    pub(super) endpoint: EndpointConfig,
    /// The endpoint settings that were set on the builder, with their places in the source. A
    /// controller's attribute must not contradict them.
    pub(super) set_on_builder: Vec<EndpointSetting>,
    pub(super) rooms: RoomLimits,
    pub(super) groups: GroupLimits,
    pub(super) policies: Policies,
    pub(super) admission: Option<Arc<Admission>>,
    pub(super) shutdown: ShutdownConfig,
    pub(super) accept_backlog: u32,
    pub(super) log_to_stderr: bool,
    /// The keys of guards that a test has switched off.
    pub(super) bypassed_guards: Vec<Key>,
}

/// The settings of the endpoint on one path.
#[derive(Clone, Default)]
pub(super) struct EndpointConfig {
    pub(super) engine: EngineConfig,
    pub(super) socket: SocketConfig,
}

impl EndpointConfig {
    pub(super) fn set(&mut self, option: EndpointOption) {
        match option {
            EndpointOption::PingInterval(time) => self.engine.ping_interval = time,
            EndpointOption::PingTimeout(time) => self.engine.ping_timeout = time,
            EndpointOption::UpgradeTimeout(time) => self.engine.upgrade_timeout = time,
            EndpointOption::ConnectTimeout(time) => self.socket.connect_timeout = time,
            EndpointOption::MaxPayload(bytes) => self.engine.max_payload = bytes,
            EndpointOption::MaxQueuedBytes(bytes) => self.engine.max_queued_bytes = bytes,
        }
    }

    /// The settings that a controller's attribute can set, in a fixed order.
    pub(super) fn options(&self) -> [EndpointOption; 6] {
        [
            EndpointOption::PingInterval(self.engine.ping_interval),
            EndpointOption::PingTimeout(self.engine.ping_timeout),
            EndpointOption::UpgradeTimeout(self.engine.upgrade_timeout),
            EndpointOption::ConnectTimeout(self.socket.connect_timeout),
            EndpointOption::MaxPayload(self.engine.max_payload),
            EndpointOption::MaxQueuedBytes(self.engine.max_queued_bytes),
        ]
    }

    pub(super) fn faults(&self) -> Vec<ConfigError> {
        let mut faults = self.engine.faults();
        faults.extend(self.socket.faults());
        faults
    }
}

impl AppSettings {
    pub(super) fn new(graph: Graph) -> Self {
        Self {
            graph,
            path: "/socket.io/".into(),
            endpoint: EndpointConfig::default(),
            set_on_builder: Vec::new(),
            rooms: RoomLimits::default(),
            groups: GroupLimits::default(),
            policies: Policies::default(),
            admission: None,
            shutdown: ShutdownConfig {
                spread: Duration::from_millis(500),
                timeout: Duration::from_secs(30),
            },
            accept_backlog: 4096,
            log_to_stderr: true,
            bypassed_guards: Vec::new(),
        }
    }
}

/// The times of a graceful shutdown.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShutdownConfig {
    /// The time over which the closes of the connections are spread, so that clients do not all
    /// reconnect at once.
    pub(super) spread: Duration,
    /// The time limit of the whole shutdown.
    pub(super) timeout: Duration,
}

impl ShutdownConfig {
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
