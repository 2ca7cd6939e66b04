//! The acknowledgement of an event, after its last handler has returned.

use crate::logging::{OneLine, Untrusted, log_limited};
use std::sync::atomic::Ordering;

use specter_proto::socketio::{EncodeError, EncodedArgs, PacketWriter, encode};

use super::call_context::{CallContext, Outcome};
use crate::gateway::error::EventError;
use crate::gateway::lifecycle::SocketEnv;
use crate::socket::Socket;

/// The answer of an event: the first value, else the first error, else nothing.
pub(in crate::gateway) enum EventAnswer {
    Unit,
    Value(Box<EncodedArgs>),
    Packet(PacketWriter),
    Failed(EventError),
    /// A handler answers itself.
    Taken,
}

impl EventAnswer {
    /// Records a handler's outcome. A failure is returned: it counts only after the filters.
    pub(in crate::gateway) fn of(outcome: Outcome) -> Result<Option<Self>, EventError> {
        match outcome {
            Outcome::Failed(error) => Err(error),
            Outcome::Rejected(reject) => Err((*reject).into()),
            Outcome::Value(Some(value)) => Ok(Some(Self::Value(value))),
            Outcome::Answer(packet) => Ok(Some(Self::Packet(packet))),
            Outcome::Unit | Outcome::Value(None) | Outcome::Taken => Ok(None),
        }
    }

    /// Sends the answer, if the client asked for one.
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
            Self::Value(value) => answer_encoded(socket, id, *value),
        };
        if let Err(error) = sent {
            log_limited!(
                ERROR, key = cx.handler, target: "specter::gateway",
                event = ?Untrusted(cx.event_name()), handler = cx.handler,
                error = %OneLine(error), "an acknowledgement cannot be encoded"
            );
        }
    }
}

/// Sends a value that was encoded before its recipient was known. A value with more attachments
/// than clients accept becomes an error, as any value that cannot be encoded.
fn answer_encoded(socket: &Socket, id: u64, value: EncodedArgs) -> Result<(), EncodeError> {
    let to = socket.hub().destination();
    if let Err(error) = to.check_attachments(value.attachments.len()) {
        return socket.send_ack(id, &EventError::from(error));
    }
    socket.send_ack_packet(encode::ack_encoded(to.namespace(), id, value));
    Ok(())
}

/// Sends the outcome of a sole handler that has not failed.
#[inline]
pub(in crate::gateway) fn conclude(env: &SocketEnv, cx: &mut CallContext) {
    if *cx.is_answered.get_mut() {
        cx.put_outcome(Outcome::Unit);
        return;
    }
    let taken = finish_ack(cx, None);
    if taken {
        cx.outcome = Outcome::Unit;
    } else if cx.wants_ack() || !cx.outcome.is_empty() {
        match std::mem::take(&mut cx.outcome) {
            Outcome::Answer(packet) => env.socket.send_ack_packet(packet),
            outcome => {
                if let Ok(answer) = EventAnswer::of(outcome) {
                    answer.unwrap_or(EventAnswer::Unit).send(env, cx);
                }
            }
        }
    }
}

/// Ends a handler's part in the acknowledgement. If the handler took it and dropped it unsent, it
/// is answered now.
#[inline]
pub(in crate::gateway) fn finish_ack(cx: &CallContext, error: Option<&EventError>) -> bool {
    let ack = cx.ack.as_ref().filter(|ack| ack.is_taken());
    if let Some(ack) = ack {
        ack.handler_finished(error);
    }
    ack.is_some()
}
