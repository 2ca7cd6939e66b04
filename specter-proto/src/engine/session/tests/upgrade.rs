//! The upgrade to a WebSocket, from the probe to its end.

use super::*;

#[test]
fn an_upgrade_runs_its_course() {
    let mut played = Played::new(Transport::Polling);
    assert_eq!(played.session.begin_probe(played.now), Ok(()));
    assert!(played.session.is_probing());
    assert_eq!(played.probe(Packet::Ping("probe")), Probe::ReplyPong);
    // Messages still come by polling.
    assert_eq!(
        played.receive(Packet::Message("a")),
        Ok(Received::Text("a"))
    );
    let releases = played.pass(Duration::from_millis(250));
    let at = |millis| (Duration::from_millis(millis), Due::ReleasePoll);
    assert_eq!(releases, [at(20), at(120), at(220)]);
    assert_eq!(played.probe(Packet::Upgrade), Probe::Upgraded);
    assert_eq!(played.session.transport(), Transport::WebSocket);
    assert!(!played.session.is_probing());
    assert_eq!(
        played.session.begin_probe(played.now),
        Err(ProbeRefused::AlreadyUpgraded)
    );
    assert_eq!(played.session.deadline(), Some(played.start + INTERVAL));
}

#[test]
fn an_upgrade_without_a_probe_is_taken() {
    let mut played = Played::new(Transport::Polling);
    played.session.begin_probe(played.now).unwrap();
    assert_eq!(played.probe(Packet::Upgrade), Probe::Upgraded);
    assert_eq!(played.session.transport(), Transport::WebSocket);
}

#[test]
fn any_other_packet_fails_the_probe_and_spares_the_session() {
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
        for probed in [false, true] {
            let mut played = Played::new(Transport::Polling);
            played.session.begin_probe(played.now).unwrap();
            if probed {
                assert_eq!(played.probe(Packet::Ping("probe")), Probe::ReplyPong);
            }
            assert_eq!(played.probe(packet), Probe::Failed, "{packet:?}");
            assert_eq!(played.session.transport(), Transport::Polling);
            assert_eq!(
                played.receive(Packet::Message("a")),
                Ok(Received::Text("a"))
            );
            // Another one may try.
            assert_eq!(played.session.begin_probe(played.now), Ok(()));
        }
    }
}

#[test]
fn a_second_probe_ping_fails_the_probe() {
    let mut played = Played::new(Transport::Polling);
    played.session.begin_probe(played.now).unwrap();
    assert_eq!(played.probe(Packet::Ping("probe")), Probe::ReplyPong);
    assert_eq!(played.probe(Packet::Ping("probe")), Probe::Failed);
}

#[test]
fn only_one_websocket_may_probe_and_none_a_websocket_session() {
    let mut played = Played::new(Transport::Polling);
    played.session.begin_probe(played.now).unwrap();
    assert_eq!(
        played.session.begin_probe(played.now),
        Err(ProbeRefused::AlreadyProbing)
    );
    assert!(played.session.is_probing(), "the first goes on");
    let mut played = Played::new(Transport::WebSocket);
    assert_eq!(
        played.session.begin_probe(played.now),
        Err(ProbeRefused::AlreadyUpgraded)
    );
}

#[test]
fn a_probe_that_takes_too_long_is_dropped() {
    let mut played = Played::new(Transport::Polling);
    played.session.begin_probe(played.now).unwrap();
    assert_eq!(
        played.pass(INTERVAL - MILLI),
        [(UPGRADE, Due::ProbeTimeout)]
    );
    assert!(!played.session.is_probing());

    let mut played = Played::new(Transport::Polling);
    played.session.begin_probe(played.now).unwrap();
    played.probe(Packet::Ping("probe"));
    let seen = played.pass(INTERVAL - MILLI);
    assert_eq!(seen.last(), Some(&(UPGRADE, Due::ProbeTimeout)));
    assert_eq!(seen.len(), 101, "a release each 100 ms, then the end");
    assert_eq!(
        played.receive(Packet::Message("a")),
        Ok(Received::Text("a"))
    );
}

#[test]
fn a_lost_probe_leaves_the_session_where_it_is() {
    let mut played = Played::new(Transport::Polling);
    played.session.begin_probe(played.now).unwrap();
    played.probe(Packet::Ping("probe"));
    played.session.probe_lost();
    assert_eq!(played.pass(INTERVAL - MILLI), []);
    assert_eq!(played.session.transport(), Transport::Polling);
    assert_eq!(played.probe(Packet::Upgrade), Probe::Failed);
    assert_eq!(played.session.transport(), Transport::Polling);
}

#[test]
fn heartbeats_go_on_during_a_probe_and_the_wait_starts_anew_after_it() {
    let mut played = Played::new(Transport::Polling);
    played.pass(INTERVAL - SECOND);
    played.session.begin_probe(played.now).unwrap();
    assert_eq!(played.pass(2 * SECOND), [(INTERVAL, Due::SendPing)]);
    assert_eq!(played.probe(Packet::Upgrade), Probe::Upgraded);
    assert_eq!(played.session.deadline(), Some(played.now + TIMEOUT));
}

#[test]
fn a_ping_timeout_ends_the_probe_too() {
    let mut played = Played::new(Transport::Polling);
    played.pass(INTERVAL + TIMEOUT - SECOND);
    played.session.begin_probe(played.now).unwrap();
    let seen = played.pass(INTERVAL);
    assert_eq!(seen, [(INTERVAL + TIMEOUT, Due::PingTimeout)]);
    assert!(!played.session.is_probing());
}
