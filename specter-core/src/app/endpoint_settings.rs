//! The settings of each path's endpoint: those of the App, changed by the attributes of the
//! controllers on the path. Controllers that share a path must not contradict each other.

use std::collections::BTreeMap;

use super::check::ControllerFault;
use super::registration::Registration;
use crate::gateway::{EndpointOption, EndpointSetting};
use crate::socket::SocketConfig;
use specter_engine::{ConfigError, EngineConfig};

/// The settings of one path.
#[derive(Clone, Default)]
pub(super) struct EndpointConfig {
    pub(super) engine: EngineConfig,
    pub(super) socket: SocketConfig,
}

/// The settings of each path.
pub(super) type Endpoints = BTreeMap<String, EndpointConfig>;

impl EndpointConfig {
    /// Applies one setting.
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

    /// The settings that a controller's attribute can change, in a fixed order.
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

    /// Everything that is wrong with the settings.
    pub(super) fn faults(&self) -> Vec<ConfigError> {
        let mut faults = self.engine.faults();
        faults.extend(self.socket.faults());
        faults
    }
}

/// Merges the settings of each path: the builder's, and those of the attributes of the controllers
/// on the path. `chosen` are the settings that were set on the builder; attributes must not
/// contradict them, nor each other.
pub(super) fn merge_settings<'a>(
    defaults: &EndpointConfig,
    chosen: &[EndpointSetting],
    controllers: impl Iterator<Item = (&'a str, &'a Registration)>,
    faults: &mut Vec<ControllerFault>,
) -> Endpoints {
    let mut applied: BTreeMap<&str, Vec<EndpointSetting>> = BTreeMap::new();
    let mut endpoints = Endpoints::new();
    for (path, registration) in controllers {
        let endpoint = endpoints
            .entry(path.to_owned())
            .or_insert_with(|| defaults.clone());
        let applied = applied.entry(path).or_insert_with(|| chosen.to_vec());
        for setting in registration.info.endpoint {
            let earlier = applied
                .iter()
                .find(|earlier| earlier.option.name() == setting.option.name());
            match earlier {
                Some(earlier) if earlier.option != setting.option => {
                    faults.push(ControllerFault::ConflictingSetting {
                        path: path.into(),
                        first: *earlier,
                        second: *setting,
                    });
                }
                Some(_) => {}
                None => {
                    faults.extend(invalid_setting(*setting));
                    endpoint.set(setting.option);
                    applied.push(*setting);
                }
            }
        }
    }
    endpoints
}

/// The fault of an attribute's setting whose value is not allowed.
fn invalid_setting(setting: EndpointSetting) -> Option<ControllerFault> {
    let mut endpoint = EndpointConfig::default();
    endpoint.set(setting.option);
    let error = endpoint.faults().into_iter().next()?;
    Some(ControllerFault::InvalidSetting {
        error,
        at: setting.location,
    })
}
