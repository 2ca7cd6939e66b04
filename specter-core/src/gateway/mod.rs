//! Controllers at run time: what they say of themselves, how a namespace finds their handlers, and how a handler is called.
//!
//! It knows sockets and rooms, never a transport: packets reach it through `socket::service`.

mod ack;
mod by_value;
pub(crate) mod call;
mod dispatch;
mod error;
mod guard;
mod info;
pub(crate) mod lifecycle;
mod nearest;
mod reply;
pub(crate) mod table;
mod unit;

pub use self::ack::Ack;
pub(crate) use self::call::Cause;
pub use self::call::{CallContext, Outcome};
pub use self::error::{EventError, EventInfo, IntoEventError};
pub(crate) use self::guard::ErasedGuard;
pub use self::guard::{Guard, GuardContext, Guards};
pub use self::info::{Controller, ControllerInfo, EventKind, HandlerInfo, OnPanic, Requirements};
pub(crate) use self::nearest::UnknownEvents;

/// What the macros' expansions call.
#[doc(hidden)]
pub mod private {
    pub use super::call::{
        Called, Holder, Instance, SharedController, Step, WrongInstance, blocking, catch,
        catch_sync, exclusive, pending, share, start_shared,
    };
    pub use super::error::{hidden_error, shown_error};
    pub use super::info::{HandlersBlock, KnownController, StartValue, start_value};
    pub use super::reply::{
        BoxedError, ConnectReply, DeclaredError, ErrorTag, LocalBoxedError, PlainError, PlainReply,
        RefusingError, Reply, ReplyTag, ResultReply, UnknownError, ValueReply, connect_outcome,
    };
}
