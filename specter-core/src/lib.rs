//! The runtime of the Specter gateway framework. Applications use the crate `specter-io`, which
//! re-exports it.
//!
//! - [`engine`]: Engine.IO by itself, which the crate `specter-engine` implements;
//! - `socketio`: Socket.IO on an Engine.IO session: the namespaces that one connection has joined;
//! - [`socket`] and [`rooms`]: the connected sockets, their rooms and groups, and sending to them;
//! - [`gateway`] and [`extract`]: controllers at run time, and the parameters of their handlers;
//! - [`app`]: starts an application from its modules and settings, and serves it;
//! - `testing` (with the feature of that name): an application under test and its clients, without
//!   a port.

pub mod app;
pub mod engine;
pub mod extract;
pub mod gateway;
mod logging;
pub mod rooms;
pub mod socket;
mod socketio;
#[cfg(feature = "testing")]
pub mod testing;

/// The items that the expansions of the macros name. They are not meant for other code, and change
/// without notice.
#[doc(hidden)]
pub mod __private {
    pub use inventory;
    pub use specter_di::{
        __not_scoped as not_scoped, BuildError, Dependencies, Dependency, Exported, Key, Location,
        Module, ModuleBuilder, Provide, Provider, Resolved, Scope, Shareable, expansion::hook_end,
        factory_failed,
    };
    pub use specter_proto::socketio::Binary;

    pub use crate::__check_valid as check_valid;
    pub use crate::app::{controller, controller_within, event_handler, event_handler_within};
    pub use crate::extract::param::{connect_param, disconnect_param, error_param, event_param};
    pub use crate::extract::{BorrowOwned, BorrowTag, IsNotValid, Text, ValidCheck};
    pub use crate::gateway::private::*;
    pub use crate::gateway::{
        CallContext, Controller, ControllerInfo, EndpointOption, EndpointSetting, EventError,
        EventInfo, EventKind, HandlerInfo, IntoEventError, OnPanic, Outcome, Policies,
        Requirements,
    };
    pub use crate::{
        __borrowed_param as borrowed_param, __connect_reply as connect_reply,
        __converted as converted, __location as location, __plain_reply as plain_reply,
        __reply as reply,
    };
}
