//! The upgrade to a WebSocket, from the probe to its end.

use super::*;

#[test]
fn a_probed_upgrade_succeeds() {
    let mut simulation = Simulation::new(Transport::Polling);
    assert_eq!(simulation.session.begin_probe(simulation.now), Ok(()));
    assert!(simulation.session.is_probing());
    assert_eq!(simulation.probe(Packet::Ping("probe")), Probe::ReplyPong);
    // Messages still arrive by polling.
    assert_eq!(
        simulation.receive(Packet::Message("a")),
        Ok(Received::Text("a"))
    );
    let releases = simulation.advance(Duration::from_millis(250));
    let at = |millis| (Duration::from_millis(millis), Due::ReleasePoll);
    assert_eq!(releases, [at(20), at(120), at(220)]);
    assert_eq!(simulation.probe(Packet::Upgrade), Probe::Upgraded);
    assert_eq!(simulation.session.transport(), Transport::WebSocket);
    assert!(!simulation.session.is_probing());
    assert_eq!(
        simulation.session.begin_probe(simulation.now),
        Err(ProbeRejected::AlreadyUpgraded)
    );
    assert_eq!(
        simulation.session.deadline(),
        Some(simulation.start + INTERVAL)
    );
}

#[test]
fn an_upgrade_without_a_probe_succeeds() {
    let mut simulation = Simulation::new(Transport::Polling);
    simulation.session.begin_probe(simulation.now).unwrap();
    assert_eq!(simulation.probe(Packet::Upgrade), Probe::Upgraded);
    assert_eq!(simulation.session.transport(), Transport::WebSocket);
}

#[test]
fn any_other_packet_fails_the_probe_but_not_the_session() {
    for packet in [
        Packet::Open,
        Packet::Close,
        Packet::Ping(""),
        Packet::Ping("prob"),
        Packet::Ping("probe2"),
        Packet::Pong("probe"),
        Packet::Message("probe"),
        Packet::Binary(b"2probe"),
        Packet::Noop,
    ] {
        for is_answered in [false, true] {
            let mut simulation = Simulation::new(Transport::Polling);
            simulation.session.begin_probe(simulation.now).unwrap();
            if is_answered {
                assert_eq!(simulation.probe(Packet::Ping("probe")), Probe::ReplyPong);
            }
            assert_eq!(simulation.probe(packet), Probe::Failed, "{packet:?}");
            assert_eq!(simulation.session.transport(), Transport::Polling);
            assert_eq!(
                simulation.receive(Packet::Message("a")),
                Ok(Received::Text("a"))
            );
            // Another WebSocket may probe.
            assert_eq!(simulation.session.begin_probe(simulation.now), Ok(()));
        }
    }
}

#[test]
fn a_second_probe_ping_fails_the_probe() {
    let mut simulation = Simulation::new(Transport::Polling);
    simulation.session.begin_probe(simulation.now).unwrap();
    assert_eq!(simulation.probe(Packet::Ping("probe")), Probe::ReplyPong);
    assert_eq!(simulation.probe(Packet::Ping("probe")), Probe::Failed);
}

#[test]
fn only_one_websocket_may_probe_and_none_a_websocket_session() {
    let mut simulation = Simulation::new(Transport::Polling);
    simulation.session.begin_probe(simulation.now).unwrap();
    assert_eq!(
        simulation.session.begin_probe(simulation.now),
        Err(ProbeRejected::AlreadyProbing)
    );
    assert!(simulation.session.is_probing(), "the first probe continues");
    let mut simulation = Simulation::new(Transport::WebSocket);
    assert_eq!(
        simulation.session.begin_probe(simulation.now),
        Err(ProbeRejected::AlreadyUpgraded)
    );
}

#[test]
fn a_probe_that_takes_too_long_is_ended() {
    let mut simulation = Simulation::new(Transport::Polling);
    simulation.session.begin_probe(simulation.now).unwrap();
    assert_eq!(
        simulation.advance(INTERVAL - MILLI),
        [(UPGRADE, Due::ProbeTimeout)]
    );
    assert!(!simulation.session.is_probing());

    let mut simulation = Simulation::new(Transport::Polling);
    simulation.session.begin_probe(simulation.now).unwrap();
    simulation.probe(Packet::Ping("probe"));
    let actions = simulation.advance(INTERVAL - MILLI);
    assert_eq!(actions.last(), Some(&(UPGRADE, Due::ProbeTimeout)));
    assert_eq!(
        actions.len(),
        101,
        "a release every 100 ms, then the timeout"
    );
    assert_eq!(
        simulation.receive(Packet::Message("a")),
        Ok(Received::Text("a"))
    );
}

#[test]
fn a_lost_probe_does_not_change_the_transport() {
    let mut simulation = Simulation::new(Transport::Polling);
    simulation.session.begin_probe(simulation.now).unwrap();
    simulation.probe(Packet::Ping("probe"));
    simulation.session.probe_lost();
    assert_eq!(simulation.advance(INTERVAL - MILLI), []);
    assert_eq!(simulation.session.transport(), Transport::Polling);
    assert_eq!(simulation.probe(Packet::Upgrade), Probe::Failed);
    assert_eq!(simulation.session.transport(), Transport::Polling);
}

#[test]
fn heartbeats_continue_during_a_probe_and_the_wait_restarts_after_it() {
    let mut simulation = Simulation::new(Transport::Polling);
    simulation.advance(INTERVAL - SECOND);
    simulation.session.begin_probe(simulation.now).unwrap();
    assert_eq!(simulation.advance(2 * SECOND), [(INTERVAL, Due::SendPing)]);
    assert_eq!(simulation.probe(Packet::Upgrade), Probe::Upgraded);
    assert_eq!(
        simulation.session.deadline(),
        Some(simulation.now + TIMEOUT)
    );
}

#[test]
fn a_ping_timeout_ends_the_probe_too() {
    let mut simulation = Simulation::new(Transport::Polling);
    simulation.advance(INTERVAL + TIMEOUT - SECOND);
    simulation.session.begin_probe(simulation.now).unwrap();
    let actions = simulation.advance(INTERVAL);
    assert_eq!(actions, [(INTERVAL + TIMEOUT, Due::PingTimeout)]);
    assert!(!simulation.session.is_probing());
}
