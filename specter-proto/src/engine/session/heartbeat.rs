//! The server's ping and the wait for the client's pong.
//!
//! Owns when a ping is due and when a client counts as gone. Every state is two instants, whatever
//! a client sends: a flood of pongs neither postpones pings nor costs memory.

use std::time::{Duration, Instant};

use super::later;

/// What the clock demands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Beat {
    /// A ping is to be sent.
    Ping,
    /// The pong did not come.
    Timeout,
}

/// The wait for a pong.
#[derive(Clone, Copy, Debug)]
struct Wait {
    until: Instant,
    /// Another packet showed that the client is there. That counts once: a client that talks but
    /// never answers a ping is not a working one.
    extended: bool,
}

/// What an awaited pong gets at least when reading goes on: it may be the next thing that is read.
const AFTER_PAUSE: Duration = Duration::from_secs(1);

/// A ping that goes out late is awaited as if it had been in time, but this part of the time-out is
/// the most that it may cost the client.
const LATENESS: u32 = 4;

#[derive(Debug)]
pub(super) struct Heartbeat {
    interval: Duration,
    timeout: Duration,
    next_ping: Instant,
    wait: Option<Wait>,
    /// Since when nothing is read, so that no pong can be seen. The clock of `wait` stands there.
    stopped: Option<Instant>,
}

impl Heartbeat {
    pub(super) fn new(interval: Duration, timeout: Duration, now: Instant) -> Self {
        // No interval is zero, so that handling what is due always comes to an end.
        let interval = interval.max(Duration::from_millis(1));
        Self {
            interval,
            timeout,
            next_ping: later(now, interval),
            wait: None,
            stopped: None,
        }
    }

    /// A pong. One that nobody awaits changes nothing.
    pub(super) fn pong(&mut self, now: Instant) {
        if self.wait.take().is_some() {
            self.next_ping = later(now, self.interval);
        }
    }

    /// Any packet that is not a pong.
    #[inline]
    pub(super) fn other_packet(&mut self, now: Instant) {
        if self.wait.is_some_and(|wait| !wait.extended) {
            self.wait = Some(Wait {
                until: self.pong_by(now),
                extended: true,
            });
        }
    }

    /// Gives an awaited pong the whole time-out from now.
    pub(super) fn renew_wait(&mut self, now: Instant) {
        let until = self.pong_by(now);
        if let Some(wait) = &mut self.wait {
            wait.until = until;
        }
    }

    pub(super) fn pause(&mut self, now: Instant) {
        self.stopped.get_or_insert(now);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.is_some()
    }

    pub(super) fn resume(&mut self, now: Instant) {
        let Some(since) = self.stopped.take() else {
            return;
        };
        if let Some(wait) = &mut self.wait {
            let moved = later(wait.until, now.saturating_duration_since(since));
            wait.until = moved.max(later(now, self.timeout.min(AFTER_PAUSE)));
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        match self.wait {
            Some(wait) if self.stopped.is_none() => wait.until,
            _ => self.next_ping,
        }
    }

    /// Whether the next [`beat`](Self::beat) is a time-out.
    pub(super) fn is_overdue(&self, now: Instant) -> bool {
        self.wait.is_some() && self.stopped.is_none() && now >= self.deadline()
    }

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
            // A client that counts from the ping it should have had finds the session gone when it
            // says so.
            let late = late.min(self.timeout / LATENESS);
            let until = match self.stopped {
                Some(_) => self.pong_by(now),
                None => later(now, self.timeout.saturating_sub(late)),
            };
            self.wait = Some(Wait {
                until,
                extended: false,
            });
        }
        Some(Beat::Ping)
    }

    /// When a pong that is awaited from `now` on must be there.
    fn pong_by(&self, now: Instant) -> Instant {
        later(self.stopped.unwrap_or(now), self.timeout)
    }
}
