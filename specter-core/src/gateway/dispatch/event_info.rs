//! `EventInfo`: the name and the arguments of an event, for guards, interceptors, error filters and
//! `#[on_error]` handlers.

use std::fmt;

use specter_proto::socketio::Args;

use crate::gateway::declare::descriptor::EventKind;

/// An event's name and arguments. An `#[on_error]` handler takes it as a parameter to learn which
/// event failed.
#[derive(Clone)]
pub struct EventInfo {
    name: Box<str>,
    args: Args,
}

impl EventInfo {
    /// The info of a connect, which has no arguments.
    pub(crate) fn connect() -> Self {
        Self::new(EventKind::Connect.name(), Args::default())
    }

    pub(crate) fn new(name: &str, args: Args) -> Self {
        let name = name.into();
        Self { name, args }
    }

    /// The event's name. It is `connect` at connect and `disconnect` at disconnect.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The event's arguments, not decoded.
    pub fn args(&self) -> &Args {
        &self.args
    }
}

impl fmt::Debug for EventInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventInfo")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
