//! The session's states: heartbeat, upgrade and end, at simulated times.

#![expect(
    clippy::unchecked_time_subtraction,
    reason = "the constants are subtracted from larger ones"
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

/// A session and its simulated clock.
struct Simulation {
    session: Session,
    start: Instant,
    now: Instant,
}

impl Simulation {
    fn new(transport: Transport) -> Self {
        let now = Instant::now();
        Self {
            session: Session::new(&SessionConfig::default(), transport, now),
            start: now,
            now,
        }
    }

    /// Advances the clock, and handles the session's timeouts at their deadlines. Returns each
    /// action with the time since the start.
    fn advance(&mut self, time: Duration) -> Vec<(Duration, Due)> {
        let end = self.now + time;
        let mut actions = Vec::new();
        while let Some(deadline) = self.session.deadline().filter(|at| *at <= end) {
            // At the start of a pause a ping may be overdue, because no ping is sent while a pong
            // is awaited.
            self.now = deadline.max(self.now);
            let before = actions.len();
            while let Some(due) = self.session.handle_timeout(self.now) {
                actions.push((self.now - self.start, due));
            }
            assert!(actions.len() > before, "no action was due at the deadline");
            let next = self.session.deadline();
            assert!(
                next.is_none_or(|next| next > self.now),
                "an action that was due is left"
            );
        }
        self.now = end;
        actions
    }

    fn receive<'a>(&mut self, packet: Packet<'a>) -> Result<Received<'a>, Violation> {
        self.session.receive(packet, self.now)
    }

    fn probe(&mut self, packet: Packet<'_>) -> Probe {
        self.session.receive_probe(packet, self.now)
    }
}

#[test]
fn messages_are_returned_and_other_packets_are_ignored() {
    let mut simulation = Simulation::new(Transport::WebSocket);
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
        assert_eq!(simulation.receive(packet), Ok(received), "{packet:?}");
    }
}

#[test]
fn receive_message_counts_as_receive_does() {
    for is_paused in [false, true] {
        let [mut packets, mut messages] = [(); 2].map(|()| {
            let mut simulation = Simulation::new(Transport::WebSocket);
            simulation.advance(INTERVAL);
            if is_paused {
                simulation.session.pause(simulation.now);
            }
            simulation
        });
        // While a pong is awaited, only the first message extends the wait.
        for _ in 0..3 {
            for simulation in [&mut packets, &mut messages] {
                simulation.advance(MILLI);
            }
            assert_eq!(
                packets.receive(Packet::Message("a")),
                Ok(Received::Text("a"))
            );
            assert!(messages.session.receive_message(messages.now));
            let left = |simulation: &Simulation| {
                simulation.session.deadline().map(|at| at - simulation.now)
            };
            assert_eq!(left(&messages), left(&packets));
        }
        assert_eq!(
            messages.advance(10 * INTERVAL),
            packets.advance(10 * INTERVAL)
        );
    }
}

#[test]
fn the_upgrade_timeout_does_not_run_during_a_pause() {
    for is_paused_before in [false, true] {
        let mut simulation = Simulation::new(Transport::Polling);
        if is_paused_before {
            simulation.session.pause(simulation.now);
        }
        assert_eq!(simulation.session.begin_probe(simulation.now), Ok(()));
        simulation.session.pause(simulation.now);
        let timed_out = |simulation: &mut Simulation, time| {
            let actions = simulation.advance(time);
            actions.iter().any(|(_, due)| *due == Due::ProbeTimeout)
        };
        assert!(!timed_out(&mut simulation, 2 * UPGRADE));
        simulation.session.resume(simulation.now);
        assert!(!timed_out(&mut simulation, UPGRADE - MILLI));
        assert!(timed_out(&mut simulation, MILLI));
    }
}

#[test]
fn close_and_ping_end_the_session() {
    for transport in [Transport::Polling, Transport::WebSocket] {
        for packet in [Packet::Close, Packet::Ping(""), Packet::Ping("probe")] {
            let mut simulation = Simulation::new(transport);
            let expected = match packet {
                Packet::Close => Ok(Received::Close),
                _ => Err(Violation::UnexpectedPing),
            };
            assert_eq!(simulation.receive(packet), expected);
            assert_eq!(
                simulation.receive(Packet::Message("a")),
                Ok(Received::Nothing)
            );
            assert!(!simulation.session.receive_message(simulation.now));
            assert_eq!(
                simulation.session.begin_probe(simulation.now),
                Err(ProbeRejected::SessionOver)
            );
            assert_eq!(simulation.session.deadline(), None);
            assert_eq!(simulation.advance(10 * INTERVAL), []);
        }
    }
}

#[test]
fn a_silent_client_times_out_after_one_ping() {
    let mut simulation = Simulation::new(Transport::WebSocket);
    assert_eq!(
        simulation.advance(5 * INTERVAL),
        [
            (INTERVAL, Due::SendPing),
            (INTERVAL + TIMEOUT, Due::PingTimeout),
        ]
    );
    assert_eq!(simulation.session.deadline(), None);
}

#[test]
fn the_next_ping_follows_the_pong() {
    let mut simulation = Simulation::new(Transport::Polling);
    assert_eq!(
        simulation.advance(INTERVAL + SECOND),
        [(INTERVAL, Due::SendPing)]
    );
    simulation.receive(Packet::Pong("")).unwrap();
    assert_eq!(
        simulation.advance(INTERVAL),
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
        let mut simulation = Simulation::new(Transport::WebSocket);
        simulation.advance(INTERVAL + 15 * SECOND);
        simulation.receive(packet).unwrap();
        assert_eq!(simulation.advance(10 * SECOND), []);
        simulation.receive(packet).unwrap();
        let end = INTERVAL + 15 * SECOND + TIMEOUT;
        assert_eq!(
            simulation.advance(INTERVAL),
            [(end, Due::PingTimeout)],
            "{packet:?}"
        );
    }
}

#[test]
fn each_wait_may_be_extended_once() {
    let mut simulation = Simulation::new(Transport::WebSocket);
    for _ in 0..3 {
        assert_eq!(simulation.advance(INTERVAL).len(), 1);
        simulation.advance(TIMEOUT - SECOND);
        simulation.receive(Packet::Message("a")).unwrap();
        assert_eq!(simulation.advance(TIMEOUT - SECOND), []);
        simulation.receive(Packet::Pong("")).unwrap();
    }
}

#[test]
fn packets_before_the_ping_do_not_extend_the_wait() {
    let mut simulation = Simulation::new(Transport::WebSocket);
    simulation.advance(INTERVAL - SECOND);
    simulation.receive(Packet::Message("a")).unwrap();
    assert_eq!(
        simulation.advance(2 * INTERVAL),
        [
            (INTERVAL, Due::SendPing),
            (INTERVAL + TIMEOUT, Due::PingTimeout),
        ]
    );
}

#[test]
fn a_flood_of_pongs_changes_nothing() {
    let mut simulation = Simulation::new(Transport::WebSocket);
    simulation.advance(INTERVAL - SECOND);
    for _ in 0..1000 {
        simulation.receive(Packet::Pong("")).unwrap();
    }
    assert_eq!(
        simulation.session.deadline(),
        Some(simulation.start + INTERVAL),
        "pongs that are not awaited postpone no ping"
    );
}

#[test]
fn a_late_wake_up_sends_one_ping_not_several() {
    let mut simulation = Simulation::new(Transport::WebSocket);
    simulation.now += 10 * INTERVAL;
    let now = simulation.now;
    assert_eq!(simulation.session.handle_timeout(now), Some(Due::SendPing));
    assert_eq!(simulation.session.handle_timeout(now), None);
    assert_eq!(
        simulation.session.deadline(),
        Some(now + TIMEOUT - TIMEOUT / 4),
        "the server's delay shortens the wait by a quarter at most"
    );
}

#[test]
fn a_slightly_late_ping_does_not_postpone_the_timeout() {
    let mut simulation = Simulation::new(Transport::Polling);
    simulation.now += INTERVAL + SECOND;
    let now = simulation.now;
    assert_eq!(simulation.session.handle_timeout(now), Some(Due::SendPing));
    assert_eq!(
        simulation.session.deadline(),
        Some(simulation.start + INTERVAL + TIMEOUT)
    );
}

#[test]
fn the_wait_for_a_pong_does_not_run_during_a_pause() {
    let mut simulation = Simulation::new(Transport::WebSocket);
    simulation.advance(INTERVAL + 5 * SECOND);
    simulation.session.pause(simulation.now);
    // The client is still pinged, and its pong is never overdue.
    assert_eq!(
        simulation.advance(4 * INTERVAL - 5 * SECOND),
        [2, 3, 4, 5].map(|n| (n * INTERVAL, Due::SendPing))
    );
    simulation.session.resume(simulation.now);
    assert_eq!(
        simulation.session.deadline(),
        Some(simulation.now + TIMEOUT - 5 * SECOND)
    );
    simulation.receive(Packet::Pong("")).unwrap();
    assert_eq!(
        simulation.session.deadline(),
        Some(simulation.now + INTERVAL)
    );
}

#[test]
fn a_pause_during_a_long_wait_pings_at_once() {
    let mut simulation = Simulation::new(Transport::WebSocket);
    simulation.advance(INTERVAL + TIMEOUT - SECOND);
    simulation.receive(Packet::Message("a")).unwrap();
    simulation.advance(15 * SECOND);
    simulation.session.pause(simulation.now);
    let overdue = simulation.now - simulation.start;
    assert_eq!(simulation.advance(SECOND), [(overdue, Due::SendPing)]);
}

#[test]
fn the_pong_of_a_ping_sent_during_a_pause_is_awaited_after_it() {
    let mut simulation = Simulation::new(Transport::WebSocket);
    simulation.session.pause(simulation.now);
    assert_eq!(simulation.advance(INTERVAL), [(INTERVAL, Due::SendPing)]);
    simulation.session.resume(simulation.now);
    assert_eq!(
        simulation.advance(INTERVAL),
        [(INTERVAL + TIMEOUT, Due::PingTimeout)]
    );
}

#[test]
fn an_awaited_pong_gets_a_second_after_a_pause() {
    let mut simulation = Simulation::new(Transport::WebSocket);
    simulation.advance(INTERVAL + TIMEOUT - MILLI);
    simulation.session.pause(simulation.now);
    simulation.advance(SECOND);
    simulation.session.resume(simulation.now);
    assert_eq!(simulation.session.deadline(), Some(simulation.now + SECOND));
}

#[test]
fn a_second_pause_or_resume_has_no_effect() {
    let mut simulation = Simulation::new(Transport::WebSocket);
    simulation.advance(INTERVAL);
    simulation.session.pause(simulation.now);
    simulation.advance(5 * SECOND);
    simulation.session.pause(simulation.now);
    simulation.advance(5 * SECOND);
    simulation.session.resume(simulation.now);
    let deadline = simulation.session.deadline();
    assert_eq!(deadline, Some(simulation.now + TIMEOUT));
    simulation.advance(SECOND);
    simulation.session.resume(simulation.now);
    assert_eq!(simulation.session.deadline(), deadline);
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
    Advance(u16),
    Receive(u8),
    BeginProbe,
    ReceiveProbe(u8),
    ProbeLost,
    Pause,
    Resume,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any::<u16>().prop_map(Step::Advance),
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
    /// `Simulation::advance` asserts that an action is due at each deadline, and that none is left.
    #[test]
    fn deadlines_are_right_after_any_steps(steps in prop::collection::vec(step(), 0..60)) {
        let mut simulation = Simulation::new(Transport::Polling);
        let mut upgraded = false;
        for step in steps {
            match step {
                Step::Advance(millis) => {
                    simulation.advance(Duration::from_millis(millis.into()));
                }
                Step::Receive(kind) => drop(simulation.receive(packet(kind))),
                Step::BeginProbe => drop(simulation.session.begin_probe(simulation.now)),
                Step::ReceiveProbe(kind) => {
                    upgraded |= simulation.probe(packet(kind)) == Probe::Upgraded;
                }
                Step::ProbeLost => simulation.session.probe_lost(),
                Step::Pause => simulation.session.pause(simulation.now),
                Step::Resume => simulation.session.resume(simulation.now),
            }
            prop_assert_eq!(upgraded, simulation.session.transport() == Transport::WebSocket);
            prop_assert!(!(upgraded && simulation.session.is_probing()));
        }
    }

    #[test]
    fn a_client_that_answers_in_time_does_not_time_out(
        delays in prop::collection::vec(0u64..20_000, 1..50),
    ) {
        let mut simulation = Simulation::new(Transport::WebSocket);
        for delay in delays {
            let pings = simulation.advance(INTERVAL);
            prop_assert!(matches!(pings[..], [(_, Due::SendPing)]));
            prop_assert_eq!(simulation.advance(Duration::from_millis(delay)), []);
            simulation.receive(Packet::Pong("")).unwrap();
        }
    }

    #[test]
    fn a_client_that_never_answers_times_out_in_bounded_time(
        gaps in prop::collection::vec(1u64..5_000, 200),
    ) {
        let mut simulation = Simulation::new(Transport::WebSocket);
        let mut ended = None;
        for gap in gaps {
            let actions = simulation.advance(Duration::from_millis(gap));
            ended = ended.or(actions.into_iter().find(|(_, due)| *due == Due::PingTimeout));
            let _ = simulation.receive(Packet::Message("still talking"));
        }
        let bound = INTERVAL + 2 * TIMEOUT;
        let has_ended = ended.is_some_and(|(at, _)| at <= bound);
        prop_assert!(has_ended || simulation.now - simulation.start < bound);
    }
}
