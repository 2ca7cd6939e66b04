//! `EventInfo`: the name and the arguments of an event, for those who are notified of it besides
//! its handlers.

use std::fmt;

use specter_proto::socketio::Args;

use crate::gateway::declare::descriptor::EventKind;

/// What an `#[on_error]` handler takes to know which event failed.
#[derive(Clone)]
pub struct EventInfo {
    name: Box<str>,
    args: Args,
}

impl EventInfo {
    /// What happens at connect.
    pub(crate) fn connect() -> Self {
        Self::new(EventKind::Connect.name(), Args::default())
    }

    pub(crate) fn new(name: &str, args: Args) -> Self {
        let name = name.into();
        Self { name, args }
    }

    /// The event's name; `connect` and `disconnect` for those.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The arguments as they came.
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
