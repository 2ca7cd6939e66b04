//! Gateways: how controllers and subscribers handle the connects, events and disconnects of
//! sockets.
//!
//! `declare` describes controllers and contains each namespace's table of handlers. `lifecycle`
//! connects and disconnects a socket. `dispatch` runs the handlers of an event, inside of the
//! guards, interceptors and error filters of `policies`. `subscribe` adds handlers in code, without
//! attributes.
//!
//! This module uses sockets and rooms, but knows no transport: packets reach it through the traits
//! of `socket::service`, which it implements.

pub(crate) mod declare;
pub(crate) mod dispatch;
mod error;
pub(crate) mod lifecycle;
pub(crate) mod policies;
pub(crate) mod subscribe;

pub use self::declare::controller::{Controller, Requirements};
#[doc(hidden)]
pub use self::declare::descriptor::{ControllerInfo, EventKind, HandlerInfo, OnPanic};
pub use self::declare::endpoint_setting::{EndpointOption, EndpointSetting};
pub use self::declare::policies::Policies;
pub(crate) use self::declare::policies::{Policy, PolicyScope};
pub use self::dispatch::ack::Ack;
pub use self::dispatch::call_context::CallContext;
#[doc(hidden)]
pub use self::dispatch::call_context::Outcome;
pub(crate) use self::dispatch::call_context::Trigger;
pub use self::dispatch::event_info::EventInfo;
pub(crate) use self::dispatch::unknown_events::UnknownEvents;
pub use self::error::{EventError, IntoEventError};
pub use self::policies::filter::{ErrorFilter, FilterContext};
pub(crate) use self::policies::guard::ErasedGuard;
pub use self::policies::guard::{Caller, Guard, GuardContext};
pub use self::policies::interceptor::{HandlerOutcome, InterceptContext, Interceptor, Next};
pub use self::policies::rate_limit::{Rate, RateKey, RateLimit, RatePolicy};
pub use self::subscribe::{
    Cleanup, DisconnectCallback, ErrorCallback, ErrorReport, EventCallback, EventHandler,
    EventHandlerError, EventSubscriptions, IngressError, IntoAck, RegisteredHandler, SetupError,
    SetupFailure, SocketIngress, Subscription,
};

/// The items that the macros' expansions name.
#[doc(hidden)]
pub mod private {
    pub use super::error::{hidden_error, shown_error};
    pub use crate::gateway::declare::controller::Singleton;
    pub use crate::gateway::declare::controller::{
        ControllerRegistration, FieldFunctions, HandlersBlock, InitialState, initial_state,
    };
    pub use crate::gateway::declare::unannotated::fallback;
    pub use crate::gateway::dispatch::call_context::{
        CallResult, CallState, CompletedCall, blocking, catch, catch_sync, pending,
    };
    pub use crate::gateway::dispatch::instance::{ControllerRef, Instance, SharedController};
    pub use crate::gateway::dispatch::invoke::{
        CallFunctions, WrongInstance, call_exclusive, call_none, call_shared, exclusive, share,
        start_none, start_shared, wrong_instance,
    };
    pub use crate::gateway::dispatch::reply::{
        BoxedError, ConnectReply, DeclaredError, ErrorTag, KeptError, LocalBoxedError, PlainError,
        PlainReply, RejectError, Reply, ReplyTag, ResultReply, UnknownError, ValueReply,
        connect_outcome,
    };
}
