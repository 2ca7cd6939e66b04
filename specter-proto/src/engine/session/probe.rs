//! A WebSocket that probes in order to take over a polling session (Engine.IO v4, "Upgrade").
//!
//! The client opens it, sends `2probe`, receives `3probe`, waits until its poll has returned, and
//! sends `5`. This part owns that sequence and its timing. It never ends the session: a probe that
//! fails only closes the probing WebSocket.

use std::time::{Duration, Instant};

use thiserror::Error;

use super::later;
use crate::engine::packet::Packet;

/// The time from `3probe` to the first release of a waiting poll. By then the client has most
/// likely read `3probe` and does not poll again.
const FIRST_RELEASE: Duration = Duration::from_millis(20);
/// The least time that a client gets when reading continues, because its packet may be the next
/// that is read.
const MIN_WAIT_AFTER_PAUSE: Duration = Duration::from_secs(1);
/// The time between two further releases of a waiting poll.
const RELEASE_INTERVAL: Duration = Duration::from_millis(100);

/// The effect of a packet on the probing WebSocket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Probe {
    /// Send `3probe` on this WebSocket.
    ReplyPong,
    /// This WebSocket is now the session's transport. Answer a poll that still waits with a noop or
    /// a close, and send the queued packets over the WebSocket.
    Upgraded,
    /// Close this WebSocket. The session continues.
    Failed,
}

/// The reason why a WebSocket may not probe. The WebSocket must be closed; the session continues.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum ProbeRejected {
    /// Another WebSocket is probing.
    #[error("another WebSocket is probing for this session")]
    AlreadyProbing,
    /// The session's transport is a WebSocket already.
    #[error("the session's transport is a WebSocket already")]
    AlreadyUpgraded,
    /// The session is over.
    #[error("the session is over")]
    SessionOver,
}

impl ProbeRejected {
    /// A stable name for logs and counters.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AlreadyProbing => "engine_probe_already_probing",
            Self::AlreadyUpgraded => "engine_probe_already_upgraded",
            Self::SessionOver => "engine_probe_session_over",
        }
    }
}

/// An action that is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tick {
    /// Answer a waiting poll.
    ReleasePoll,
    /// The upgrade took too long.
    Timeout,
}

/// The state of a probe.
#[derive(Debug)]
pub(super) struct Probing {
    /// When the upgrade must be complete.
    until: Instant,
    /// When a waiting poll is released next. `None` until the probe was answered.
    release_at: Option<Instant>,
    /// When reading stopped. `None` while packets are read. During a pause the client's next packet
    /// cannot be noticed, so the time of `until` does not run.
    paused_since: Option<Instant>,
}

impl Probing {
    pub(super) fn new(timeout: Duration, now: Instant) -> Self {
        Self {
            until: later(now, timeout),
            release_at: None,
            paused_since: None,
        }
    }

    pub(super) fn receive(&mut self, packet: Packet<'_>, now: Instant) -> Probe {
        match packet {
            // Only the first probe is answered: a client that repeats it does not want to upgrade.
            Packet::Ping("probe") if self.release_at.is_none() => {
                self.release_at = Some(later(now, FIRST_RELEASE));
                Probe::ReplyPong
            }
            // A client may upgrade without a probe; the reference server accepts that too.
            Packet::Upgrade => Probe::Upgraded,
            _ => Probe::Failed,
        }
    }

    pub(super) fn pause(&mut self, now: Instant) {
        self.paused_since.get_or_insert(now);
    }

    pub(super) fn resume(&mut self, now: Instant) {
        if let Some(since) = self.paused_since.take() {
            let moved = later(self.until, now.saturating_duration_since(since));
            self.until = moved.max(later(now, MIN_WAIT_AFTER_PAUSE));
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let until = self.paused_since.is_none().then_some(self.until);
        [until, self.release_at].into_iter().flatten().min()
    }

    pub(super) fn tick(&mut self, now: Instant) -> Option<Tick> {
        if self.paused_since.is_none() && now >= self.until {
            return Some(Tick::Timeout);
        }
        if self.release_at.is_some_and(|release| now >= release) {
            self.release_at = Some(later(now, RELEASE_INTERVAL));
            return Some(Tick::ReleasePoll);
        }
        None
    }
}
