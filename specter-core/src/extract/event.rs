//! Extractors that exist only at events: all arguments at once, the remaining arguments, and the
//! acknowledgement.

use specter_di::Location;
use specter_proto::socketio::{Args, Arguments};

use super::{FromEvent, marker};
use crate::gateway::{Ack, CallContext, EventError, Requirements};

/// All arguments of the event, not decoded, with their attachments. A handler can emit them again
/// without decoding them. `&Args` borrows the arguments, which costs less than this copy.
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

/// The arguments that no earlier parameter took, not decoded, with their attachments:
/// `fn post(&self, room: String, rest: RestArgs)`.
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

/// Whether the client requested an acknowledgement, for a handler that acknowledges by its return
/// value and otherwise does something else.
///
/// ```
/// # use specter_core::extract::WantsAck;
/// # use specter_core::socket::{EmitError, Socket};
/// fn join(socket: &Socket, WantsAck(requested): WantsAck) -> Result<&'static str, EmitError> {
///     if !requested {
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
