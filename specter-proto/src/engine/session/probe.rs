//! A WebSocket that tries to take over a polling session.
//!
//! The client opens it, sends `2probe`, is answered `3probe`, waits until its poll has returned,
//! and sends `5`. Owns that sequence and its clock; what it must not do is end the session: a probe
//! that fails costs the probing WebSocket only.

use std::time::{Duration, Instant};

use thiserror::Error;

use super::later;
use crate::engine::packet::Packet;

/// How long after `3probe` a waiting poll is first released: by then the client has most likely
/// read it, and does not poll again.
const FIRST_RELEASE: Duration = Duration::from_millis(20);
/// What a client gets at least when reading goes on: its packet may be the next that is read.
const AFTER_PAUSE: Duration = Duration::from_secs(1);
/// How often a waiting poll is released after that.
const RELEASE_EVERY: Duration = Duration::from_millis(100);

/// What a packet on the probing WebSocket amounts to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Probe {
    /// Send `3probe` on it.
    ReplyPong,
    /// It is the session's transport now. A poll that still waits is to be answered with a noop
    /// or a close, and what is queued goes to the WebSocket.
    Upgraded,
    /// Close it. The session lives on.
    Failed,
}

/// Why a WebSocket may not try to take over. It is to be closed; the session lives on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum ProbeRefused {
    /// Another one is trying.
    #[error("another websocket is probing")]
    AlreadyProbing,
    /// The session's transport is a WebSocket.
    #[error("the session has a websocket")]
    AlreadyUpgraded,
    /// The session is over.
    #[error("the session is over")]
    SessionOver,
}

impl ProbeRefused {
    /// A stable name for logs and counters.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AlreadyProbing => "engine_probe_already_probing",
            Self::AlreadyUpgraded => "engine_probe_already_upgraded",
            Self::SessionOver => "engine_probe_session_over",
        }
    }
}

/// What the clock demands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tick {
    ReleasePoll,
    Timeout,
}

#[derive(Debug)]
pub(super) struct Probing {
    until: Instant,
    /// Set once the probe was answered.
    release_at: Option<Instant>,
    /// Since when nothing is read, so that the client's next packet can not be seen. The clock of
    /// `until` stands there.
    stopped: Option<Instant>,
}

impl Probing {
    pub(super) fn new(timeout: Duration, now: Instant) -> Self {
        Self {
            until: later(now, timeout),
            release_at: None,
            stopped: None,
        }
    }

    pub(super) fn receive(&mut self, packet: Packet<'_>, now: Instant) -> Probe {
        match packet {
            // Once: a client that goes on asking does not want to upgrade.
            Packet::Ping("probe") if self.release_at.is_none() => {
                self.release_at = Some(later(now, FIRST_RELEASE));
                Probe::ReplyPong
            }
            // Also without a probe before it: the reference server takes that too.
            Packet::Upgrade => Probe::Upgraded,
            _ => Probe::Failed,
        }
    }

    pub(super) fn pause(&mut self, now: Instant) {
        self.stopped.get_or_insert(now);
    }

    pub(super) fn resume(&mut self, now: Instant) {
        if let Some(since) = self.stopped.take() {
            let moved = later(self.until, now.saturating_duration_since(since));
            self.until = moved.max(later(now, AFTER_PAUSE));
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let until = self.stopped.is_none().then_some(self.until);
        [until, self.release_at].into_iter().flatten().min()
    }

    pub(super) fn tick(&mut self, now: Instant) -> Option<Tick> {
        if self.stopped.is_none() && now >= self.until {
            return Some(Tick::Timeout);
        }
        if self.release_at.is_some_and(|release| now >= release) {
            self.release_at = Some(later(now, RELEASE_EVERY));
            return Some(Tick::ReleasePoll);
        }
        None
    }
}
