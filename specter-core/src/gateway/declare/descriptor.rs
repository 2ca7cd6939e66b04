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
    /// The path that it asks for, else the App's.
    pub path: Option<&'static str>,
    /// Its namespace.
    pub namespace: &'static str,
    /// What it asks of the endpoint on its path.
    pub endpoint: &'static [EndpointSetting],
    /// Its place among the controllers of an event: lower first.
    pub priority: i32,
    /// Its place at single events, where it is another.
    pub event_priorities: &'static [(&'static str, i32)],
    /// Not missed when no module lists it.
    pub unlisted: bool,
    /// What a handler's panic does to the socket.
    pub on_panic: OnPanic,
    /// Where the struct stands.
    pub location: Location,
}

impl ControllerInfo {
    /// Its place at an event, where it is another than its own.
    pub(crate) fn event_priority(&self, event: &str) -> Option<i32> {
        let mut priorities = self.event_priorities.iter();
        priorities.find_map(|(name, priority)| (*name == event).then_some(*priority))
    }
}

/// What a handler's panic does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnPanic {
    /// The controller goes on, its state perhaps half changed.
    Continue,
    /// The socket is disconnected.
    Disconnect,
}

/// What a handler is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The client connects.
    Connect,
    /// The client is gone.
    Disconnect,
    /// The event of this name.
    Named(&'static str),
    /// Events that nobody else handles.
    Any,
    /// A failed handler of the same controller.
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
    /// What it is called for.
    pub event: EventKind,
    /// The method's name.
    pub method: &'static str,
    /// The method's doc comment.
    pub docs: &'static str,
    /// Its own priority, else the controller's.
    pub priority: Option<i32>,
    /// Runs beside the socket's other events.
    pub concurrent: bool,
    /// It is over when it returns: called by `call`, not `start`.
    pub inline: bool,
    /// It runs on the blocking pool, where nothing can end it.
    pub blocking: bool,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// Where the method stands.
    pub location: Location,
}

impl HandlerInfo {
    /// What it is for, in one line: the first of its doc comment, if it has one.
    pub(crate) fn summary(&self) -> Option<&'static str> {
        self.docs.lines().next()
    }
}

/// The place where it is written.
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
