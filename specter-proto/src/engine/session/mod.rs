//! The protocol state of one session: heartbeat, upgrade, end. Packets and instants in, actions
//! out.
//!
//! A [`Session`] decides; whoever owns it reads, writes and sleeps. It holds no message: not the
//! ones that wait to be sent, not the ones that wait to be handled. It never learns what a message
//! means, so everything about Socket.IO is out of its sight.
//!
//! Times come from the caller, so a test can let hours pass in no time.

mod heartbeat;
mod probe;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use thiserror::Error;

use self::heartbeat::{Beat, Heartbeat};
use self::probe::{Probing, Tick};
use super::open::Open;
use super::packet::Packet;

pub use self::probe::{Probe, ProbeRefused};

/// The settings that a session keeps to. They are the same for all sessions of an endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionConfig {
    /// How long after a pong, or the opening, the next ping is sent.
    pub ping_interval: Duration,
    /// How long a pong may take.
    pub ping_timeout: Duration,
    /// How long a probing WebSocket may take to become the session's transport.
    pub upgrade_timeout: Duration,
    /// The largest polling body or message, in bytes. A session does not enforce it: the readers
    /// of bodies and frames do. It stands here because the client is told it.
    pub max_payload: usize,
}

impl Default for SessionConfig {
    /// Socket.IO's own: 25 s, 20 s, 10 s and 1 MB.
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            max_payload: 1_000_000,
        }
    }
}

impl SessionConfig {
    /// What a client is told of these settings when its session opens.
    pub fn open<'a>(&self, sid: &'a str, upgrades: &'a [&'a str]) -> Open<'a> {
        Open {
            sid,
            upgrades,
            ping_interval: self.ping_interval,
            ping_timeout: self.ping_timeout,
            max_payload: self.max_payload,
        }
    }
}

/// What carries a session's packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// HTTP long-polling.
    Polling,
    /// A WebSocket.
    WebSocket,
}

impl Transport {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::WebSocket => "websocket",
        }
    }

    /// The transport of that exact name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "polling" => Some(Self::Polling),
            "websocket" => Some(Self::WebSocket),
            _ => None,
        }
    }
}

/// What a packet from the session's transport amounts to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Received<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// Nothing to do.
    Nothing,
    /// The client ended the session.
    Close,
}

/// What a client must not send. The session is over, with `transport error`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Violation {
    /// A ping on the session's transport: in version 4 only the server pings there.
    #[error("ping from the client")]
    UnexpectedPing,
}

impl Violation {
    /// A stable name for logs and counters.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnexpectedPing => "engine_unexpected_ping",
        }
    }
}

/// What time has made necessary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Due {
    /// Send a ping. A second one need not be queued while an earlier one waits to be written.
    SendPing,
    /// The client has not answered: the session is over, with `ping timeout`.
    PingTimeout,
    /// The upgrade took too long: close the probing WebSocket. The session lives on.
    ProbeTimeout,
    /// If a poll waits, answer it with a noop: the client waits for that before it upgrades.
    ReleasePoll,
}

/// The protocol state of one session, on whichever transport.
#[derive(Debug)]
pub struct Session {
    transport: Transport,
    heartbeat: Heartbeat,
    upgrade_timeout: Duration,
    probing: Option<Probing>,
    over: bool,
}

impl Session {
    /// A session that has just opened. Its first ping is due one interval later.
    pub fn new(config: &SessionConfig, transport: Transport, now: Instant) -> Self {
        Self {
            transport,
            heartbeat: Heartbeat::new(config.ping_interval, config.ping_timeout, now),
            upgrade_timeout: config.upgrade_timeout,
            probing: None,
            over: false,
        }
    }

    /// What carries its packets now.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// Whether a WebSocket is trying to take over.
    pub fn is_probing(&self) -> bool {
        self.probing.is_some()
    }

    /// Takes a packet that came over the session's transport. Once the session is over, packets
    /// amount to nothing.
    pub fn receive<'a>(
        &mut self,
        packet: Packet<'a>,
        now: Instant,
    ) -> Result<Received<'a>, Violation> {
        if self.over {
            return Ok(Received::Nothing);
        }
        match packet {
            Packet::Pong(_) => self.heartbeat.pong(now),
            _ => self.heartbeat.other_packet(now),
        }
        match packet {
            Packet::Message(text) => Ok(Received::Text(text)),
            Packet::Binary(data) => Ok(Received::Binary(data)),
            Packet::Pong(_) | Packet::Open | Packet::Upgrade | Packet::Noop => {
                Ok(Received::Nothing)
            }
            Packet::Close => {
                self.end();
                Ok(Received::Close)
            }
            Packet::Ping(_) => {
                self.end();
                Err(Violation::UnexpectedPing)
            }
        }
    }

    /// Takes a message from the session's transport, as [`receive`](Self::receive) does. Whether it
    /// is to be handled: not when the session is over.
    #[inline]
    #[must_use]
    pub fn receive_message(&mut self, now: Instant) -> bool {
        if !self.over {
            self.heartbeat.other_packet(now);
        }
        !self.over
    }

    /// Lets a WebSocket try to take over.
    pub fn begin_probe(&mut self, now: Instant) -> Result<(), ProbeRefused> {
        if self.over {
            Err(ProbeRefused::SessionOver)
        } else if self.transport == Transport::WebSocket {
            Err(ProbeRefused::AlreadyUpgraded)
        } else if self.is_probing() {
            Err(ProbeRefused::AlreadyProbing)
        } else {
            let mut probing = Probing::new(self.upgrade_timeout, now);
            if self.heartbeat.is_stopped() {
                probing.pause(now);
            }
            self.probing = Some(probing);
            Ok(())
        }
    }

    /// Takes a packet that came over the probing WebSocket.
    ///
    /// After [`Probe::Upgraded`] that WebSocket is the session's transport and its packets go to
    /// [`receive`](Self::receive) and [`receive_message`](Self::receive_message). After
    /// [`Probe::Failed`] another may try.
    pub fn receive_probe(&mut self, packet: Packet<'_>, now: Instant) -> Probe {
        let Some(probing) = &mut self.probing else {
            return Probe::Failed;
        };
        let probe = probing.receive(packet, now);
        match probe {
            Probe::ReplyPong => {}
            Probe::Failed => self.probing = None,
            Probe::Upgraded => {
                self.probing = None;
                self.transport = Transport::WebSocket;
                // A pong may be on its way over either transport.
                self.heartbeat.renew_wait(now);
            }
        }
        probe
    }

    /// The probing WebSocket is gone. The session stays where it is.
    pub fn probe_lost(&mut self) {
        self.probing = None;
    }

    /// When [`handle_timeout`](Self::handle_timeout) must be called next; `None` once the session
    /// is over.
    pub fn deadline(&self) -> Option<Instant> {
        if self.over {
            return None;
        }
        let heartbeat = self.heartbeat.deadline();
        let probing = self.probing.as_ref().and_then(Probing::deadline);
        Some(probing.map_or(heartbeat, |probing| heartbeat.min(probing)))
    }

    /// One thing that `now` makes necessary. Call it until it returns `None`; from then on the next
    /// [`deadline`](Self::deadline) lies in the future.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<Due> {
        if self.over {
            return None;
        }
        match self.heartbeat.beat(now) {
            Some(Beat::Ping) => return Some(Due::SendPing),
            Some(Beat::Timeout) => {
                self.end();
                return Some(Due::PingTimeout);
            }
            None => {}
        }
        match self.probing.as_mut()?.tick(now)? {
            Tick::ReleasePoll => Some(Due::ReleasePoll),
            Tick::Timeout => {
                self.probing = None;
                Some(Due::ProbeTimeout)
            }
        }
    }

    /// Whether the wait for a pong is over, so that [`handle_timeout`](Self::handle_timeout) would
    /// end the session. A pong that came and was not read yet still counts: read it first.
    pub fn is_pong_overdue(&self, now: Instant) -> bool {
        !self.over && self.heartbeat.is_overdue(now)
    }

    /// The peer has shown that it reads what it is sent. A pong that is awaited may be stuck behind
    /// that, and gets the whole time-out from now.
    pub fn postpone_pong(&mut self, now: Instant) {
        if !self.over {
            self.heartbeat.renew_wait(now);
        }
    }

    /// Reading has stopped. Until it goes on, the wait for a pong and the time for an upgrade stand
    /// still: what is waited for may be among what is unread. Pings are still sent, since a client
    /// leaves when they stay away.
    pub fn pause(&mut self, now: Instant) {
        self.heartbeat.pause(now);
        if let Some(probing) = &mut self.probing {
            probing.pause(now);
        }
    }

    /// Reading goes on.
    pub fn resume(&mut self, now: Instant) {
        self.heartbeat.resume(now);
        if let Some(probing) = &mut self.probing {
            probing.resume(now);
        }
    }

    fn end(&mut self) {
        self.over = true;
        self.probing = None;
    }
}

/// `wait` after `now`. A wait beyond what an instant can hold is as good as a century.
fn later(now: Instant, wait: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    now.checked_add(wait.min(CENTURY)).unwrap_or(now)
}
