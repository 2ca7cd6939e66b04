//! Checks of controllers that the container cannot make, and `ControllerFault`, which reports what
//! they find. All faults are found at start and reported together.

use std::collections::HashMap;
use std::fmt;

use specter_di::Location;

use super::mount::MountKey;
use super::registration::Registration;
use crate::gateway::{EndpointSetting, EventKind, HandlerInfo};
use specter_engine::ConfigError;

/// A fault of a controller, or of several controllers together. Its `Display` text names the places
/// in the source and says what to change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ControllerFault {
    /// A controller has no `#[handlers]` block.
    NoHandlers {
        /// The controller.
        controller: &'static str,
        /// The controller's place.
        at: Location,
    },
    /// Two blocks of one controller handle the same event.
    DuplicateEvent {
        /// The controller.
        controller: &'static str,
        /// The event, as it is written in `#[on_event]`.
        event: &'static str,
        /// The place of the first handler.
        first: Location,
        /// The place of the second handler.
        second: Location,
    },
    /// A controller has a `concurrent` handler in one block and one with `&mut self` in another.
    ConcurrentExclusive {
        /// The controller.
        controller: &'static str,
        /// The place of the concurrent handler.
        concurrent: Location,
        /// The place of the block with a `&mut self` handler.
        exclusive: Location,
    },
    /// Two handlers of one event take `Ack`, but an event has only one acknowledgement.
    AckTakenTwice {
        /// The event.
        event: &'static str,
        /// The place of the first handler.
        first: Location,
        /// The place of the second handler.
        second: Location,
    },
    /// A path that axum's router cannot serve.
    InvalidPath {
        /// The path as it is written.
        path: String,
        /// The place of the controller or event handler that uses the path.
        at: Location,
    },
    /// Two different values for one setting of one path's endpoint: in the attributes of two
    /// controllers, or in an attribute and on the builder.
    ConflictingSetting {
        /// The path.
        path: String,
        /// The setting of the first controller, or of the builder.
        first: EndpointSetting,
        /// The setting of the second controller.
        second: EndpointSetting,
    },
    /// A setting in a controller's attribute has a value that is not allowed.
    InvalidSetting {
        /// Why the value is not allowed.
        error: ConfigError,
        /// The setting's place.
        at: Location,
    },
    /// `event_priorities` names an event that the controller does not handle.
    PriorityWithoutEvent {
        /// The controller.
        controller: &'static str,
        /// The event.
        event: &'static str,
        /// The controller's place.
        at: Location,
    },
    /// The application has no controllers and no event handlers.
    NoControllers {
        /// The App's module.
        module: &'static str,
    },
}

impl ControllerFault {
    /// A stable name of the fault.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoHandlers { .. } => "controller_without_handlers",
            Self::DuplicateEvent { .. } => "event_duplicate",
            Self::ConcurrentExclusive { .. } => "concurrent_with_exclusive",
            Self::AckTakenTwice { .. } => "ack_taken_twice",
            Self::InvalidPath { .. } => "path_invalid",
            Self::ConflictingSetting { .. } => "endpoint_differs",
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
                 controller\n    help: annotate its `impl` block with `#[handlers]`, and methods \
                 in the block with `#[on_event]`"
            ),
            Self::DuplicateEvent {
                controller,
                event,
                first,
                second,
            } => write!(
                f,
                "controller `{controller}` handles `{event}` twice [{code}]\n    {first}: \
                 here\n    {second}: and here\n    help: remove one of the handlers, or \
                 call one from the other"
            ),
            Self::ConcurrentExclusive {
                controller,
                concurrent,
                exclusive,
            } => write!(
                f,
                "controller `{controller}` has a concurrent handler and one with `&mut self` \
                 [{code}]\n    {concurrent}: runs concurrently with other events\n    \
                 {exclusive}: needs exclusive access to the controller\n    help: take `&self` in \
                 all handlers and put fields that change behind a lock, or remove `concurrent`"
            ),
            Self::AckTakenTwice {
                event,
                first,
                second,
            } => write!(
                f,
                "two handlers of `{event}` take `Ack`, but an event has only one acknowledgement \
                 [{code}]\n    {first}: here\n    {second}: and here\n    help: remove the \
                 parameter from one of them; that handler can return its answer instead"
            ),
            Self::InvalidPath { path, at } => write!(
                f,
                "`{path}` is not a valid path [{code}]\n    {at}: used here\n    help: begin the \
                 path with `/`, and remove `//`, spaces, `{{`, `}}`, `*`, `?` and `#`"
            ),
            Self::ConflictingSetting {
                path,
                first,
                second,
            } => write!(
                f,
                "`{path}` has two different settings of `{}` [{code}]\n    {}: `{}` here\n    \
                 {}: `{}` here\n    help: controllers on one path share an endpoint and its \
                 settings: remove one of the two, set both to the same value, or move one \
                 controller to another path",
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
                "controller `{controller}` has a priority for `{event}`, which it does not handle \
                 [{code}]\n    {at}: in its `event_priorities`\n    help: correct the event's \
                 name, or remove it from `event_priorities`"
            ),
            Self::NoControllers { module } => write!(
                f,
                "`{module}` has no controllers [{code}]\n    help: list a controller in the \
                 module: `#[module(controllers = [ChatGateway])]`"
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

/// The handlers of all blocks of a controller.
fn handlers(registration: &Registration) -> impl Iterator<Item = &'static HandlerInfo> {
    registration
        .blocks
        .iter()
        .flat_map(|block| block.block.handlers)
}

/// Checks that at most one handler of an event takes `Ack`, among all controllers of a namespace.
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
