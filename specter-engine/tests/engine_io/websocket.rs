//! Sessions on a WebSocket: frames, violations, the ways to close.

use std::time::Duration;

use specter_engine::{CloseReason, EncodedPacket, EngineConfig, Frame};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::support::{
    Lab, Raw, Seen, Session, frame, read_head, settle, sid_of, text_frame, upgrade_request,
};

#[tokio::test(start_paused = true)]
async fn messages_go_both_ways() {
    let mut lab = Lab::plain();
    let mut ws = lab.open_websocket().await;
    ws.send("4wörld").await;
    assert_eq!(ws.text().await, "4wörld");
    futures_util::SinkExt::send(&mut ws.0, Message::binary(vec![1, 2, 3]))
        .await
        .unwrap();
    assert_eq!(ws.next().await, Some(Message::binary(vec![1, 2, 3])));
    lab.expect_text("wörld").await;
    assert_eq!(lab.seen().await, Seen::Binary(vec![1, 2, 3]));
}

#[tokio::test(start_paused = true)]
async fn base64_in_a_text_frame_is_a_binary_message() {
    let mut lab = Lab::plain();
    let mut ws = lab.open_websocket().await;
    for (text, data) in [
        ("bAQIDBA==", &[1, 2, 3, 4][..]),
        ("bAQIDBA", &[1, 2, 3, 4]),
        ("bAQID\nBA==", &[1, 2, 3, 4]),
        ("b", &[]),
    ] {
        ws.send(text).await;
        assert_eq!(lab.seen().await, Seen::Binary(data.to_vec()));
        assert_eq!(ws.next().await, Some(Message::binary(data.to_vec())));
    }
}

#[tokio::test(start_paused = true)]
async fn base64_in_fragments_is_a_binary_message() {
    let mut lab = Lab::plain();
    let mut raw = lab.open_raw().await;
    raw.write(&frame(0x01, b"bAQ", [5; 4])).await;
    raw.write(&frame(0x80, b"ID", [8; 4])).await;
    assert_eq!(lab.seen().await, Seen::Binary(vec![1, 2, 3]));
    assert_eq!(raw.frame().await, Some((2, vec![1, 2, 3])));
}

#[tokio::test(start_paused = true)]
async fn attachments_follow_their_message() {
    let lab = Lab::plain();
    let mut raw = lab.open_raw().await;
    let packet = EncodedPacket::new(
        Frame::text_message("52-[]"),
        vec![Frame::binary_message(b"a"), Frame::binary_message(b"b")],
    );
    lab.connection().send(packet).unwrap();
    raw.expect_text("452-[]").await;
    assert_eq!(raw.frame().await, Some((2, b"a".to_vec())));
    assert_eq!(raw.frame().await, Some((2, b"b".to_vec())));
}

#[tokio::test(start_paused = true)]
async fn frames_may_arrive_byte_by_byte() {
    let mut lab = Lab::plain();
    let mut raw = lab.open_raw().await;
    for byte in text_frame("4hello") {
        raw.write(&[byte]).await;
        settle().await;
    }
    lab.expect_text("hello").await;
    raw.expect_text("4hello").await;
}

#[tokio::test(start_paused = true)]
async fn long_messages_may_arrive_in_parts_of_any_size() {
    let text: String = ('a'..='z').cycle().take(300_000).collect();
    for cut in [1_000, 4_095, 65_536, 299_999] {
        let mut lab = Lab::plain();
        let mut raw = lab.open_raw().await;
        let mut bytes = text_frame(&format!("4{text}"));
        bytes.extend(text_frame("4short"));
        for part in bytes.chunks(cut) {
            raw.write(part).await;
            settle().await;
        }
        lab.expect_text(&text).await;
        lab.expect_text("short").await;
        raw.expect_text(&format!("4{text}")).await;
        raw.expect_text("4short").await;
    }
}

#[tokio::test(start_paused = true)]
async fn fragments_make_one_message() {
    let mut lab = Lab::plain();
    let mut raw = lab.open_raw().await;
    raw.write(&frame(0x01, b"4he", [5; 4])).await;
    raw.write(&frame(0x89, b"ping", [6; 4])).await;
    raw.write(&frame(0x00, b"", [7; 4])).await;
    raw.write(&frame(0x80, b"llo", [8; 4])).await;
    assert_eq!(raw.frame().await, Some((10, b"ping".to_vec())));
    raw.expect_text("4hello").await;
    lab.expect_text("hello").await;
}

#[tokio::test(start_paused = true)]
async fn fragments_are_limited() {
    let mut lab = Lab::new(EngineConfig::default().max_fragments(3));
    let mut raw = lab.open_raw().await;
    raw.write(&frame(0x01, b"4", [0; 4])).await;
    for _ in 0..3 {
        raw.write(&frame(0x00, b"", [0; 4])).await;
    }
    assert!(matches!(raw.frame().await, Some((8, _))));
    lab.expect_end(CloseReason::TransportError).await;
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_pings_gets_few_pongs() {
    let lab = Lab::plain();
    let mut raw = lab.open_raw().await;
    let mut burst = Vec::new();
    for number in 0..100_u8 {
        burst.extend(frame(0x89, &[number], [0; 4]));
    }
    burst.extend(text_frame("4end"));
    raw.write(&burst).await;
    let mut pongs = Vec::new();
    loop {
        match raw.frame().await.unwrap() {
            (10, payload) => pongs.extend(payload),
            (1, text) => break assert_eq!(text, b"4end"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(pongs, [99], "only the last one must be answered");
}

#[tokio::test(start_paused = true)]
async fn frames_sent_right_after_the_request_are_not_lost() {
    let mut lab = Lab::plain();
    let mut pipe = lab.pipe();
    let mut bytes = upgrade_request("EIO=4&transport=websocket").into_bytes();
    bytes.extend(text_frame("4early"));
    pipe.write_all(&bytes).await.unwrap();
    read_head(&mut pipe).await;
    let mut raw = Raw(pipe);
    let (_, open) = raw.frame().await.unwrap();
    sid_of(std::str::from_utf8(&open).unwrap());
    raw.expect_text("4early").await;
    lab.expect_text("early").await;
}

#[tokio::test(start_paused = true)]
async fn messages_over_the_limit_close_with_1009() {
    for fragmented in [false, true] {
        let mut lab = Lab::new(EngineConfig::default().max_payload(100));
        let mut raw = lab.open_raw().await;
        let exact = format!("4{}", "x".repeat(99));
        raw.write(&text_frame(&exact)).await;
        raw.expect_text(&exact).await;
        lab.expect_text(&exact[1..]).await;
        if fragmented {
            raw.write(&frame(0x01, &[b'4'; 60], [0; 4])).await;
            raw.write(&frame(0x80, &[b'4'; 41], [0; 4])).await;
        } else {
            raw.write(&text_frame(&format!("{exact}x"))).await;
        }
        raw.expect_close(1009).await;
        lab.expect_end(CloseReason::TransportError).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_over_the_limit_is_rejected_before_it_has_arrived() {
    let mut lab = Lab::plain();
    let mut raw = lab.open_raw().await;
    raw.write(b"\x81\xFF\x00\x00\x00\x00\x00\x0F\x42\x41").await;
    raw.expect_close(1009).await;
    lab.expect_end(CloseReason::TransportError).await;
}

#[tokio::test(start_paused = true)]
async fn violations_of_framing_close_with_their_code() {
    for (bytes, code) in [
        (b"\x81\x024x".to_vec(), 1002),
        (frame(0xC1, b"4x", [0; 4]), 1002),
        (frame(0x83, b"4x", [0; 4]), 1002),
        (frame(0x80, b"4x", [0; 4]), 1002),
        (frame(0x09, b"", [0; 4]), 1002),
        (frame(0x81, b"4\xFF", [0; 4]), 1007),
        (frame(0x88, &[3], [0; 4]), 1002),
        (frame(0x88, &999_u16.to_be_bytes(), [0; 4]), 1002),
    ] {
        let mut lab = Lab::plain();
        let mut raw = lab.open_raw().await;
        raw.write(&bytes).await;
        raw.expect_close(code).await;
        lab.expect_end(CloseReason::TransportError).await;
        assert_eq!(lab.endpoint.connections(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn violations_of_the_engine_close_without_a_code() {
    for (text, reason) in [
        ("2", CloseReason::TransportError),
        ("2probe", CloseReason::TransportError),
        ("9", CloseReason::ParseError),
        ("", CloseReason::ParseError),
        ("abc", CloseReason::ParseError),
        ("bAQID*", CloseReason::ParseError),
        ("bAQIDB", CloseReason::ParseError),
        ("bé", CloseReason::ParseError),
    ] {
        let mut lab = Lab::plain();
        let mut raw = lab.open_raw().await;
        raw.write(&text_frame(text)).await;
        raw.expect_close(0).await;
        lab.expect_end(reason).await;
    }
}

#[tokio::test(start_paused = true)]
async fn packets_without_meaning_are_ignored() {
    let mut lab = Lab::plain();
    let mut ws = lab.open_websocket().await;
    for text in ["0", "3", "5", "6", "4on"] {
        ws.send(text).await;
    }
    assert_eq!(ws.text().await, "4on");
    lab.expect_text("on").await;
    lab.expect_nothing();
}

#[tokio::test(start_paused = true)]
async fn the_client_ends_the_session_with_a_packet() {
    let mut lab = Lab::plain();
    let mut ws = lab.open_websocket().await;
    ws.send("1").await;
    ws.expect_close(None).await;
    lab.expect_end(CloseReason::TransportClose).await;
}

#[tokio::test(start_paused = true)]
async fn the_client_ends_the_session_with_a_close_frame() {
    for (payload, code) in [(vec![], 0), (1000_u16.to_be_bytes().to_vec(), 1000)] {
        let mut lab = Lab::plain();
        let mut raw = lab.open_raw().await;
        let mut bytes = text_frame("4last");
        bytes.extend(frame(0x88, &payload, [9; 4]));
        bytes.extend(text_frame("4never"));
        raw.write(&bytes).await;
        raw.expect_close(code).await;
        lab.expect_text("last").await;
        lab.expect_end(CloseReason::TransportClose).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_disconnects_ends_the_session() {
    let mut lab = Lab::plain();
    drop(lab.open_raw().await);
    lab.expect_end(CloseReason::TransportClose).await;
    assert_eq!(lab.endpoint.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_disconnects_during_admission_opens_no_session() {
    let mut lab = Lab::plain();
    lab.delay_admission(Duration::from_secs(1));
    let mut pipe = lab.pipe();
    let request = upgrade_request("EIO=4&transport=websocket");
    pipe.write_all(request.as_bytes()).await.unwrap();
    settle().await;
    drop(pipe);
    tokio::time::advance(Duration::from_secs(2)).await;
    settle().await;
    assert_eq!(lab.endpoint.connections(), 0);
    lab.expect_nothing();
}

#[tokio::test(start_paused = true)]
async fn the_server_ends_the_session_after_the_packets_that_it_sent() {
    let mut lab = Lab::plain();
    let mut ws = lab.open_websocket().await;
    let connection = lab.connection();
    for number in 0..1_000 {
        let packet = Frame::text_message(&format!("{number}"));
        connection.send(packet.into()).unwrap();
    }
    connection.close(CloseReason::ForcedServerClose);
    for number in 0..1_000 {
        assert_eq!(ws.text().await, format!("4{number}"));
    }
    ws.expect_close(None).await;
    lab.expect_end(CloseReason::ForcedServerClose).await;
}

#[tokio::test(start_paused = true)]
async fn the_handler_ends_the_session() {
    for (text, reason) in [
        ("4close", CloseReason::ForcedServerClose),
        ("4err", CloseReason::ForcedClose),
    ] {
        let mut lab = Lab::plain();
        let mut raw = lab.open_raw().await;
        let mut bytes = text_frame("4first");
        bytes.extend(text_frame(text));
        bytes.extend(text_frame("4never"));
        raw.write(&bytes).await;
        raw.expect_text("4first").await;
        raw.expect_close(0).await;
        lab.expect_text("first").await;
        lab.expect_text(&text[1..]).await;
        lab.expect_end(reason).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_is_not_waited_for() {
    let mut lab = Lab::plain();
    let raw = lab.open_raw_over(lab.narrow_pipe(1_024)).await;
    let connection = lab.connection();
    let big = Frame::binary_message(&vec![0; 100_000]);
    connection.send(big.into()).unwrap();
    let start = Instant::now();
    connection.close(CloseReason::ForcedServerClose);
    lab.expect_end(CloseReason::ForcedServerClose).await;
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    drop(raw);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_answer_a_close_is_not_waited_for() {
    let mut lab = Lab::plain();
    let mut raw = lab.open_raw().await;
    let start = Instant::now();
    lab.connection().close(CloseReason::ForcedServerClose);
    raw.expect_close(0).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    lab.expect_end(CloseReason::ForcedServerClose).await;
    assert_eq!(start.elapsed(), Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn the_handler_learns_of_the_end_before_the_peer_has_read_everything() {
    let mut lab = Lab::plain();
    let raw = lab.open_raw_over(lab.narrow_pipe(64)).await;
    let connection = lab.connection();
    let big = Frame::binary_message(&vec![0; 100_000]);
    connection.send(big.into()).unwrap();
    let start = Instant::now();
    connection.close(CloseReason::ForcedServerClose);
    let seen = lab.seen().await;
    assert_eq!(seen, Seen::Closed(CloseReason::ForcedServerClose));
    assert_eq!(start.elapsed(), Duration::ZERO);
    drop(raw);
}

#[tokio::test(start_paused = true)]
async fn a_websocket_session_rejects_polling_requests() {
    let lab = Lab::plain();
    let _ws = lab.open_websocket().await;
    let session = Session {
        router: lab.router.clone(),
        sid: lab.connection().sid().to_owned(),
    };
    let body = r#"{"code":3,"message":"Bad request"}"#;
    session.poll().await.expect(400, body);
    session.post("4x").await.expect(400, body);
}
