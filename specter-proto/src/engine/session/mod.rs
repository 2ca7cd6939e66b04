//! The protocol state of one session: heartbeat, upgrade, end. Packets and instants go in, actions
//! come out.
//!
//! A [`Session`] decides; its owner reads, writes and sleeps. A session holds no messages, neither
//! those to be sent nor those to be handled, and does not know what a message means. It therefore
//! knows nothing of Socket.IO.
//!
//! Times come from the caller, so a test can simulate hours without waiting.

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

pub use self::probe::{Probe, ProbeRejected};

/// The settings of a session. They are the same for all sessions of an endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionConfig {
    /// The time from a pong, or from the session's opening, to the next ping. Less than 1 ms counts
    /// as 1 ms. Default: 25 s.
    pub ping_interval: Duration,
    /// How long the client may take to answer a ping. If it takes longer, the session ends with
    /// [`Due::PingTimeout`]. Default: 20 s.
    pub ping_timeout: Duration,
    /// How long a probing WebSocket may take to become the session's transport. If it takes longer,
    /// it is closed ([`Due::ProbeTimeout`]), and the session continues on polling. Default: 10 s.
    pub upgrade_timeout: Duration,
    /// The largest polling body or message, in bytes, which is sent to the client when its session
    /// opens. The session does not enforce this limit: the readers of bodies and frames do.
    /// Default: 1,000,000.
    pub max_payload: usize,
}

impl Default for SessionConfig {
    /// The defaults of Socket.IO: 25 s, 20 s, 10 s and 1 MB.
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
    /// The content of the OPEN packet, by which a client learns these settings.
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

/// The transport that carries a session's packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// HTTP long-polling.
    Polling,
    /// A WebSocket.
    WebSocket,
}

impl Transport {
    /// The transport's name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::WebSocket => "websocket",
        }
    }

    /// The transport with exactly this name. `None` if there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "polling" => Some(Self::Polling),
            "websocket" => Some(Self::WebSocket),
            _ => None,
        }
    }
}

/// The effect of a packet from the session's transport.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Received<'a> {
    /// A text message is to be handled.
    Text(&'a str),
    /// A binary message is to be handled.
    Binary(&'a [u8]),
    /// There is nothing to do.
    Nothing,
    /// The client has ended the session.
    Close,
}

/// A packet that a client must not send. The session is over, with `transport error`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Violation {
    /// A ping on the session's transport. In Engine.IO v4 only the server pings there.
    #[error("the client sent a ping, which in Engine.IO v4 only the server may send")]
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

/// An action that is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Due {
    /// Send a ping. If an earlier ping still waits to be written, a second one need not be queued.
    SendPing,
    /// The client has not answered a ping in time. The session is over, with `ping timeout`.
    PingTimeout,
    /// The upgrade took too long: close the probing WebSocket. The session continues.
    ProbeTimeout,
    /// If a poll waits, answer it with a noop. The client waits for this answer before it upgrades.
    ReleasePoll,
}

/// The protocol state of one session, on either transport.
#[derive(Debug)]
pub struct Session {
    transport: Transport,
    heartbeat: Heartbeat,
    upgrade_timeout: Duration,
    probing: Option<Probing>,
    is_over: bool,
}

impl Session {
    /// Creates a session that opens at `now`. Its first ping is due one interval later.
    pub fn new(config: &SessionConfig, transport: Transport, now: Instant) -> Self {
        Self {
            transport,
            heartbeat: Heartbeat::new(config.ping_interval, config.ping_timeout, now),
            upgrade_timeout: config.upgrade_timeout,
            probing: None,
            is_over: false,
        }
    }

    /// The transport that carries the session's packets now.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// Whether a WebSocket is probing in order to take over the session.
    pub fn is_probing(&self) -> bool {
        self.probing.is_some()
    }

    /// Takes a packet that came over the session's transport. After the end of the session a packet
    /// has no effect. A [`Violation`] ends the session.
    pub fn receive<'a>(
        &mut self,
        packet: Packet<'a>,
        now: Instant,
    ) -> Result<Received<'a>, Violation> {
        if self.is_over {
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

    /// Takes a message from the session's transport, as [`receive`](Self::receive) does. Returns
    /// whether the message is to be handled, which is `false` after the end of the session.
    #[inline]
    #[must_use = "a message that comes after the end of the session must not be handled"]
    pub fn receive_message(&mut self, now: Instant) -> bool {
        if !self.is_over {
            self.heartbeat.other_packet(now);
        }
        !self.is_over
    }

    /// Lets a WebSocket probe in order to take over the session. Fails if the session is over, has
    /// a WebSocket already, or if another WebSocket is probing.
    pub fn begin_probe(&mut self, now: Instant) -> Result<(), ProbeRejected> {
        if self.is_over {
            Err(ProbeRejected::SessionOver)
        } else if self.transport == Transport::WebSocket {
            Err(ProbeRejected::AlreadyUpgraded)
        } else if self.is_probing() {
            Err(ProbeRejected::AlreadyProbing)
        } else {
            let mut probing = Probing::new(self.upgrade_timeout, now);
            if self.heartbeat.is_paused() {
                probing.pause(now);
            }
            self.probing = Some(probing);
            Ok(())
        }
    }

    /// Takes a packet that came over the probing WebSocket.
    ///
    /// After [`Probe::Upgraded`] that WebSocket is the session's transport, and its packets go to
    /// [`receive`](Self::receive) and [`receive_message`](Self::receive_message). After
    /// [`Probe::Failed`] another WebSocket may probe.
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
                // An awaited pong may be on its way over either transport, so it gets the whole
                // timeout.
                self.heartbeat.renew_wait(now);
            }
        }
        probe
    }

    /// Ends a probe because its WebSocket is gone. The session keeps its transport.
    pub fn probe_lost(&mut self) {
        self.probing = None;
    }

    /// When [`handle_timeout`](Self::handle_timeout) must be called next. `None` after the end of
    /// the session.
    pub fn deadline(&self) -> Option<Instant> {
        if self.is_over {
            return None;
        }
        let heartbeat = self.heartbeat.deadline();
        let probing = self.probing.as_ref().and_then(Probing::deadline);
        Some(probing.map_or(heartbeat, |probing| heartbeat.min(probing)))
    }

    /// Returns one action that is due at `now`. Call it until it returns `None`; the next
    /// [`deadline`](Self::deadline) is then in the future.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<Due> {
        if self.is_over {
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

    /// Whether the time for a pong is over, so that [`handle_timeout`](Self::handle_timeout) would
    /// end the session. A pong that has arrived but was not read yet still counts, so read pending
    /// input first.
    pub fn is_pong_overdue(&self, now: Instant) -> bool {
        !self.is_over && self.heartbeat.is_overdue(now)
    }

    /// Notes that the peer is reading outgoing data. It may have to read more of that data before
    /// it can answer a ping, so an awaited pong gets the whole timeout from `now`.
    pub fn postpone_pong(&mut self, now: Instant) {
        if !self.is_over {
            self.heartbeat.renew_wait(now);
        }
    }

    /// Notes that reading has stopped. Until [`resume`](Self::resume) the timeouts of an awaited
    /// pong and of an upgrade do not run, because the awaited packet may be among the unread ones.
    /// Pings are still sent, because a client closes the connection if none arrive.
    pub fn pause(&mut self, now: Instant) {
        self.heartbeat.pause(now);
        if let Some(probing) = &mut self.probing {
            probing.pause(now);
        }
    }

    /// Notes that reading continues after a [`pause`](Self::pause).
    pub fn resume(&mut self, now: Instant) {
        self.heartbeat.resume(now);
        if let Some(probing) = &mut self.probing {
            probing.resume(now);
        }
    }

    fn end(&mut self) {
        self.is_over = true;
        self.probing = None;
    }
}

/// Returns `now` plus `wait`. A wait of more than a century is cut to a century, because an instant
/// may be unable to hold it.
fn later(now: Instant, wait: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    now.checked_add(wait.min(CENTURY)).unwrap_or(now)
}
