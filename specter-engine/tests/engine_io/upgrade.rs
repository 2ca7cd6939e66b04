//! The upgrade of a session from polling to a WebSocket: the order of packets, races, failures.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use specter_engine::{CloseReason, EngineConfig, Frame, Transport};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::support::{
    Lab, Raw, Seen, Session, Ws, frame, raw_upgrade, settle, text_frame, upgrade_request,
};

const MISMATCH: &str = r#"{"code":3,"message":"Bad request"}"#;

fn websocket_query(session: &Session) -> String {
    format!("EIO=4&transport=websocket&sid={}", session.sid)
}

async fn probing(lab: &Lab, session: &Session) -> Ws {
    let mut ws = lab.websocket(&websocket_query(session)).await.unwrap();
    ws.send("2probe").await;
    assert_eq!(ws.text().await, "3probe");
    ws
}

async fn raw_probing(lab: &Lab, session: &Session) -> Raw {
    let mut raw = raw_upgrade(lab.pipe(), &websocket_query(session)).await;
    raw.write(&text_frame("2probe")).await;
    raw.expect_text("3probe").await;
    raw
}

#[tokio::test(start_paused = true)]
async fn a_session_moves_to_a_websocket() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let poll = session.waiting_poll().await;
    let start = Instant::now();
    let mut ws = probing(&lab, &session).await;
    poll.await.unwrap().expect(200, "6");
    assert!(start.elapsed() < Duration::from_millis(50), "released late");
    assert_eq!(lab.connection().transport(), Transport::Polling);
    ws.send("5").await;
    ws.send("4hello").await;
    assert_eq!(ws.text().await, "4hello");
    assert_eq!(lab.connection().transport(), Transport::WebSocket);
    session.poll().await.expect(400, MISMATCH);
    session.post("4late").await.expect(400, MISMATCH);
    ws.send("4still here").await;
    assert_eq!(ws.text().await, "4still here");
    lab.expect_text("hello").await;
    lab.expect_text("still here").await;
    ws.0.close(None).await.unwrap();
    lab.expect_end(CloseReason::TransportClose).await;
}

#[tokio::test(start_paused = true)]
async fn polls_are_released_again_and_again_while_probing() {
    let lab = Lab::plain();
    let session = lab.open().await;
    let _ws = probing(&lab, &session).await;
    for _ in 0..5 {
        let start = Instant::now();
        session.poll().await.expect(200, "6");
        assert!(start.elapsed() <= Duration::from_millis(101));
    }
}

#[tokio::test(start_paused = true)]
async fn messages_still_go_by_polling_while_probing() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let mut ws = probing(&lab, &session).await;
    session.post("4one").await.expect(200, "ok");
    lab.expect_text("one").await;
    session.poll().await.expect(200, "4one");
    session.post("4two").await.expect(200, "ok");
    ws.send("5").await;
    assert_eq!(ws.text().await, "4two");
}

#[tokio::test(start_paused = true)]
async fn every_packet_arrives_once_whenever_it_was_sent() {
    // The server sends a packet at each step of the upgrade; `polls` says at which the client
    // polls.
    for polls in 0..16_u32 {
        let lab = Lab::plain();
        let session = lab.open().await;
        let connection = lab.connection();
        let mut sent = 0;
        let mut received = Vec::new();
        let mut step = |number: u32| {
            connection
                .send(Frame::text_message(&number.to_string()).into())
                .unwrap();
            sent = number + 1;
            polls & (1 << number) != 0
        };
        let poll = async || {
            let answer = session.poll().await;
            assert_eq!(answer.status, 200);
            answer
                .body
                .split('\x1e')
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        if step(0) {
            received.extend(poll().await);
        }
        let mut ws = lab.websocket(&websocket_query(&session)).await.unwrap();
        if step(1) {
            received.extend(poll().await);
        }
        ws.send("2probe").await;
        if step(2) {
            received.extend(poll().await);
        }
        assert_eq!(ws.text().await, "3probe");
        if step(3) {
            received.extend(poll().await);
        }
        ws.send("5").await;
        step(4);
        settle().await;
        step(5);
        while received.len() < sent as usize {
            received.push(ws.text().await);
        }
        received.retain(|packet| packet != "6");
        let expected: Vec<_> = (0..sent).map(|number| format!("4{number}")).collect();
        assert_eq!(received, expected, "polls: {polls:04b}");
        settle().await;
        assert_eq!(connection.queued_bytes(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_needs_no_probe() {
    let lab = Lab::plain();
    let session = lab.open().await;
    let mut ws = lab.websocket(&websocket_query(&session)).await.unwrap();
    ws.send("5").await;
    ws.send("4hello").await;
    assert_eq!(ws.text().await, "4hello");
}

#[tokio::test(start_paused = true)]
async fn base64_is_a_binary_message_before_and_after_an_upgrade() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    session.post("bAQID").await.expect(200, "ok");
    assert_eq!(lab.seen().await, Seen::Binary(vec![1, 2, 3]));
    session.poll().await.expect(200, "bAQID");
    let mut ws = probing(&lab, &session).await;
    ws.send("5").await;
    ws.send("bBAUG").await;
    assert_eq!(lab.seen().await, Seen::Binary(vec![4, 5, 6]));
    assert_eq!(ws.next().await, Some(Message::binary(vec![4, 5, 6])));
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_still_waits_is_released_without_ending_the_session() {
    let lab = Lab::plain();
    let session = lab.open().await;
    let poll = session.waiting_poll().await;
    let mut ws = lab.websocket(&websocket_query(&session)).await.unwrap();
    ws.send("5").await;
    poll.await.unwrap().expect(200, "6");
    ws.send("4hello").await;
    assert_eq!(ws.text().await, "4hello");
}

#[tokio::test(start_paused = true)]
async fn frames_right_after_the_upgrade_are_messages() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let mut raw = raw_probing(&lab, &session).await;
    let mut burst = text_frame("5");
    for number in 0..300 {
        burst.extend(text_frame(&format!("4{number}")));
    }
    raw.write(&burst).await;
    for number in 0..300 {
        lab.expect_text(&number.to_string()).await;
        raw.expect_text(&format!("4{number}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_post_that_arrived_before_the_upgrade_is_handled_before_it() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let mut raw = raw_probing(&lab, &session).await;
    // The handler gets a backlog in the middle of the body, so that the rest of the body waits.
    let posting = session.clone();
    let post = tokio::spawn(async move { posting.post("4stop\x1e4one\x1e4two").await });
    lab.expect_text("stop").await;
    let mut burst = text_frame("5");
    burst.extend(text_frame("4three"));
    raw.write(&burst).await;
    settle().await;
    assert!(!post.is_finished());
    lab.expect_nothing();
    lab.go_on();
    for text in ["one", "two", "three"] {
        lab.expect_text(text).await;
    }
    post.await.unwrap().expect(200, "ok");
}

#[tokio::test(start_paused = true)]
async fn a_websocket_that_does_not_probe_is_closed_and_the_session_continues() {
    for first in ["4hello", "2", "3probe", "1", "x", ""] {
        let mut lab = Lab::plain();
        let session = lab.open().await;
        let mut ws = lab.websocket(&websocket_query(&session)).await.unwrap();
        ws.send(first).await;
        ws.expect_close(None).await;
        session.post("4hi").await.expect(200, "ok");
        session.poll().await.expect(200, "4hi");
        lab.expect_text("hi").await;
        lab.expect_nothing();
        // Another WebSocket may probe.
        let mut ws = probing(&lab, &session).await;
        ws.send("5").await;
        ws.send("4hello").await;
        assert_eq!(ws.text().await, "4hello");
    }
}

#[tokio::test(start_paused = true)]
async fn a_protocol_violation_while_probing_closes_only_the_probe() {
    let unmasked = b"\x81\x0662probe".to_vec();
    let reserved_bits = frame(0xF1, b"2probe", [0; 4]);
    let bad_opcode = frame(0x83, b"2probe", [0; 4]);
    let long_control = frame(0x89, &[0; 126], [0; 4]);
    for (bytes, code) in [
        (unmasked, 1002),
        (reserved_bits, 1002),
        (bad_opcode, 1002),
        (long_control, 1002),
        (frame(0x81, &[0xFF], [0; 4]), 1007),
        (frame(0x82, b"2probe", [0; 4]), 0),
    ] {
        let lab = Lab::plain();
        let session = lab.open().await;
        let mut raw = raw_upgrade(lab.pipe(), &websocket_query(&session)).await;
        raw.write(&bytes).await;
        raw.expect_close(code).await;
        session.post("4hi").await.expect(200, "ok");
        session.poll().await.expect(200, "4hi");
    }
}

#[tokio::test(start_paused = true)]
async fn a_websocket_lost_while_probing_does_not_end_the_session() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    drop(probing(&lab, &session).await);
    settle().await;
    let poll = session.waiting_poll().await;
    session.post("4hi").await.expect(200, "ok");
    poll.await.unwrap().expect(200, "4hi");
    lab.expect_text("hi").await;
    let mut ws = probing(&lab, &session).await;
    ws.send("5").await;
    ws.send("4hello").await;
    assert_eq!(ws.text().await, "4hello");
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_that_takes_too_long_is_aborted() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let start = Instant::now();
    let mut ws = probing(&lab, &session).await;
    ws.expect_close(None).await;
    assert_eq!(start.elapsed(), Duration::from_secs(10));
    session.post("4hi").await.expect(200, "ok");
    session.poll().await.expect(200, "4hi");
    lab.expect_text("hi").await;
    lab.expect_nothing();
}

#[tokio::test(start_paused = true)]
async fn a_second_websocket_is_closed() {
    let lab = Lab::plain();
    let session = lab.open().await;
    let mut first = probing(&lab, &session).await;
    let mut second = lab.websocket(&websocket_query(&session)).await.unwrap();
    second.expect_close(None).await;
    first.send("5").await;
    first.send("4hello").await;
    assert_eq!(first.text().await, "4hello");
    let mut third = lab.websocket(&websocket_query(&session)).await.unwrap();
    third.expect_close(None).await;
    first.send("4on").await;
    assert_eq!(first.text().await, "4on");
}

#[tokio::test(start_paused = true)]
async fn many_websockets_for_one_session_do_not_affect_it() {
    let lab = Lab::plain();
    let session = lab.open().await;
    let _probe = probing(&lab, &session).await;
    for _ in 0..100 {
        let _ = lab.websocket(&websocket_query(&session)).await;
    }
    session.post("4hi").await.expect(200, "ok");
    session.poll().await.expect(200, "4hi");
}

#[tokio::test(start_paused = true)]
async fn the_client_ends_the_session_while_probing() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let mut ws = probing(&lab, &session).await;
    session.post("1").await.expect(200, "ok");
    ws.expect_close(None).await;
    lab.expect_end(CloseReason::TransportClose).await;
}

#[tokio::test(start_paused = true)]
async fn the_server_ends_the_session_while_probing() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let mut ws = probing(&lab, &session).await;
    let poll = session.waiting_poll().await;
    lab.connection().close(CloseReason::ForcedServerClose);
    poll.await.unwrap().expect(200, "1");
    ws.expect_close(None).await;
    lab.expect_end(CloseReason::ForcedServerClose).await;
}

#[tokio::test(start_paused = true)]
async fn the_heartbeat_goes_on_across_an_upgrade() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    session.poll().await.expect(200, "2");
    let mut ws = probing(&lab, &session).await;
    ws.send("5").await;
    ws.send("3").await;
    let start = Instant::now();
    assert_eq!(ws.text().await, "2");
    assert_eq!(start.elapsed(), Duration::from_secs(25));
    lab.expect_nothing();
}

#[tokio::test(start_paused = true)]
async fn upgrades_can_be_switched_off() {
    let lab = Lab::new(EngineConfig::default().allow_upgrades(false));
    let answer = lab.call("GET", "EIO=4&transport=polling").await;
    assert!(answer.body.contains(r#""upgrades":[],"#), "{}", answer.body);
    let session = lab.open().await;
    assert!(lab.websocket(&websocket_query(&session)).await.is_err());
    lab.open_websocket().await;
    session.post("4hi").await.expect(200, "ok");
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_of_another_version_is_refused() {
    let lab = Lab::plain();
    let session = lab.open().await;
    let query = format!("EIO=3&transport=websocket&sid={}", session.sid);
    assert!(lab.websocket(&query).await.is_err());
    assert!(upgrade_request(&query).contains("EIO=3"));
    session.post("4hi").await.expect(200, "ok");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_arrives_with_the_upgrade_is_read_before_the_messages_after_it() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let posting = session.clone();
    let mut post = Box::pin(async move { posting.post("4post").await });
    let (sender, mut delivered) = tokio::sync::mpsc::unbounded_channel();
    let armed = Arc::new(AtomicBool::new(false));
    // Delivered while the session's task reads: too late to be taken out of the mailbox in this
    // turn.
    let deliver = move || {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(post.as_mut().poll(&mut cx).is_pending());
        sender.send(post).unwrap();
    };
    let pipe = lab.hooked_pipe(Arc::clone(&armed), Box::new(deliver));
    let query = format!("EIO=4&transport=websocket&sid={}", session.sid);
    let mut raw = raw_upgrade(pipe, &query).await;
    raw.write(&text_frame("2probe")).await;
    raw.expect_text("3probe").await;
    settle().await;
    armed.store(true, Ordering::SeqCst);
    let mut burst = text_frame("5");
    burst.extend(text_frame("4ws"));
    raw.write(&burst).await;
    lab.expect_text("post").await;
    lab.expect_text("ws").await;
    let post = delivered.recv().await.unwrap();
    post.await.expect(200, "ok");
}
