//! What the log says about an application at its start: the controllers with their events, events
//! that several controllers share, and controllers that no module lists.
//!
//! It is written when the application is served, because `App::listen` may install the subscriber
//! only then.

use std::collections::BTreeMap;

use specter_di::Container;

use super::mount::MountKey;
use super::registration::{ModuleEntry, Registration, controller_at, unlisted};
use super::validation::MountedControllers;
use crate::gateway::{EventKind, HandlerInfo};

/// The controllers of an application, for its log.
pub(super) struct StartupLog {
    pub(super) container: Container,
    pub(super) controllers: MountedControllers,
}

impl StartupLog {
    pub(super) fn write(&self) {
        self.warn_unlisted();
        for (key, indices) in &self.controllers {
            let roots = self.container.roots();
            let registrations = indices
                .iter()
                .filter_map(|index| controller_at(roots, *index));
            let registrations: Vec<_> = registrations.collect();
            for registration in &registrations {
                log_controller(key, registration);
            }
            log_shared_events(key, &registrations);
        }
    }

    fn warn_unlisted(&self) {
        let roots = self.container.roots().iter();
        let listed: Vec<_> = roots
            .filter_map(|root| Some(root.meta::<ModuleEntry>()?.controller()?.type_id))
            .collect();
        for info in unlisted(&listed) {
            tracing::warn!(
                target: "specter::gateway", controller = info.name, at = %info.location,
                "no module lists this controller, so it is not served; list it in `controllers = […]` \
                 of a module, or add `unlisted` to its attribute"
            );
        }
    }
}

fn handlers(registration: &Registration) -> impl Iterator<Item = &'static HandlerInfo> {
    let blocks = registration.blocks.iter();
    blocks.flat_map(|block| block.block.handlers)
}

fn log_controller(key: &MountKey, registration: &Registration) {
    let controller = registration.info.name;
    let events: Vec<_> = handlers(registration)
        .map(|handler| handler.event.name())
        .collect();
    tracing::info!(
        target: "specter::gateway", path = key.path, namespace = key.namespace, controller,
        events = events.join(" "), "controller mounted"
    );
    for handler in handlers(registration) {
        tracing::debug!(
            target: "specter::gateway", controller, event = handler.event.name(),
            method = handler.method, summary = handler.summary(), at = %handler.location,
            "handler registered"
        );
    }
}

/// Logs the events that several controllers of one namespace handle, which may be unintended.
fn log_shared_events(key: &MountKey, registrations: &[&Registration]) {
    let mut controllers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for registration in registrations {
        for handler in handlers(registration) {
            if let EventKind::Named(event) = handler.event {
                let names = controllers.entry(event).or_default();
                names.push(registration.info.name);
            }
        }
    }
    for (event, names) in controllers.iter().filter(|(_, names)| names.len() > 1) {
        tracing::info!(
            target: "specter::gateway", path = key.path, namespace = key.namespace, event,
            controllers = names.join(" "),
            "several controllers handle this event: all of them run, in the order of their \
             `priority`, and the first that returns a value acknowledges it"
        );
    }
}
