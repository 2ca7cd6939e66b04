//! Collects the acknowledgement of an event, and sends it after the last handler has returned.

use crate::logging::{OneLine, Untrusted, log_limited};
use std::sync::atomic::Ordering;

use specter_proto::socketio::{EncodeError, EncodedArgs, PacketWriter, encode};

use super::call_context::{CallContext, Outcome};
use crate::gateway::error::EventError;
use crate::gateway::lifecycle::SocketEnv;
use crate::socket::Socket;

/// The acknowledgement of an event: the first value that a handler returned, else the first error,
/// else no arguments.
pub(in crate::gateway) enum EventAnswer {
    /// No arguments.
    Unit,
    /// A value that is encoded, but not yet as a packet.
    Value(Box<EncodedArgs>),
    /// The complete packet.
    Packet(PacketWriter),
    /// The error of a handler.
    Failed(EventError),
    /// Nothing is sent here: a handler took the `Ack`, or the acknowledgement was already sent.
    Taken,
}

impl EventAnswer {
    /// What a handler's outcome contributes to the acknowledgement. `None` if it contributes
    /// nothing.
    ///
    /// # Errors
    /// The handler failed. Its error becomes an answer only after the error filters, which may
    /// change it.
    pub(in crate::gateway) fn from_outcome(outcome: Outcome) -> Result<Option<Self>, EventError> {
        match outcome {
            Outcome::Failed(error) => Err(error),
            Outcome::Rejected(reject) => Err((*reject).into()),
            Outcome::Value(Some(value)) => Ok(Some(Self::Value(value))),
            Outcome::Answer(packet) => Ok(Some(Self::Packet(packet))),
            Outcome::Unit | Outcome::Value(None) | Outcome::Taken => Ok(None),
        }
    }

    /// Sends the acknowledgement, if the client requested one.
    pub(in crate::gateway) fn send(self, env: &SocketEnv, cx: &CallContext) {
        let Some(id) = cx.requested_ack() else { return };
        if cx.is_answered.load(Ordering::Relaxed) {
            return;
        }
        let socket = &env.socket;
        let sent = match self {
            Self::Taken => Ok(()),
            Self::Unit => socket.send_ack(id, &()),
            Self::Failed(error) => socket.send_ack(id, &error),
            Self::Packet(packet) => {
                socket.send_ack_packet(packet);
                Ok(())
            }
            Self::Value(value) => send_encoded(socket, id, *value),
        };
        if let Err(error) = sent {
            log_limited!(
                ERROR, key = cx.handler, target: "specter::gateway",
                event = ?Untrusted(cx.event_name()), handler = cx.handler,
                error = %OneLine(error), "an acknowledgement cannot be encoded and is not sent"
            );
        }
    }
}

/// Sends a value that an interceptor has encoded. The interceptor does not know the limits of the
/// namespace: if the value has more attachments than a client accepts, an error is sent instead, as
/// for other values that cannot be encoded.
fn send_encoded(socket: &Socket, id: u64, value: EncodedArgs) -> Result<(), EncodeError> {
    let to = socket.hub().destination();
    if let Err(error) = to.check_attachments(value.attachments.len()) {
        return socket.send_ack(id, &EventError::from(error));
    }
    socket.send_ack_packet(encode::ack_encoded(to.namespace(), id, value));
    Ok(())
}

/// Sends the acknowledgement of an event whose sole handler has succeeded.
#[inline]
pub(in crate::gateway) fn send_sole_outcome(env: &SocketEnv, cx: &mut CallContext) {
    if *cx.is_answered.get_mut() {
        cx.set_outcome(Outcome::Unit);
        return;
    }
    let taken = finish_ack(cx, None);
    if taken {
        cx.outcome = Outcome::Unit;
    } else if cx.wants_ack() || !cx.outcome.is_empty() {
        match std::mem::take(&mut cx.outcome) {
            Outcome::Answer(packet) => env.socket.send_ack_packet(packet),
            outcome => {
                if let Ok(answer) = EventAnswer::from_outcome(outcome) {
                    answer.unwrap_or(EventAnswer::Unit).send(env, cx);
                }
            }
        }
    }
}

/// Reports the end of a handler to the `Ack` that the handler took. If the handler has dropped the
/// `Ack` without sending it, an error is sent now. Returns whether the handler took the `Ack`.
#[inline]
pub(in crate::gateway) fn finish_ack(cx: &CallContext, error: Option<&EventError>) -> bool {
    let ack = cx.ack.as_ref().filter(|ack| ack.is_taken());
    if let Some(ack) = ack {
        ack.on_handler_finished(error);
    }
    ack.is_some()
}
