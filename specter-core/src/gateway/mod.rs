//! Controllers at run time: what they say of themselves, how a namespace finds their handlers, and
//! how a handler is called.
//!
//! It knows sockets and rooms, never a transport: packets reach it through `socket::service`.

mod ack;
mod answer;
mod by_value;
pub(crate) mod call;
mod catch;
mod dispatch;
mod endpoint;
mod error;
mod event;
mod filter;
mod guard;
mod info;
pub(crate) mod ingress;
mod instance;
mod interceptor;
pub(crate) mod lifecycle;
mod listed;
mod policy;
mod rate_limit;
mod reply;
mod run;
mod singleton;
pub(crate) mod table;
mod turns;
mod unit;
mod unknown;

pub use self::ack::Ack;
pub use self::call::CallContext;
pub(crate) use self::call::Cause;
#[doc(hidden)]
pub use self::call::Outcome;
pub use self::endpoint::{EndpointOption, EndpointSetting};
pub use self::error::{EventError, IntoEventError};
pub use self::event::EventInfo;
pub use self::filter::{ErrorFilter, FilterContext};
pub(crate) use self::guard::ErasedGuard;
pub use self::guard::{Guard, GuardContext};
pub use self::info::{Controller, Requirements};
#[doc(hidden)]
pub use self::info::{ControllerInfo, EventKind, HandlerInfo, OnPanic};
pub use self::ingress::{
    Answer, CleanUp, ErrorReport, EventHandler, EventHandlerError, Events, IngressError,
    OnDisconnect, OnError, RegisteredHandler, SocketIngress, StepError, StepFailure, Subscribe,
    Subscription,
};
pub use self::interceptor::{Handled, InterceptContext, Interceptor, Next};
pub use self::policy::Policies;
pub(crate) use self::policy::{Policy, Sight};
pub use self::rate_limit::{Rate, RateKey, RateLimit, RatePolicy};
pub(crate) use self::unknown::UnknownEvents;

/// What the macros' expansions call.
#[doc(hidden)]
pub mod private {
    pub use super::call::{Ended, Step, blocking, pending};
    pub use super::catch::{Called, catch, catch_sync};
    pub use super::error::{hidden_error, shown_error};
    pub use super::info::{HandlersBlock, KnownController, StartValue, start_value};
    pub use super::instance::{
        Holder, Instance, SharedController, WrongInstance, call_exclusive, call_none, call_shared,
        exclusive, share, start_none, start_shared, wrong_instance,
    };
    pub use super::listed::otherwise;
    pub use super::reply::{
        BoxedError, ConnectReply, DeclaredError, ErrorTag, KeptError, LocalBoxedError, PlainError,
        PlainReply, RefusingError, Reply, ReplyTag, ResultReply, UnknownError, ValueReply,
        connect_outcome,
    };
    pub use super::singleton::Singleton;
}
