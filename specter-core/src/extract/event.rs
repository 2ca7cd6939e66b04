//! Extractors that exist only at events: all arguments at once, the remaining arguments, and the
//! acknowledgement.

use specter_di::Location;
use specter_proto::socketio::{Args, Arguments};

use super::{FromEvent, marker};
use crate::gateway::{Ack, CallContext, EventError, Requirements};

/// All arguments as they came, unread, attachments included. They can be emitted again as they are.
/// `&Args` are lent, which costs less.
#[diagnostic::do_not_recommend]
impl<'a> FromEvent<'a, marker::Event> for Args {
    fn from_event(
        cx: &'a CallContext,
        _: &mut Arguments<'a>,
        _: &'static str,
    ) -> Result<Self, EventError> {
        Ok(cx.args().clone())
    }
}

/// The arguments that no parameter before it took, unread, attachments included: `fn post(&self,
/// room: String, rest: RestArgs)`.
#[derive(Clone, Debug, Default)]
pub struct RestArgs(pub Args);

#[diagnostic::do_not_recommend]
impl<'a> FromEvent<'a, marker::Event> for RestArgs {
    fn from_event(
        _: &'a CallContext,
        args: &mut Arguments<'a>,
        _: &'static str,
    ) -> Result<Self, EventError> {
        let rest = args.rest();
        while args.skip() {}
        Ok(Self(rest))
    }
}

/// Whether the client wants an acknowledgement: for a handler that answers by what it returns, and
/// does something else where nobody asks.
///
/// ```
/// # use specter_core::extract::WantsAck;
/// # use specter_core::socket::{EmitError, Socket};
/// fn join(socket: &Socket, WantsAck(asked): WantsAck) -> Result<&'static str, EmitError> {
///     if !asked {
///         socket.emit("joined", "welcome")?;
///     }
///     Ok("welcome")
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WantsAck(pub bool);

#[diagnostic::do_not_recommend]
impl<'a> FromEvent<'a, marker::Event> for WantsAck {
    fn from_event(
        cx: &'a CallContext,
        _: &mut Arguments<'a>,
        _: &'static str,
    ) -> Result<Self, EventError> {
        Ok(Self(cx.wants_ack()))
    }
}

#[diagnostic::do_not_recommend]
impl<'a> FromEvent<'a, marker::Event> for Ack {
    fn from_event(
        cx: &'a CallContext,
        _: &mut Arguments<'a>,
        _: &'static str,
    ) -> Result<Self, EventError> {
        Ok(Ack::take(cx.ack.clone()))
    }

    fn requires(requirements: &mut Requirements, _: &'static str, _: Location) {
        requirements.ack();
    }
}
