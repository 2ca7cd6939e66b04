//! The body of the response to a poll.
//!
//! Its packets stay charged to the queue of their connection until the last byte of the body is
//! dropped. A polling client that does not read therefore fills its queue as a client on a
//! WebSocket does, and one that reads slowly empties it.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use specter_proto::engine::{EncodedPacket, PayloadEncoder};

use crate::outgoing::queue;

/// The connection to whose queue a response is charged.
pub(crate) trait ChargedConnection: Send + Sync {
    /// Removes bytes that have been sent from the queue's charge.
    fn refund(&self, cost: usize);

    /// Whether the connection is closed or closing.
    fn is_closed(&self) -> bool;
}

/// The body of a response, with its charge.
pub(crate) struct PollResponse {
    body: Vec<u8>,
    /// `None` for a body that did not come from the queue.
    charge: Option<ChargeGuard>,
}

/// The rest of the charge of a response that is sent in parts.
pub(crate) struct QueueCharge(Option<ChargeGuard>);

/// Refunds a charge when it is dropped.
struct ChargeGuard {
    connection: Arc<dyn ChargedConnection>,
    cost: usize,
}

/// Bytes of a response with their charge.
struct Part<T, C> {
    bytes: T,
    _charge: C,
}

impl PollResponse {
    /// A response without a charge.
    pub(crate) fn of(body: Vec<u8>) -> Self {
        Self { body, charge: None }
    }

    /// A response with packets from the connection's queue.
    pub(crate) fn of_packets(
        packets: &VecDeque<EncodedPacket>,
        connection: Arc<dyn ChargedConnection>,
    ) -> Self {
        let frames = || packets.iter().flat_map(EncodedPacket::frames);
        let mut body = PayloadEncoder::for_frames(frames());
        for frame in frames() {
            body.push(frame);
        }
        let cost = packets.iter().map(queue::cost).sum();
        Self::charged(body.finish(), connection, cost)
    }

    /// A response with packets that are charged to the connection's queue with `cost`.
    pub(crate) fn charged(
        body: Vec<u8>,
        connection: Arc<dyn ChargedConnection>,
        cost: usize,
    ) -> Self {
        Self {
            body,
            charge: Some(ChargeGuard { connection, cost }),
        }
    }

    /// The length of the body in bytes.
    pub(crate) fn len(&self) -> usize {
        self.body.len()
    }

    /// The whole body. It stays charged until it is dropped.
    pub(crate) fn into_bytes(self) -> Bytes {
        match self.charge {
            Some(charge) => Bytes::from_owner(Part {
                bytes: self.body,
                _charge: charge,
            }),
            None => self.body.into(),
        }
    }

    /// The body and its charge, for a response that is sent in parts.
    pub(crate) fn into_parts(self) -> (Vec<u8>, QueueCharge) {
        (self.body, QueueCharge(self.charge))
    }
}

impl AsRef<[u8]> for PollResponse {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

impl QueueCharge {
    /// Moves the charge of `bytes` to the returned part, which stays charged until it is dropped.
    /// The rest stays charged until this `QueueCharge` is dropped.
    pub(crate) fn part<T: AsRef<[u8]> + Send + 'static>(&mut self, bytes: T) -> Bytes {
        let charge = self.0.as_mut().map(|charge| {
            let cost = charge.cost.min(bytes.as_ref().len());
            charge.cost -= cost;
            ChargeGuard {
                connection: Arc::clone(&charge.connection),
                cost,
            }
        });
        Bytes::from_owner(Part {
            bytes,
            _charge: charge,
        })
    }

    /// Whether the session has ended. Its timeouts then no longer limit how long the response may
    /// take.
    pub(crate) fn is_orphaned(&self) -> bool {
        self.0
            .as_ref()
            .is_none_or(|charge| charge.connection.is_closed())
    }
}

impl<T: AsRef<[u8]>, C> AsRef<[u8]> for Part<T, C> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

impl Drop for ChargeGuard {
    fn drop(&mut self) {
        self.connection.refund(self.cost);
    }
}
