//! Connections without a task or a transport, for unit tests of code that uses connections, and for
//! sockets that have no client.

use std::sync::Arc;

use http::{HeaderMap, Uri};
use specter_proto::engine::EncodedPacket;
use specter_proto::engine::FrameKind;

#[cfg(test)]
use crate::close_reason::CloseReason;
use crate::config::EngineConfig;
use crate::connection::Connection;
use crate::handshake::Handshake;
use crate::session::buffer_budget::BufferBudget;
use specter_proto::engine::Transport;

/// A WebSocket connection without a task. Packets that are sent to it stay queued.
pub fn detached(config: &EngineConfig) -> Connection {
    detached_over(Transport::WebSocket, config)
}

/// A connection over `transport`, without a task.
pub fn detached_over(transport: Transport, config: &EngineConfig) -> Connection {
    let budget = BufferBudget::without_sweep(config.max_buffered_total);
    under_budget(transport, config, &budget)
}

/// A WebSocket connection without a task, whose bytes count towards this budget.
#[cfg(test)]
pub(crate) fn detached_with(config: &EngineConfig, budget: &Arc<BufferBudget>) -> Connection {
    under_budget(Transport::WebSocket, config, budget)
}

fn under_budget(
    transport: Transport,
    config: &EngineConfig,
    budget: &Arc<BufferBudget>,
) -> Connection {
    let uri = Uri::from_static("/socket.io/?EIO=4");
    let handshake = Handshake::new(&uri, &HeaderMap::new());
    Connection::new(Arc::new(handshake), transport, config, budget)
}

/// Takes the packets that were sent to a detached connection.
pub fn take_sent(connection: &Connection) -> Vec<EncodedPacket> {
    let queue = connection.outgoing_queue();
    let taken = queue.take_all();
    queue.refund(queue.bytes());
    taken.into()
}

/// As [`take_sent`], but as text: one string for each frame. A binary frame is `b` followed by its
/// bytes in hexadecimal.
pub fn take_sent_text(connection: &Connection) -> Vec<String> {
    let packets = take_sent(connection);
    let frames = packets.iter().flat_map(EncodedPacket::frames);
    frames
        .map(|frame| match frame.kind() {
            FrameKind::Text => String::from_utf8_lossy(frame.payload()).into_owned(),
            FrameKind::Binary => frame
                .payload()
                .iter()
                .fold("b".to_owned(), |text, byte| format!("{text}{byte:02x}")),
        })
        .collect()
}

/// An acceptor for tests in which no session opens.
#[cfg(test)]
pub(crate) struct NoSessions;

#[cfg(test)]
impl crate::Acceptor for NoSessions {
    type Handler = NoMessages;

    fn open(&self, _: &Connection) -> NoMessages {
        NoMessages
    }
}

/// The handler of [`NoSessions`].
#[cfg(test)]
pub(crate) struct NoMessages;

#[cfg(test)]
impl crate::MessageHandler for NoMessages {
    fn message(
        &mut self,
        _: crate::IncomingMessage<'_>,
        _: &crate::MessageContext<'_>,
    ) -> Result<(), CloseReason> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{detached, take_sent_text};
    use crate::close_reason::CloseReason;
    use crate::config::EngineConfig;
    use crate::outgoing::queue::limits::SendError;
    use specter_proto::engine::{EncodedPacket, Frame};

    #[test]
    fn sent_packets_are_taken_once() {
        let connection = detached(&EngineConfig::default());
        let first = Frame::text_message("51-[]");
        let packet = EncodedPacket::new(first, vec![Frame::binary_message(&[1, 255])]);
        assert_eq!(connection.send(packet), Ok(()));
        assert_eq!(take_sent_text(&connection), ["451-[]", "b01ff"]);
        assert!(take_sent_text(&connection).is_empty());
        assert_eq!(connection.queued_bytes(), 0);
        connection.close(CloseReason::ForcedServerClose);
        let late = connection.send(Frame::text_message("late").into());
        assert_eq!(late, Err(SendError::Closed));
    }
}
