//! The gate of a socket: shut until CONNECT is answered, open while the socket is connected, closed
//! for good afterwards.
//!
//! What is emitted while the gate is shut is held, in order, up to the connection's
//! `max_burst_bytes`.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use parking_lot::Mutex;
use specter_proto::engine::EncodedPacket;

use super::EmitError;
use specter_engine::internals::Wake;
use specter_engine::{Connection, SendError};
use specter_proto::engine::EncodePacket;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Gated,
    Open,
    Closed,
}

/// Whether other sockets hold a packet too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// It is for this socket alone.
    Own,
    /// It is a broadcast's.
    Shared,
}

#[derive(Default)]
pub(crate) struct Gate {
    phase: AtomicU8,
    leaving: AtomicBool,
    /// Set while what still runs of its handlers is polled for the last time.
    abandoned: AtomicBool,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    packets: Vec<EncodedPacket>,
    bytes: usize,
    /// Those of them that no other socket holds too. They count towards `max_buffered_total`.
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

    /// Queues `packet`, or holds it. The caller wakes whom it must. A packet of a broadcast is
    /// shared with other sockets.
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
        // The phase changes under this lock only.
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

    /// Opens it: `reply` first, then what was held.
    pub(crate) fn open(&self, connection: &Connection, reply: EncodedPacket) {
        let mut held = self.held.lock();
        if self.phase() != Phase::Gated {
            return;
        }
        // Failing means that the connection closed: its task will find out.
        let _ = connection.send_required(reply);
        let held = std::mem::take(&mut *held);
        connection.let_go(held.own_bytes);
        for packet in held.packets {
            let _ = connection.send(packet);
        }
        self.phase.store(1, Ordering::Release);
    }

    /// Closes it and drops what was held.
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
