//! Merges the endpoint settings of each path. They are the App's settings, changed by the
//! attributes of the controllers on the path. Controllers that share a path must agree.

use std::collections::BTreeMap;

use super::check::ControllerFault;
use super::registration::Registration;
use super::settings::EndpointConfig;
use crate::gateway::EndpointSetting;

/// The settings of each path.
pub(super) type Endpoints = BTreeMap<String, EndpointConfig>;

/// Merges the settings of each path. Reports settings that contradict each other or cannot work.
///
/// `defaults` are the App's settings. `set_on_builder` contains those that were set on the builder:
/// an attribute must not contradict them.
pub(super) fn merge_settings<'a>(
    defaults: &EndpointConfig,
    set_on_builder: &[EndpointSetting],
    controllers: impl Iterator<Item = (&'a str, &'a Registration)>,
    faults: &mut Vec<ControllerFault>,
) -> Endpoints {
    let mut set_so_far: BTreeMap<&str, Vec<EndpointSetting>> = BTreeMap::new();
    let mut endpoints = Endpoints::new();
    for (path, registration) in controllers {
        let endpoint = endpoints
            .entry(path.to_owned())
            .or_insert_with(|| defaults.clone());
        let set_so_far = set_so_far
            .entry(path)
            .or_insert_with(|| set_on_builder.to_vec());
        for setting in registration.info.endpoint {
            let earlier = set_so_far
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
                    faults.extend(invalid(*setting));
                    endpoint.set(setting.option);
                    set_so_far.push(*setting);
                }
            }
        }
    }
    endpoints
}

/// The fault of a controller's setting that cannot work, regardless of the other settings.
fn invalid(setting: EndpointSetting) -> Option<ControllerFault> {
    let mut config = EndpointConfig::default();
    config.set(setting.option);
    let error = config.faults().into_iter().next()?;
    Some(ControllerFault::InvalidSetting {
        error,
        at: setting.location,
    })
}
