//! The limits of an outgoing queue, the kinds of packets to which they apply, and the errors when
//! one is exceeded.

use crate::config::{EngineConfig, QueuePolicy};

/// Why a packet was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The connection is closed, or closing.
    #[error("the connection is closed")]
    Closed,
    /// The peer reads slower than the server sends, and the queue's policy applies: either the
    /// queue would hold more than `max_burst_bytes`, or the policy discards packets until the peer
    /// has caught up.
    #[error("the outgoing queue of the connection is full")]
    QueueFull,
    /// The packet alone is larger than `max_burst_bytes`. Nothing else happens to the connection.
    #[error("the packet has {size} bytes, and `max_burst_bytes` allows {limit}")]
    TooLarge {
        /// The cost of the packet in the queue, in bytes.
        size: usize,
        /// The setting `max_burst_bytes`.
        limit: usize,
    },
}

impl SendError {
    /// A stable name for logs and counters.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Closed => "connection_closed",
            Self::QueueFull => "connection_queue_full",
            Self::TooLarge { .. } => "connection_packet_too_large",
        }
    }
}

/// How the limit applies to a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Urgency {
    /// An event. It is subject to `max_burst_bytes` and to the queue's policy.
    Ordinary,
    /// An acknowledgement, a reply to CONNECT or a DISCONNECT packet. It is counted and never
    /// rejected. Their number is bounded where they are created.
    Required,
    /// A heartbeat of the engine. It is never rejected, but at most one is queued at a time. It is
    /// sent before queued packets, because a client that reads slowly must still receive it in
    /// time.
    Control,
}

/// The limits of one connection's queue. Each is the setting of the same name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueueLimits {
    pub(crate) max_queued_bytes: usize,
    pub(crate) max_burst_bytes: usize,
    pub(crate) policy: QueuePolicy,
}

impl QueueLimits {
    pub(crate) fn of(config: &EngineConfig) -> Self {
        Self {
            max_queued_bytes: config.max_queued_bytes,
            max_burst_bytes: config.max_burst_bytes.max(config.max_queued_bytes),
            policy: config.queue_policy,
        }
    }
}
