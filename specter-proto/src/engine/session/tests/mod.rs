//! The session's state tables: heartbeat, upgrade, end, on instants that the tests make up.

#![expect(
    clippy::unchecked_time_subtraction,
    reason = "constants of known order, written as one thinks of them"
)]

mod upgrade;

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

const INTERVAL: Duration = Duration::from_secs(25);
const TIMEOUT: Duration = Duration::from_secs(20);
const UPGRADE: Duration = Duration::from_secs(10);
const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

/// A session and the clock that it is shown.
struct Played {
    session: Session,
    start: Instant,
    now: Instant,
}

impl Played {
    fn new(transport: Transport) -> Self {
        let now = Instant::now();
        Self {
            session: Session::new(&SessionConfig::default(), transport, now),
            start: now,
            now,
        }
    }

    /// Lets time pass, waking the session whenever it asks to be; gives back when it did what.
    fn pass(&mut self, time: Duration) -> Vec<(Duration, Due)> {
        let end = self.now + time;
        let mut seen = Vec::new();
        while let Some(deadline) = self.session.deadline().filter(|at| *at <= end) {
            // Pausing may show a ping to be overdue that nobody needed while a pong was awaited.
            self.now = deadline.max(self.now);
            let before = seen.len();
            while let Some(due) = self.session.handle_timeout(self.now) {
                seen.push((self.now - self.start, due));
            }
            assert!(seen.len() > before, "woken for nothing");
            let next = self.session.deadline();
            assert!(
                next.is_none_or(|next| next > self.now),
                "something was left"
            );
        }
        self.now = end;
        seen
    }

    fn receive<'a>(&mut self, packet: Packet<'a>) -> Result<Received<'a>, Violation> {
        self.session.receive(packet, self.now)
    }

    fn probe(&mut self, packet: Packet<'_>) -> Probe {
        self.session.receive_probe(packet, self.now)
    }
}

#[test]
fn messages_are_handed_on_and_the_rest_is_ignored() {
    let mut played = Played::new(Transport::WebSocket);
    for (packet, received) in [
        (Packet::Message("2[]"), Received::Text("2[]")),
        (Packet::Message(""), Received::Text("")),
        (Packet::Binary(b"x"), Received::Binary(b"x")),
        (Packet::Open, Received::Nothing),
        (Packet::Upgrade, Received::Nothing),
        (Packet::Noop, Received::Nothing),
        (Packet::Pong(""), Received::Nothing),
        (Packet::Pong("probe"), Received::Nothing),
    ] {
        assert_eq!(played.receive(packet), Ok(received), "{packet:?}");
    }
}

#[test]
fn a_message_taken_by_itself_counts_as_one_among_packets() {
    for pauses in [false, true] {
        let [mut among, mut by_itself] = [(); 2].map(|()| {
            let mut played = Played::new(Transport::WebSocket);
            played.pass(INTERVAL);
            if pauses {
                played.session.pause(played.now);
            }
            played
        });
        // While a pong is awaited the first renews the wait, and no other.
        for _ in 0..3 {
            for played in [&mut among, &mut by_itself] {
                played.pass(MILLI);
            }
            assert_eq!(among.receive(Packet::Message("a")), Ok(Received::Text("a")));
            assert!(by_itself.session.receive_message(by_itself.now));
            let left = |played: &Played| played.session.deadline().map(|at| at - played.now);
            assert_eq!(left(&by_itself), left(&among));
        }
        assert_eq!(by_itself.pass(10 * INTERVAL), among.pass(10 * INTERVAL));
    }
}

#[test]
fn the_time_for_an_upgrade_stands_still_while_nothing_is_read() {
    for pause_first in [false, true] {
        let mut played = Played::new(Transport::Polling);
        if pause_first {
            played.session.pause(played.now);
        }
        assert_eq!(played.session.begin_probe(played.now), Ok(()));
        played.session.pause(played.now);
        let timed_out = |played: &mut Played, time| {
            let seen = played.pass(time);
            seen.iter().any(|(_, due)| *due == Due::ProbeTimeout)
        };
        assert!(!timed_out(&mut played, 2 * UPGRADE));
        played.session.resume(played.now);
        assert!(!timed_out(&mut played, UPGRADE - MILLI));
        assert!(timed_out(&mut played, MILLI));
    }
}

#[test]
fn close_and_ping_end_the_session() {
    for transport in [Transport::Polling, Transport::WebSocket] {
        for packet in [Packet::Close, Packet::Ping(""), Packet::Ping("probe")] {
            let mut played = Played::new(transport);
            let expected = match packet {
                Packet::Close => Ok(Received::Close),
                _ => Err(Violation::UnexpectedPing),
            };
            assert_eq!(played.receive(packet), expected);
            assert_eq!(played.receive(Packet::Message("a")), Ok(Received::Nothing));
            assert!(!played.session.receive_message(played.now));
            assert_eq!(
                played.session.begin_probe(played.now),
                Err(ProbeRefused::SessionOver)
            );
            assert_eq!(played.session.deadline(), None);
            assert_eq!(played.pass(10 * INTERVAL), []);
        }
    }
}

#[test]
fn a_silent_client_times_out_after_one_ping() {
    let mut played = Played::new(Transport::WebSocket);
    assert_eq!(
        played.pass(5 * INTERVAL),
        [
            (INTERVAL, Due::SendPing),
            (INTERVAL + TIMEOUT, Due::PingTimeout),
        ]
    );
    assert_eq!(played.session.deadline(), None);
}

#[test]
fn the_next_ping_follows_the_pong() {
    let mut played = Played::new(Transport::Polling);
    assert_eq!(played.pass(INTERVAL + SECOND), [(INTERVAL, Due::SendPing)]);
    played.receive(Packet::Pong("")).unwrap();
    assert_eq!(
        played.pass(INTERVAL),
        [(2 * INTERVAL + SECOND, Due::SendPing)]
    );
}

#[test]
fn another_packet_extends_the_wait_for_a_pong_once() {
    for packet in [
        Packet::Message("a"),
        Packet::Binary(b""),
        Packet::Noop,
        Packet::Open,
        Packet::Upgrade,
    ] {
        let mut played = Played::new(Transport::WebSocket);
        played.pass(INTERVAL + 15 * SECOND);
        played.receive(packet).unwrap();
        assert_eq!(played.pass(10 * SECOND), []);
        played.receive(packet).unwrap();
        let end = INTERVAL + 15 * SECOND + TIMEOUT;
        assert_eq!(
            played.pass(INTERVAL),
            [(end, Due::PingTimeout)],
            "{packet:?}"
        );
    }
}

#[test]
fn each_ping_may_be_extended_anew() {
    let mut played = Played::new(Transport::WebSocket);
    for _ in 0..3 {
        assert_eq!(played.pass(INTERVAL).len(), 1);
        played.pass(TIMEOUT - SECOND);
        played.receive(Packet::Message("a")).unwrap();
        assert_eq!(played.pass(TIMEOUT - SECOND), []);
        played.receive(Packet::Pong("")).unwrap();
    }
}

#[test]
fn packets_before_the_ping_extend_nothing() {
    let mut played = Played::new(Transport::WebSocket);
    played.pass(INTERVAL - SECOND);
    played.receive(Packet::Message("a")).unwrap();
    assert_eq!(
        played.pass(2 * INTERVAL),
        [
            (INTERVAL, Due::SendPing),
            (INTERVAL + TIMEOUT, Due::PingTimeout),
        ]
    );
}

#[test]
fn a_flood_of_pongs_changes_nothing() {
    let mut played = Played::new(Transport::WebSocket);
    played.pass(INTERVAL - SECOND);
    for _ in 0..1000 {
        played.receive(Packet::Pong("")).unwrap();
    }
    assert_eq!(
        played.session.deadline(),
        Some(played.start + INTERVAL),
        "stray pongs postpone no ping"
    );
}

#[test]
fn a_late_wake_up_sends_one_ping_not_several() {
    let mut played = Played::new(Transport::WebSocket);
    played.now += 10 * INTERVAL;
    let now = played.now;
    assert_eq!(played.session.handle_timeout(now), Some(Due::SendPing));
    assert_eq!(played.session.handle_timeout(now), None);
    assert_eq!(
        played.session.deadline(),
        Some(now + TIMEOUT - TIMEOUT / 4),
        "the server's own delay is not all the client's loss"
    );
}

#[test]
fn a_ping_that_is_a_little_late_is_awaited_no_longer() {
    let mut played = Played::new(Transport::Polling);
    played.now += INTERVAL + SECOND;
    let now = played.now;
    assert_eq!(played.session.handle_timeout(now), Some(Due::SendPing));
    assert_eq!(
        played.session.deadline(),
        Some(played.start + INTERVAL + TIMEOUT)
    );
}

#[test]
fn the_wait_stands_still_while_nothing_is_read() {
    let mut played = Played::new(Transport::WebSocket);
    played.pass(INTERVAL + 5 * SECOND);
    played.session.pause(played.now);
    // The client is still pinged, and never given up.
    assert_eq!(
        played.pass(4 * INTERVAL - 5 * SECOND),
        [2, 3, 4, 5].map(|n| (n * INTERVAL, Due::SendPing))
    );
    played.session.resume(played.now);
    assert_eq!(
        played.session.deadline(),
        Some(played.now + TIMEOUT - 5 * SECOND)
    );
    played.receive(Packet::Pong("")).unwrap();
    assert_eq!(played.session.deadline(), Some(played.now + INTERVAL));
}

#[test]
fn a_pause_during_a_long_wait_pings_at_once() {
    let mut played = Played::new(Transport::WebSocket);
    played.pass(INTERVAL + TIMEOUT - SECOND);
    played.receive(Packet::Message("a")).unwrap();
    played.pass(15 * SECOND);
    played.session.pause(played.now);
    let overdue = played.now - played.start;
    assert_eq!(played.pass(SECOND), [(overdue, Due::SendPing)]);
}

#[test]
fn a_ping_sent_during_a_pause_is_awaited_after_it() {
    let mut played = Played::new(Transport::WebSocket);
    played.session.pause(played.now);
    assert_eq!(played.pass(INTERVAL), [(INTERVAL, Due::SendPing)]);
    played.session.resume(played.now);
    assert_eq!(
        played.pass(INTERVAL),
        [(INTERVAL + TIMEOUT, Due::PingTimeout)]
    );
}

#[test]
fn a_pong_among_what_is_unread_is_given_a_moment() {
    let mut played = Played::new(Transport::WebSocket);
    played.pass(INTERVAL + TIMEOUT - MILLI);
    played.session.pause(played.now);
    played.pass(SECOND);
    played.session.resume(played.now);
    assert_eq!(played.session.deadline(), Some(played.now + SECOND));
}

#[test]
fn pausing_twice_counts_from_the_first_time_and_resuming_twice_once() {
    let mut played = Played::new(Transport::WebSocket);
    played.pass(INTERVAL);
    played.session.pause(played.now);
    played.pass(5 * SECOND);
    played.session.pause(played.now);
    played.pass(5 * SECOND);
    played.session.resume(played.now);
    let deadline = played.session.deadline();
    assert_eq!(deadline, Some(played.now + TIMEOUT));
    played.pass(SECOND);
    played.session.resume(played.now);
    assert_eq!(played.session.deadline(), deadline);
}

#[test]
fn extreme_settings_neither_overflow_nor_spin() {
    let now = Instant::now();
    for (interval, timeout) in [
        (Duration::MAX, Duration::MAX),
        (Duration::ZERO, Duration::ZERO),
    ] {
        let config = SessionConfig {
            ping_interval: interval,
            ping_timeout: timeout,
            upgrade_timeout: timeout,
            ..SessionConfig::default()
        };
        let mut session = Session::new(&config, Transport::Polling, now);
        session.begin_probe(now).unwrap();
        session.pause(now);
        let handled = (0..10).map_while(|_| session.handle_timeout(now)).count();
        assert!(handled < 10);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Pass(u16),
    Receive(u8),
    BeginProbe,
    ReceiveProbe(u8),
    ProbeLost,
    Pause,
    Resume,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any::<u16>().prop_map(Step::Pass),
        3 => (0u8..6).prop_map(Step::Receive),
        1 => Just(Step::BeginProbe),
        2 => (0u8..8).prop_map(Step::ReceiveProbe),
        1 => Just(Step::ProbeLost),
        1 => Just(Step::Pause),
        1 => Just(Step::Resume),
    ]
}

fn packet(kind: u8) -> Packet<'static> {
    match kind {
        0 => Packet::Message("a"),
        1 => Packet::Binary(b"a"),
        2 => Packet::Noop,
        3 => Packet::Open,
        4 => Packet::Upgrade,
        5 => Packet::Pong(""),
        6 => Packet::Ping("probe"),
        _ => Packet::Close,
    }
}

proptest! {
    /// `Played::pass` asserts that a session is never woken for nothing and leaves nothing undone.
    #[test]
    fn whatever_happens_deadlines_hold(steps in prop::collection::vec(step(), 0..60)) {
        let mut played = Played::new(Transport::Polling);
        let mut upgraded = false;
        for step in steps {
            match step {
                Step::Pass(millis) => drop(played.pass(Duration::from_millis(millis.into()))),
                Step::Receive(kind) => drop(played.receive(packet(kind))),
                Step::BeginProbe => drop(played.session.begin_probe(played.now)),
                Step::ReceiveProbe(kind) => {
                    upgraded |= played.probe(packet(kind)) == Probe::Upgraded;
                }
                Step::ProbeLost => played.session.probe_lost(),
                Step::Pause => played.session.pause(played.now),
                Step::Resume => played.session.resume(played.now),
            }
            prop_assert_eq!(upgraded, played.session.transport() == Transport::WebSocket);
            prop_assert!(!(upgraded && played.session.is_probing()));
        }
    }

    #[test]
    fn a_client_that_answers_in_time_lives(delays in prop::collection::vec(0u64..20_000, 1..50)) {
        let mut played = Played::new(Transport::WebSocket);
        for delay in delays {
            let pings = played.pass(INTERVAL);
            prop_assert!(matches!(pings[..], [(_, Due::SendPing)]));
            prop_assert_eq!(played.pass(Duration::from_millis(delay)), []);
            played.receive(Packet::Pong("")).unwrap();
        }
    }

    #[test]
    fn a_client_that_never_answers_is_gone_in_bounded_time(
        gaps in prop::collection::vec(1u64..5_000, 200),
    ) {
        let mut played = Played::new(Transport::WebSocket);
        let mut ended = None;
        for gap in gaps {
            let seen = played.pass(Duration::from_millis(gap));
            ended = ended.or(seen.into_iter().find(|(_, due)| *due == Due::PingTimeout));
            let _ = played.receive(Packet::Message("still talking"));
        }
        let bound = INTERVAL + 2 * TIMEOUT;
        prop_assert!(ended.is_some_and(|(at, _)| at <= bound) || played.now - played.start < bound);
    }
}
