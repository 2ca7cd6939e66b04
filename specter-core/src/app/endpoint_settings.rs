//! The settings of each path: those of the App, changed by the attributes of the controllers on the
//! path. Controllers that share a path must agree.

use std::collections::BTreeMap;

use super::check::ControllerFault;
use super::registration::Registration;
use super::settings::AppSettings;
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

    /// All that a controller could ask for, in a fixed order.
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

/// Puts together what is said of each path, and reports what does not go together, or cannot work.
pub(super) fn merge_settings<'a>(
    settings: &AppSettings,
    controllers: impl Iterator<Item = (&'a str, &'a Registration)>,
    faults: &mut Vec<ControllerFault>,
) -> Endpoints {
    let mut said: BTreeMap<&str, Vec<EndpointSetting>> = BTreeMap::new();
    let mut endpoints = Endpoints::new();
    for (path, registration) in controllers {
        let endpoint = endpoints
            .entry(path.to_owned())
            .or_insert_with(|| settings.endpoint.clone());
        let said = said.entry(path).or_insert_with(|| settings.chosen.clone());
        for setting in registration.info.endpoint {
            let earlier = said
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
                    faults.extend(impossible(*setting));
                    endpoint.set(setting.option);
                    said.push(*setting);
                }
            }
        }
    }
    endpoints
}

/// What is wrong with a controller's setting by itself.
fn impossible(setting: EndpointSetting) -> Option<ControllerFault> {
    let mut alone = EndpointConfig::default();
    alone.set(setting.option);
    let error = alone.faults().into_iter().next()?;
    Some(ControllerFault::InvalidSetting {
        error,
        at: setting.location,
    })
}
