//! The server's ping and the wait for the client's pong.
//!
//! This part decides when a ping is due and when a client counts as gone. The state consists of a
//! few instants, whatever a client sends: a flood of pongs neither postpones pings nor costs
//! memory.

use std::time::{Duration, Instant};

use super::later;

/// An action that is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Beat {
    /// Send a ping.
    Ping,
    /// The awaited pong has not come in time.
    Timeout,
}

/// The wait for a pong.
#[derive(Clone, Copy, Debug)]
struct Wait {
    /// When the pong must have come.
    until: Instant,
    /// Whether another packet extended the wait, because it showed that the client is there. Only
    /// one packet extends the wait, because a client that sends packets but never answers a ping is
    /// broken.
    is_extended: bool,
}

/// The least time that an awaited pong gets when reading continues, because the pong may be the
/// next packet that is read.
const MIN_WAIT_AFTER_PAUSE: Duration = Duration::from_secs(1);

/// If a ping is sent late, the wait for its pong ends as if the ping had been in time. This
/// shortens the wait, but at most by the timeout divided by this number.
const LATENESS_DIVISOR: u32 = 4;

/// The state of a session's heartbeat.
#[derive(Debug)]
pub(super) struct Heartbeat {
    interval: Duration,
    timeout: Duration,
    next_ping: Instant,
    wait: Option<Wait>,
    /// When reading stopped. `None` while packets are read. During a pause no pong can be noticed,
    /// so the time of `wait` does not run.
    paused_since: Option<Instant>,
}

impl Heartbeat {
    pub(super) fn new(interval: Duration, timeout: Duration, now: Instant) -> Self {
        // With an interval of zero, `beat` would return pings without end.
        let interval = interval.max(Duration::from_millis(1));
        Self {
            interval,
            timeout,
            next_ping: later(now, interval),
            wait: None,
            paused_since: None,
        }
    }

    /// Takes a pong. A pong that is not awaited changes nothing.
    pub(super) fn pong(&mut self, now: Instant) {
        if self.wait.take().is_some() {
            self.next_ping = later(now, self.interval);
        }
    }

    /// Takes any packet that is not a pong.
    #[inline]
    pub(super) fn other_packet(&mut self, now: Instant) {
        if self.wait.is_some_and(|wait| !wait.is_extended) {
            self.wait = Some(Wait {
                until: self.pong_by(now),
                is_extended: true,
            });
        }
    }

    /// Gives an awaited pong the whole timeout from `now`.
    pub(super) fn renew_wait(&mut self, now: Instant) {
        let until = self.pong_by(now);
        if let Some(wait) = &mut self.wait {
            wait.until = until;
        }
    }

    pub(super) fn pause(&mut self, now: Instant) {
        self.paused_since.get_or_insert(now);
    }

    pub(super) fn is_paused(&self) -> bool {
        self.paused_since.is_some()
    }

    pub(super) fn resume(&mut self, now: Instant) {
        let Some(since) = self.paused_since.take() else {
            return;
        };
        if let Some(wait) = &mut self.wait {
            let moved = later(wait.until, now.saturating_duration_since(since));
            wait.until = moved.max(later(now, self.timeout.min(MIN_WAIT_AFTER_PAUSE)));
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        match self.wait {
            Some(wait) if self.paused_since.is_none() => wait.until,
            _ => self.next_ping,
        }
    }

    /// Whether the next [`beat`](Self::beat) is a timeout.
    pub(super) fn is_overdue(&self, now: Instant) -> bool {
        self.wait.is_some() && self.paused_since.is_none() && now >= self.deadline()
    }

    /// Returns an action that is due at `now`.
    pub(super) fn beat(&mut self, now: Instant) -> Option<Beat> {
        if now < self.deadline() {
            return None;
        }
        if self.is_overdue(now) {
            return Some(Beat::Timeout);
        }
        let late = now.saturating_duration_since(self.next_ping);
        self.next_ping = later(now, self.interval);
        if self.wait.is_none() {
            // A client counts its own timeout from the time when the ping was due. If it gives up
            // then, the session should be over too, so the wait is shorter by the ping's delay.
            let late = late.min(self.timeout / LATENESS_DIVISOR);
            let until = match self.paused_since {
                Some(_) => self.pong_by(now),
                None => later(now, self.timeout.saturating_sub(late)),
            };
            self.wait = Some(Wait {
                until,
                is_extended: false,
            });
        }
        Some(Beat::Ping)
    }

    /// Returns when the pong must come if the wait for it begins at `now`. During a pause the wait
    /// begins with the pause, because [`resume`](Self::resume) adds the length of the pause.
    fn pong_by(&self, now: Instant) -> Instant {
        later(self.paused_since.unwrap_or(now), self.timeout)
    }
}
