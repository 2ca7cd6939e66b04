#![doc = include_str!("../README.md")]
//!
//! # The crate
//!
//! The modules below are the public interface. [`prelude`] exports what a typical gateway needs.

pub use specter_core::app::{App, AppBuilder, AppHandle, Error};
/// Engine.IO: connections, their settings and handshakes, and servers without Socket.IO.
pub use specter_core::engine;
pub use specter_core::gateway::EventError;
/// Converts an error into what clients may see of it. The derive macro of the same name implements
/// the trait.
pub use specter_core::gateway::IntoEventError;
pub use specter_core::graph_test;
pub use specter_core::{app, extract, gateway, rooms, socket};
/// The dependency injection container, which can be used without gateways.
pub use specter_di as di;
pub use specter_macros::{
    IntoEventError, handlers, injectable, module, on_error, on_event, socketio_controller,
};
/// The wire formats and protocol state machines, sans-IO.
pub use specter_proto as proto;
pub use specter_proto::socketio::{Args, Binary};

#[cfg(feature = "testing")]
pub mod testing;

/// The result of starting and serving an application. Handlers return [`EventError`] instead.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The names that a typical gateway needs: `use specter::prelude::*;`.
pub mod prelude {
    pub use std::sync::Arc;

    pub use crate::app::App;
    pub use crate::di::{Lazy, Module as _};
    pub use crate::engine::Handshake;
    pub use crate::extract::{Auth, Extension, FromContext, Inject, RestArgs, Valid, WantsAck};
    pub use crate::gateway::{
        Ack, CallContext, Caller, Cleanup, ErrorFilter, ErrorReport, EventError, EventHandler,
        EventInfo, EventSubscriptions, FilterContext, Guard, GuardContext, HandlerOutcome,
        InterceptContext, Interceptor, Next, SetupError, SocketIngress,
    };
    pub use crate::rooms::{Broadcast, Io, JoinError, Namespace};
    pub use crate::rooms::{BroadcastGroup, GroupError};
    pub use crate::socket::{AckError, DisconnectReason, EmitError, Reject, Socket, SocketId};
    pub use crate::{
        Args, Binary, IntoEventError, handlers, injectable, module, on_error, on_event,
        socketio_controller,
    };
}

#[doc(hidden)]
pub use specter_core::__private;

/// The pages in `docs/`, whose code is compiled as documentation tests.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../docs/background.md")]
    struct Background;
    #[doc = include_str!("../docs/handlers.md")]
    struct Handlers;
    #[doc = include_str!("../docs/providers.md")]
    struct Providers;
    #[doc = include_str!("../docs/serving.md")]
    struct Serving;
}
