//! The gate of a socket: shut until CONNECT is answered, open while the socket is connected, then
//! closed permanently.
//!
//! Packets that are emitted while the gate is shut are held in order, up to the connection's
//! `max_burst_bytes`.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use parking_lot::Mutex;
use specter_proto::engine::EncodedPacket;

use super::EmitError;
use specter_engine::internals::Wake;
use specter_engine::{Connection, SendError};
use specter_proto::engine::EncodePacket;

/// The phases of a gate, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// CONNECT is not answered: the gate is shut, and packets are held.
    Gated,
    /// The socket is connected: packets are queued.
    Open,
    /// The socket has disconnected: packets are rejected.
    Closed,
}

/// Whether other sockets may hold the packet too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// The packet is for this socket only.
    Own,
    /// The packet belongs to a broadcast.
    Shared,
}

#[derive(Default)]
pub(crate) struct Gate {
    phase: AtomicU8,
    /// Set when the server has requested the socket's disconnect.
    leaving: AtomicBool,
    /// Set during the last poll of a running handler: if it is still pending, it is dropped.
    abandoned: AtomicBool,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    packets: Vec<EncodedPacket>,
    bytes: usize,
    /// The held bytes that are for this socket only. They count towards `max_buffered_total`.
    own_bytes: usize,
}

impl Gate {
    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Gated,
            1 => Phase::Open,
            _ => Phase::Closed,
        }
    }

    /// Queues `packet`, or holds it while the gate is shut. The caller wakes the connection's task.
    pub(crate) fn pass(
        &self,
        connection: &Connection,
        packet: impl EncodePacket,
        sharing: Sharing,
    ) -> Result<Wake, EmitError> {
        match self.phase() {
            Phase::Open => Ok(connection.queue_unwoken(packet)?),
            Phase::Closed => Err(EmitError::Disconnected),
            Phase::Gated => self.hold(connection, packet.into(), sharing),
        }
    }

    fn hold(
        &self,
        connection: &Connection,
        packet: EncodedPacket,
        sharing: Sharing,
    ) -> Result<Wake, EmitError> {
        let mut held = self.held.lock();
        // The phase changes only under this lock.
        match self.phase() {
            Phase::Open => Ok(connection.queue_unwoken(packet)?),
            Phase::Closed => Err(EmitError::Disconnected),
            Phase::Gated => {
                let (cost, limit) = (Connection::cost(&packet), connection.max_burst_bytes());
                if cost > limit {
                    return Err(SendError::TooLarge { size: cost, limit }.into());
                }
                if held.bytes.saturating_add(cost) > limit {
                    connection.note_overflow();
                    return Err(EmitError::QueueFull);
                }
                held.bytes += cost;
                if sharing == Sharing::Own {
                    held.own_bytes += cost;
                    connection.hold(cost);
                }
                held.packets.push(packet);
                Ok(Wake::No)
            }
        }
    }

    /// Opens the gate: queues `reply`, then the held packets.
    pub(crate) fn open(&self, connection: &Connection, reply: EncodedPacket) {
        let mut held = self.held.lock();
        if self.phase() != Phase::Gated {
            return;
        }
        // Fails if the connection is closed: the connection's task handles that.
        let _ = connection.send_required(reply);
        let held = std::mem::take(&mut *held);
        connection.let_go(held.own_bytes);
        for packet in held.packets {
            let _ = connection.send(packet);
        }
        self.phase.store(1, Ordering::Release);
    }

    /// Closes the gate and drops the held packets.
    pub(crate) fn close(&self, connection: &Connection) {
        let mut held = self.held.lock();
        connection.let_go(std::mem::take(&mut *held).own_bytes);
        self.phase.store(2, Ordering::Release);
    }

    pub(crate) fn request_disconnect(&self) {
        self.leaving.store(true, Ordering::Release);
    }

    pub(crate) fn set_abandoned(&self, abandoned: bool) {
        self.abandoned.store(abandoned, Ordering::Relaxed);
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }

    pub(crate) fn disconnect_requested(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }
}
