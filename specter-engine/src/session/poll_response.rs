//! The body of a response to a poll, from the queue to the network.
//!
//! Its packets are charged to the queue of their connection until the last byte of the body is
//! dropped. A polling client that does not read therefore fills the queue as one on a WebSocket
//! does, and one that reads slowly empties it.

use std::collections::VecDeque;

use bytes::Bytes;
use specter_proto::engine::{EncodedPacket, PayloadEncoder};

use crate::connection::Connection;
use crate::outgoing::queue;

/// A polling body and what it counts for.
pub(crate) struct PollResponse {
    body: Vec<u8>,
    /// `None` where it counts for nothing.
    count: Option<ChargeGuard>,
}

/// What an answer that is handed over in parts still counts for in the queue.
pub(crate) struct QueueCharge(Option<ChargeGuard>);

struct ChargeGuard {
    connection: Connection,
    cost: usize,
}

/// Bytes of an answer, and what they count for.
struct Part<T, C> {
    bytes: T,
    _counted: C,
}

impl PollResponse {
    /// An answer that counts for nothing.
    pub(crate) fn of(body: Vec<u8>) -> Self {
        Self { body, count: None }
    }

    /// An answer with packets from the connection's queue.
    pub(crate) fn of_packets(packets: &VecDeque<EncodedPacket>, connection: &Connection) -> Self {
        let frames = || packets.iter().flat_map(EncodedPacket::frames);
        let mut body = PayloadEncoder::for_frames(frames());
        for frame in frames() {
            body.push(frame);
        }
        let cost = packets.iter().map(queue::cost).sum();
        Self::counted(body.finish(), connection, cost)
    }

    /// An answer with packets for which the connection's queue counted `cost`.
    pub(crate) fn counted(body: Vec<u8>, connection: &Connection, cost: usize) -> Self {
        let connection = connection.clone();
        Self {
            body,
            count: Some(ChargeGuard { connection, cost }),
        }
    }

    /// How many bytes it has.
    pub(crate) fn len(&self) -> usize {
        self.body.len()
    }

    /// All of it, which counts until it is dropped.
    pub(crate) fn into_bytes(self) -> Bytes {
        match self.count {
            Some(count) => Bytes::from_owner(Part {
                bytes: self.body,
                _counted: count,
            }),
            None => self.body.into(),
        }
    }

    /// Takes it apart, for one that is handed over in parts.
    pub(crate) fn into_parts(self) -> (Vec<u8>, QueueCharge) {
        (self.body, QueueCharge(self.count))
    }
}

impl AsRef<[u8]> for PollResponse {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

impl QueueCharge {
    /// Bytes of the answer, which count until they are dropped. What no part takes away counts as
    /// long as this exists.
    pub(crate) fn part<T: AsRef<[u8]> + Send + 'static>(&mut self, bytes: T) -> Bytes {
        let counted = self.0.as_mut().map(|count| {
            let cost = count.cost.min(bytes.as_ref().len());
            count.cost -= cost;
            ChargeGuard {
                connection: count.connection.clone(),
                cost,
            }
        });
        Bytes::from_owner(Part {
            bytes,
            _counted: counted,
        })
    }

    /// Whether the session is over, so that nobody else limits how long the answer may take.
    pub(crate) fn is_orphaned(&self) -> bool {
        self.0
            .as_ref()
            .is_none_or(|count| count.connection.is_closed())
    }
}

impl<T: AsRef<[u8]>, C> AsRef<[u8]> for Part<T, C> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

impl Drop for ChargeGuard {
    fn drop(&mut self) {
        if self.connection.outgoing_queue().refund(self.cost) {
            self.connection.wake();
        }
    }
}
