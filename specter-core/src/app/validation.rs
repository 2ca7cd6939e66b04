//! Validates the settings, the graph and the controllers of an application before any part of it
//! starts. All faults are collected and reported together.

use std::collections::BTreeMap;
use std::sync::Arc;

use specter_di::{Plan, Report};

use super::check::{self, ControllerFault};
use super::endpoint_settings::{self, Endpoints};
use super::error::{Error, StartupFaults};
use super::mount::{MountKey, normalize_path};
use super::registration::{EventHandlerEntry, ModuleEntry};
use super::settings::AppSettings;
use crate::gateway::SocketIngress;
use crate::rooms::{BroadcastGroup, Io, Namespace};
use crate::socket::Socket;
use specter_engine::{ConfigError, Handshake};

/// The controllers of each namespace on each path, as indices into the graph's roots, in the order
/// of their priorities. A namespace that only event handlers use has no controllers.
pub(super) type MountedControllers = BTreeMap<MountKey, Vec<usize>>;

/// A validated application, ready to start.
pub(super) struct ValidApp {
    pub(super) plan: Plan,
    pub(super) controllers: MountedControllers,
    pub(super) endpoints: Endpoints,
    pub(super) io: Io,
    pub(super) ingress: SocketIngress,
}

/// Adds the framework's own values to the graph, and checks everything. Takes the graph out of the
/// settings.
pub(super) fn validate(settings: &mut AppSettings) -> Result<ValidApp, Error> {
    if cfg!(panic = "abort") {
        return Err(Error::PanicAbort);
    }
    let (io, ingress) = (Io::default(), SocketIngress::default());
    let mut graph = std::mem::take(&mut settings.graph);
    graph.scope_name("socket");
    // The gateway passes these values in the same order when it opens a socket's scope.
    graph.seed::<Socket>("Socket");
    graph.seed::<Namespace>("Namespace");
    graph.seed::<Arc<Handshake>>("Handshake");
    let groups = BroadcastGroup::new(settings.groups);
    graph.value(io.clone());
    graph.value(groups.clone());
    graph.value(ingress.clone());
    // Also for `Inject<Io>` and `Arc<Io>`, which people write where they inject services.
    graph.provide(io.clone());
    graph.provide(groups);
    graph.provide(ingress.clone());
    let policies = settings.policies.declared();
    for policy in policies.filter(|policy| !settings.bypassed_guards.contains(&policy.key)) {
        graph.require_singleton(policy.role, policy.key, policy.location);
    }

    let app = graph.name();
    let entries: Vec<&ModuleEntry> = graph.root_metas().collect();
    let mut faults = Vec::new();
    if entries.is_empty() {
        faults.push(ControllerFault::NoControllers { module: app });
    }
    let mut controllers = mount_controllers(&entries, &settings.path, &mut faults);
    let mounted = controllers.iter().flat_map(|(key, indices)| {
        let registrations = indices
            .iter()
            .filter_map(|&index| entries[index].controller());
        registrations.map(move |registration| (key, registration))
    });
    check::acknowledgements(mounted.clone(), &mut faults);
    let endpoints = endpoint_settings::merge_settings(
        &settings.endpoint,
        &settings.set_on_builder,
        mounted.map(|(key, registration)| (key.path.as_str(), registration)),
        &mut faults,
    );
    let handlers = entries.iter().filter_map(|entry| entry.handler());
    mount_handlers(handlers, &settings.path, &mut controllers, &mut faults);
    Ok(ValidApp {
        plan: report(app, setting_faults(settings), graph.validate(), faults)?,
        controllers,
        endpoints,
        io,
        ingress,
    })
}

/// Checks each controller by itself, and sorts the controllers by path and namespace.
fn mount_controllers(
    entries: &[&ModuleEntry],
    default_path: &str,
    faults: &mut Vec<ControllerFault>,
) -> MountedControllers {
    let mut controllers = MountedControllers::new();
    for (index, entry) in entries.iter().enumerate() {
        let Some(registration) = entry.controller() else {
            continue;
        };
        check::controller(registration, faults);
        let path = registration.info.path.unwrap_or(default_path);
        let Some(normalized) = normalize_path(path) else {
            faults.push(ControllerFault::InvalidPath {
                path: path.into(),
                at: registration.info.location,
            });
            continue;
        };
        let key = MountKey {
            path: normalized,
            namespace: registration.info.namespace.into(),
        };
        controllers.entry(key).or_default().push(index);
    }
    for indices in controllers.values_mut() {
        // The sort is stable: controllers of the same priority stay in the order of their modules.
        indices.sort_by_key(|&index| {
            let registration = entries[index].controller();
            registration.map(|registration| registration.info.priority)
        });
    }
    controllers
}

/// Adds the namespaces that only event handlers use. These are mounted on the App's path.
fn mount_handlers<'a>(
    handlers: impl Iterator<Item = &'a EventHandlerEntry>,
    default_path: &str,
    controllers: &mut MountedControllers,
    faults: &mut Vec<ControllerFault>,
) {
    for handler in handlers {
        if controllers
            .keys()
            .any(|key| key.namespace == handler.namespace)
        {
            continue;
        }
        match normalize_path(default_path) {
            Some(path) => {
                let namespace = handler.namespace.into();
                controllers.entry(MountKey { path, namespace }).or_default();
            }
            None => faults.push(ControllerFault::InvalidPath {
                path: default_path.into(),
                at: handler.location,
            }),
        }
    }
}

/// The faults of the builder's settings.
fn setting_faults(settings: &AppSettings) -> Vec<ConfigError> {
    let mut faults = settings.endpoint.faults();
    faults.extend(settings.rooms.faults());
    faults.extend(settings.groups.faults());
    faults.extend(settings.shutdown.faults());
    faults
}

/// The plan, or one error with all faults.
fn report(
    app: &'static str,
    settings: Vec<ConfigError>,
    plan: Result<Plan, Report>,
    controllers: Vec<ControllerFault>,
) -> Result<Plan, Error> {
    let (plan, graph) = match plan {
        Ok(plan) => (Some(plan), None),
        Err(report) => (None, Some(report)),
    };
    let faults = StartupFaults {
        app,
        settings,
        graph,
        controllers,
    };
    match plan {
        Some(plan) if faults.is_empty() => Ok(plan),
        _ => Err(Error::Startup(faults)),
    }
}
