//! What the macros say about a controller and its handlers: plain constants, which name nothing
//! else of the gateway but the settings of an endpoint.

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
    /// The settings of the endpoint that it changes.
    pub endpoint: &'static [EndpointSetting],
    /// Its priority among the controllers of an event: lower ones first.
    pub priority: i32,
    /// Its priority at single events, where that differs.
    pub event_priorities: &'static [(&'static str, i32)],
    /// No warning is logged when no module lists it.
    pub unlisted: bool,
    /// What a handler's panic does to the socket.
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
    /// The controller continues, with state that may be half changed.
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
    /// Events that nobody else handles.
    Any,
    /// A handler of the same controller has failed.
    Error,
}

impl EventKind {
    /// The name as it is written in `#[on_event]`.
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
    /// Its own priority; `None` for the controller's.
    pub priority: Option<i32>,
    /// Runs concurrently with the socket's other events.
    pub concurrent: bool,
    /// It does not suspend: it is called by `call`, not by `start`.
    pub inline: bool,
    /// It runs on the blocking pool, where nothing can end it.
    pub blocking: bool,
    /// Its timeout.
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
