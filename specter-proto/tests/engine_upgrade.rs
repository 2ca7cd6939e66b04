//! A client that begins on polling and upgrades to a WebSocket, simulated byte for byte without IO.

use std::time::{Duration, Instant};

use specter_proto::engine::payload;
use specter_proto::engine::{
    Due, Frame, Packet, PayloadEncoder, PayloadLimits, PayloadPacket, Probe, Query, Received,
    Session, SessionConfig, Transport, control,
};
use specter_proto::websocket::{Decoder, Event, Limits, Opcode, accept_key, write_header};

/// The WebSocket frame in which a client sends `text`.
fn masked(text: &str) -> Vec<u8> {
    let key = [9, 8, 7, 6];
    let mut header = [0; specter_proto::websocket::MAX_HEADER];
    let used = write_header(&mut header, true, Opcode::Text, text.len());
    header[1] |= 0x80;
    let mut frame = header[..used].to_vec();
    frame.extend(key);
    frame.extend(text.bytes().zip(key.iter().cycle()).map(|(a, b)| a ^ b));
    frame
}

/// The body of a poll's response with these frames.
fn poll(frames: &[Frame]) -> Vec<u8> {
    let mut encoder = PayloadEncoder::new();
    for frame in frames {
        encoder.push(frame);
    }
    encoder.finish()
}

/// Reads the text message in a WebSocket frame of the client.
fn read(decoder: &mut Decoder, mut bytes: Vec<u8>) -> String {
    match decoder.decode(&mut bytes).unwrap().event {
        Some(Event::Text(text)) => text.to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_client_upgrades_from_polling_to_a_websocket() {
    let start = Instant::now();
    let config = SessionConfig::default();

    // The handshake.
    let query = Query::parse("EIO=4&transport=polling&t=abc");
    assert!(query.is_current_version() && query.sid.is_none());
    let transport = Transport::from_name(query.transport.as_deref().unwrap()).unwrap();
    let mut session = Session::new(&config, transport, start);
    let open = config.open("secret", &["websocket"]).encode();
    assert_eq!(
        poll(&[open]),
        br#"0{"sid":"secret","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
    );

    // Two messages in one POST.
    let body = b"40\x1ebAQID";
    let mut received = Vec::new();
    for packet in payload::decode(body, &PayloadLimits::default()).unwrap() {
        let packet = packet.unwrap();
        match session.receive(packet.as_packet(), start).unwrap() {
            Received::Text(text) => received.push(text.to_owned()),
            Received::Binary(data) => received.push(format!("{data:?}")),
            other => panic!("{other:?}"),
        }
        assert!(!matches!(packet, PayloadPacket::Text(Packet::Ping(_))));
    }
    assert_eq!(received, ["0", "[1, 2, 3]"]);

    // A WebSocket probes. The waiting poll is answered, and the client upgrades.
    assert!(accept_key("AAAAAAAAAAAAAAAAAAAAAA==").is_some());
    session.begin_probe(start).unwrap();
    let mut decoder = Decoder::new(Limits::new(config.max_payload));
    let probe = read(&mut decoder, masked("2probe"));
    let probe = session.receive_probe(Packet::parse(&probe).unwrap(), start);
    assert_eq!(probe, Probe::ReplyPong);
    assert_eq!(
        control::probe_pong().websocket().as_ref(),
        b"\x81\x063probe"
    );
    let release_at = session.deadline().unwrap();
    assert!(release_at <= start + Duration::from_millis(100));
    assert_eq!(session.handle_timeout(release_at), Some(Due::ReleasePoll));
    assert_eq!(poll(&[control::noop()]), b"6");
    let upgrade = read(&mut decoder, masked("5"));
    let upgrade = session.receive_probe(Packet::parse(&upgrade).unwrap(), release_at);
    assert_eq!(upgrade, Probe::Upgraded);
    assert_eq!(session.transport(), Transport::WebSocket);

    // The heartbeat and the close packet are sent over the WebSocket.
    let due = session.deadline().unwrap();
    assert_eq!(due, start + config.ping_interval);
    assert_eq!(session.handle_timeout(due), Some(Due::SendPing));
    assert_eq!(control::ping().websocket().as_ref(), b"\x81\x012");
    let pong = read(&mut decoder, masked("3"));
    let pong = session.receive(Packet::parse(&pong).unwrap(), due);
    assert_eq!(pong, Ok(Received::Nothing));
    assert_eq!(session.deadline(), Some(due + config.ping_interval));
    let close = read(&mut decoder, masked("1"));
    let close = session.receive(Packet::parse(&close).unwrap(), due);
    assert_eq!(close, Ok(Received::Close));
    assert_eq!(session.deadline(), None);
}
