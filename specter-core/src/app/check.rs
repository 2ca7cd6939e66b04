//! The faults of controllers, and the checks that find them at start. The container checks
//! dependencies. This module checks everything else: events, acknowledgements, paths and settings.

use std::collections::HashMap;
use std::fmt;

use specter_di::Location;

use super::mount::MountKey;
use super::registration::Registration;
use crate::gateway::{EndpointSetting, EventKind, HandlerInfo};
use specter_engine::ConfigError;

/// A fault of one or several controllers, found at start.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ControllerFault {
    /// A controller without a `#[handlers]` block.
    NoHandlers {
        /// The controller.
        controller: &'static str,
        /// Its place in the source.
        at: Location,
    },
    /// Two blocks of one controller handle the same event.
    DuplicateEvent {
        /// The controller.
        controller: &'static str,
        /// The event, as it is written in `#[on_event]`.
        event: &'static str,
        /// The place of the first handler in the source.
        first: Location,
        /// The place of the second handler in the source.
        second: Location,
    },
    /// A controller has a `concurrent` handler in one block and one with `&mut self` in another.
    ConcurrentExclusive {
        /// The controller.
        controller: &'static str,
        /// The place of the concurrent handler in the source.
        concurrent: Location,
        /// The place of the block with the `&mut self` handler in the source.
        exclusive: Location,
    },
    /// Two handlers of one event take `Ack`, but only one can send it.
    AckTakenTwice {
        /// The event.
        event: &'static str,
        /// The place of the first handler in the source.
        first: Location,
        /// The place of the second handler in the source.
        second: Location,
    },
    /// A path that cannot be mounted.
    InvalidPath {
        /// The path as written.
        path: String,
        /// Its place in the source.
        at: Location,
    },
    /// Two controllers, or a controller and the builder, set an endpoint setting of one path
    /// differently.
    ConflictingSetting {
        /// The path.
        path: String,
        /// The setting of the first controller, or of the builder.
        first: EndpointSetting,
        /// The setting of the controller that contradicts it.
        second: EndpointSetting,
    },
    /// A controller sets an endpoint setting to a value that cannot work.
    InvalidSetting {
        /// What is wrong.
        error: ConfigError,
        /// The setting's place in the source.
        at: Location,
    },
    /// `event_priorities` names an event that the controller does not handle.
    PriorityWithoutEvent {
        /// The controller.
        controller: &'static str,
        /// The event.
        event: &'static str,
        /// The controller's place in the source.
        at: Location,
    },
    /// The App has no controller and no event handler.
    NoControllers {
        /// The App's module.
        module: &'static str,
    },
}

impl ControllerFault {
    /// A stable name of the fault, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoHandlers { .. } => "controller_without_handlers",
            Self::DuplicateEvent { .. } => "event_duplicate",
            Self::ConcurrentExclusive { .. } => "concurrent_with_exclusive",
            Self::AckTakenTwice { .. } => "ack_taken_twice",
            Self::InvalidPath { .. } => "path_invalid",
            Self::ConflictingSetting { .. } => "setting_conflict",
            Self::InvalidSetting { error, .. } => error.code(),
            Self::PriorityWithoutEvent { .. } => "priority_without_event",
            Self::NoControllers { .. } => "no_controllers",
        }
    }
}

impl fmt::Display for ControllerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code();
        match self {
            Self::NoHandlers { controller, at } => write!(
                f,
                "controller `{controller}` has no handlers [{code}]\n    {at}: the \
                 controller\n    help: mark its impl block with `#[handlers]`, and methods in the \
                 block with `#[on_event(\"…\")]`"
            ),
            Self::DuplicateEvent {
                controller,
                event,
                first,
                second,
            } => write!(
                f,
                "controller `{controller}` handles `{event}` twice [{code}]\n    {first}: \
                 here\n    {second}: and here\n    help: remove one of them, or call one from the other"
            ),
            Self::ConcurrentExclusive {
                controller,
                concurrent,
                exclusive,
            } => write!(
                f,
                "controller `{controller}` has a concurrent handler and one with `&mut self` \
                 [{code}]\n    {concurrent}: runs concurrently with other events\n    \
                 {exclusive}: needs exclusive access to the controller\n    help: take `&self` \
                 in all handlers and put a lock around the state that changes, or remove \
                 `concurrent`"
            ),
            Self::AckTakenTwice {
                event,
                first,
                second,
            } => write!(
                f,
                "two handlers of `{event}` take `Ack`, but only one can send it [{code}]\n    \
                 {first}: here\n    {second}: and here\n    help: remove the `Ack` parameter \
                 from one of them; it may return a value instead"
            ),
            Self::InvalidPath { path, at } => write!(
                f,
                "the path `{path}` cannot be mounted [{code}]\n    {at}: set here\n    help: a \
                 path begins with `/` and contains no `{{`, `}}`, `*`, `?`, `#`, space or `//`"
            ),
            Self::ConflictingSetting {
                path,
                first,
                second,
            } => write!(
                f,
                "`{}` is set differently for the path `{path}` [{code}]\n    {}: `{}` here\n    \
                 {}: `{}` here\n    help: controllers on one path share one endpoint; set it \
                 once, or set the same value, or give one controller its own path",
                first.option.name(),
                first.location,
                first.option,
                second.location,
                second.option
            ),
            Self::InvalidSetting { error, at } => {
                write!(f, "{error} [{code}]\n    {at}: set here")
            }
            Self::PriorityWithoutEvent {
                controller,
                event,
                at,
            } => write!(
                f,
                "controller `{controller}` sets a priority for `{event}`, which it does not handle \
                 [{code}]\n    {at}: in its `event_priorities`\n    help: correct the name, or \
                 remove it"
            ),
            Self::NoControllers { module } => write!(
                f,
                "`{module}` has no controllers and no event handlers [{code}]\n    help: list them \
                 in a module: `#[module(controllers = [ChatGateway])]`"
            ),
        }
    }
}

impl std::error::Error for ControllerFault {}

/// Checks one controller.
pub(super) fn controller(registration: &Registration, faults: &mut Vec<ControllerFault>) {
    let name = registration.info.name;
    if registration.blocks.is_empty() {
        faults.push(ControllerFault::NoHandlers {
            controller: name,
            at: registration.info.location,
        });
    }
    let mut seen: HashMap<&str, &HandlerInfo> = HashMap::new();
    for handler in handlers(registration) {
        let event = handler.event.name();
        match seen.get(event) {
            Some(first) => faults.push(ControllerFault::DuplicateEvent {
                controller: name,
                event,
                first: first.location,
                second: handler.location,
            }),
            None => {
                seen.insert(event, handler);
            }
        }
    }
    for (event, _) in registration.info.event_priorities {
        if !seen.contains_key(event) {
            faults.push(ControllerFault::PriorityWithoutEvent {
                controller: name,
                event,
                at: registration.info.location,
            });
        }
    }
    let concurrent = handlers(registration).find(|handler| handler.concurrent);
    let exclusive = registration
        .blocks
        .iter()
        .find(|block| block.block.exclusive);
    if let (Some(concurrent), Some(exclusive)) = (concurrent, exclusive) {
        faults.push(ControllerFault::ConcurrentExclusive {
            controller: name,
            concurrent: concurrent.location,
            exclusive: exclusive.block.location,
        });
    }
}

fn handlers(registration: &Registration) -> impl Iterator<Item = &'static HandlerInfo> {
    registration
        .blocks
        .iter()
        .flat_map(|block| block.block.handlers)
}

/// Checks that in each namespace at most one handler of an event takes its `Ack`.
pub(super) fn acknowledgements<'a>(
    controllers: impl Iterator<Item = (&'a MountKey, &'a Registration)>,
    faults: &mut Vec<ControllerFault>,
) {
    let mut seen: HashMap<(&MountKey, &str), Location> = HashMap::new();
    for (key, registration) in controllers {
        for block in &registration.blocks {
            let takers = block
                .block
                .handlers
                .iter()
                .zip(&block.takes_ack)
                .filter(|(_, takes)| **takes);
            for (handler, _) in takers {
                let EventKind::Named(event) = handler.event else {
                    continue;
                };
                if let Some(first) = seen.insert((key, event), handler.location) {
                    faults.push(ControllerFault::AckTakenTwice {
                        event,
                        first,
                        second: handler.location,
                    });
                }
            }
        }
    }
}
