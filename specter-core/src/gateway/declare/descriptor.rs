//! The constants by which the macros describe a controller and its handlers. This file names
//! nothing else of the gateway except the settings of an endpoint.

use std::time::Duration;

use specter_di::Location;

use super::endpoint_setting::EndpointSetting;

/// The arguments of `#[socketio_controller]`.
#[derive(Clone, Copy, Debug)]
pub struct ControllerInfo {
    /// The struct's name.
    pub name: &'static str,
    /// The path of its endpoint; `None` for the App's path.
    pub path: Option<&'static str>,
    /// Its namespace.
    pub namespace: &'static str,
    /// The settings that it changes on its endpoint.
    pub endpoint: &'static [EndpointSetting],
    /// Its priority among the controllers of an event: lower numbers run first.
    pub priority: i32,
    /// The names of events at which its priority differs, and the priority there.
    pub event_priorities: &'static [(&'static str, i32)],
    /// Whether the warning that no module lists it is switched off.
    pub unlisted: bool,
    /// What happens to the socket after a handler has panicked.
    pub on_panic: OnPanic,
    /// The place of the struct in the source.
    pub location: Location,
}

impl ControllerInfo {
    /// The priority at an event, where it differs from the controller's.
    pub(crate) fn event_priority(&self, event: &str) -> Option<i32> {
        let mut priorities = self.event_priorities.iter();
        priorities.find_map(|(name, priority)| (*name == event).then_some(*priority))
    }
}

/// The consequence of a handler's panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnPanic {
    /// The controller continues. Its state may be partly changed.
    Continue,
    /// The socket is disconnected.
    Disconnect,
}

/// The occasion on which a handler is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The client connects.
    Connect,
    /// The client has disconnected.
    Disconnect,
    /// The event of this name.
    Named(&'static str),
    /// Events that no other handler handles.
    Any,
    /// A handler of the same controller has failed.
    Error,
}

impl EventKind {
    /// The name as it is written in `#[on_event]`, or `#[on_error]`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Disconnect => "disconnect",
            Self::Named(name) => name,
            Self::Any => "*",
            Self::Error => "#[on_error]",
        }
    }
}

/// One handler.
#[derive(Clone, Copy, Debug)]
pub struct HandlerInfo {
    /// The occasion on which it is called.
    pub event: EventKind,
    /// The method's name.
    pub method: &'static str,
    /// The method's doc comment.
    pub docs: &'static str,
    /// Its own priority. `None`: that of the controller applies.
    pub priority: Option<i32>,
    /// Whether it runs concurrently with the socket's other events.
    pub concurrent: bool,
    /// Whether it does not suspend, and is therefore called by `call`, not by `start`.
    pub inline: bool,
    /// Whether it runs on the blocking pool, where a running handler cannot be stopped.
    pub blocking: bool,
    /// Its timeout. `None`: no limit.
    pub timeout: Option<Duration>,
    /// The place of the method in the source.
    pub location: Location,
}

impl HandlerInfo {
    /// The first line of its doc comment, if it has one.
    pub(crate) fn summary(&self) -> Option<&'static str> {
        self.docs.lines().next()
    }
}

/// The location of the macro's call.
#[doc(hidden)]
#[macro_export]
macro_rules! __location {
    () => {
        $crate::__private::Location {
            file: ::core::file!(),
            line: ::core::line!(),
            column: ::core::column!(),
        }
    };
}
