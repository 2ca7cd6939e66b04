//! The gate of a socket: shut until CONNECT was answered, open while it is connected, closed for good after.
//!
//! What is emitted while it is shut is held, in order, within the connection's own limit for queued bytes.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use parking_lot::Mutex;
use specter_proto::engine::Prepared;

use super::EmitError;
use crate::connection::{Connection, Sendable, Wake};

/// What is kept free for CONNECT's reply, in bytes.
const REPLY: usize = 512;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Gated,
    Open,
    Closed,
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
    packets: Vec<Prepared>,
    bytes: usize,
}

impl Gate {
    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Gated,
            1 => Phase::Open,
            _ => Phase::Closed,
        }
    }

    /// Queues `packet`, or holds it. The caller wakes whom it must.
    pub(crate) fn pass(
        &self,
        connection: &Connection,
        packet: impl Sendable,
    ) -> Result<Wake, EmitError> {
        match self.phase() {
            Phase::Open => Ok(connection.queue(packet)?),
            Phase::Closed => Err(EmitError::Gone),
            Phase::Gated => self.hold(connection, packet.into()),
        }
    }

    fn hold(&self, connection: &Connection, packet: Prepared) -> Result<Wake, EmitError> {
        let mut held = self.held.lock();
        // The phase changes under this lock only.
        match self.phase() {
            Phase::Open => Ok(connection.queue(packet)?),
            Phase::Closed => Err(EmitError::Gone),
            Phase::Gated => {
                let cost = Connection::cost(&packet);
                if !held.packets.is_empty() && REPLY + held.bytes + cost > connection.max_queue() {
                    connection.note_overflow();
                    return Err(EmitError::QueueFull);
                }
                held.bytes += cost;
                held.packets.push(packet);
                Ok(Wake::No)
            }
        }
    }

    /// Opens it: `reply` first, then what was held.
    pub(crate) fn open(&self, connection: &Connection, reply: Prepared) {
        let mut held = self.held.lock();
        if self.phase() != Phase::Gated {
            return;
        }
        // Failing means that the connection closed: its task will find out.
        let _ = connection.send_unbounded(reply);
        for packet in std::mem::take(&mut *held).packets {
            let _ = connection.send(packet);
        }
        self.phase.store(1, Ordering::Release);
    }

    /// Closes it and drops what was held.
    pub(crate) fn close(&self) {
        let mut held = self.held.lock();
        *held = Held::default();
        self.phase.store(2, Ordering::Release);
    }

    pub(crate) fn ask_to_leave(&self) {
        self.leaving.store(true, Ordering::Release);
    }

    pub(crate) fn set_abandoned(&self, abandoned: bool) {
        self.abandoned.store(abandoned, Ordering::Relaxed);
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }

    pub(crate) fn wants_to_leave(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }
}
