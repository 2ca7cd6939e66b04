//! Peers that flood the server, handlers with a backlog, and handlers that panic.

use specter_engine::{CloseReason, Frame, Transport};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use super::support::{Lab, Seen, Session, frame, raw_upgrade, settle, text_frame};

const KIB: usize = 1024;

#[tokio::test(start_paused = true)]
async fn twenty_thousand_messages_arrive_in_order() {
    let mut lab = Lab::plain();
    let raw = lab.open_raw().await;
    let (mut reader, mut writer) = tokio::io::split(raw.0);
    tokio::spawn(async move {
        for number in 0..20_000 {
            let bytes = text_frame(&format!("4{number}"));
            writer.write_all(&bytes).await.unwrap();
        }
        writer
    });
    let drain = tokio::spawn(async move {
        let mut buffer = vec![0; 64 * KIB];
        while tokio::io::AsyncReadExt::read(&mut reader, &mut buffer)
            .await
            .is_ok_and(|read| read > 0)
        {}
    });
    for number in 0..20_000 {
        lab.expect_text(&number.to_string()).await;
    }
    drain.abort();
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_read_in_limited_turns() {
    let mut lab = Lab::plain();
    let mut flood = lab.open_raw().await;
    let mut quiet = lab.open_raw().await;
    settle().await;
    let mut burst = Vec::new();
    for _ in 0..5_000 {
        burst.extend(frame(0x82, b"x", [0; 4]));
    }
    // One write, one wake-up; the other connection's message comes a little later.
    flood.write(&burst).await;
    quiet.write(&text_frame("4quiet")).await;
    let mut before = 0;
    loop {
        match lab.seen().await {
            Seen::Binary(_) => before += 1,
            seen => break assert_eq!(seen, Seen::Text("quiet".to_owned())),
        }
    }
    assert!(before <= 2 * 128, "{before} messages were served before it");
}

#[tokio::test(start_paused = true)]
async fn a_flood_in_a_polling_body_is_read_in_limited_turns() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let mut quiet = lab.open_raw().await;
    settle().await;
    let body = vec!["bAA=="; 5_000].join("\x1e");
    let posting = session.clone();
    let post = tokio::spawn(async move { posting.post(body).await });
    quiet.write(&text_frame("4quiet")).await;
    let mut before = 0;
    loop {
        match lab.seen().await {
            Seen::Binary(_) => before += 1,
            seen => break assert_eq!(seen, Seen::Text("quiet".to_owned())),
        }
    }
    assert!(before <= 4 * 128, "{before} messages were served before it");
    post.await.unwrap().expect(200, "ok");
}

#[tokio::test(start_paused = true)]
async fn a_handler_with_a_backlog_gets_no_messages() {
    let mut lab = Lab::plain();
    let mut raw = lab.open_raw().await;
    let mut burst = text_frame("4stop");
    for number in 0..1_000 {
        burst.extend(text_frame(&format!("4{number}")));
    }
    raw.write(&burst).await;
    lab.expect_text("stop").await;
    settle().await;
    lab.expect_nothing();
    // The connection still writes.
    raw.expect_text("4stop").await;
    lab.connection()
        .send(Frame::text_message("news").into())
        .unwrap();
    raw.expect_text("4news").await;
    lab.go_on();
    for number in 0..1_000 {
        lab.expect_text(&number.to_string()).await;
        raw.expect_text(&format!("4{number}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_post_is_answered_when_its_packets_are_processed() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let posting = session.clone();
    let post = tokio::spawn(async move { posting.post("4a\x1e4stop\x1e4b\x1e4c").await });
    lab.expect_text("a").await;
    lab.expect_text("stop").await;
    settle().await;
    lab.expect_nothing();
    assert!(!post.is_finished());
    session.poll().await.expect(200, "4a\x1e4stop");
    lab.go_on();
    lab.expect_text("b").await;
    lab.expect_text("c").await;
    post.await.unwrap().expect(200, "ok");
    session.poll().await.expect(200, "4b\x1e4c");
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_survives_a_long_backlog() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let query = format!("EIO=4&transport=websocket&sid={}", session.sid);
    let mut raw = raw_upgrade(lab.pipe(), &query).await;
    raw.write(&text_frame("2probe")).await;
    raw.expect_text("3probe").await;
    let posting = session.clone();
    let post = tokio::spawn(async move { posting.post("4stop\x1e4second").await });
    lab.expect_text("stop").await;
    raw.write(&text_frame("5")).await;
    raw.write(&text_frame("4after")).await;
    tokio::time::sleep(Duration::from_secs(21)).await;
    lab.go_on();
    for text in ["second", "after"] {
        lab.expect_text(text).await;
    }
    for text in ["4stop", "4second", "4after"] {
        raw.expect_text(text).await;
    }
    post.await.unwrap().expect(200, "ok");
    assert_eq!(lab.connection().transport(), Transport::WebSocket);
}

#[tokio::test(start_paused = true)]
async fn a_panicking_handler_ends_its_own_session_only() {
    let mut lab = Lab::plain();
    let other = lab.open().await;
    let session = lab.open().await;
    let poll = session.waiting_poll().await;
    let connection = lab.connection();
    let post = session.post("4panic").await;
    Session::expect_gone(&post);
    Session::expect_gone(&poll.await.unwrap());
    Session::expect_gone(&session.poll().await);
    lab.expect_text("panic").await;
    assert_eq!(lab.seen().await, Seen::Dropped);
    assert!(connection.is_closed());
    assert_eq!(lab.endpoint.connections(), 1);
    other.post("4on").await.expect(200, "ok");
    lab.expect_text("on").await;

    let mut raw = lab.open_raw().await;
    raw.write(&text_frame("4panic")).await;
    assert_eq!(raw.frame().await, None);
    lab.expect_text("panic").await;
    assert_eq!(lab.seen().await, Seen::Dropped);
    assert_eq!(lab.endpoint.connections(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_polling_client_that_left_is_noticed_while_nothing_is_read() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let posting = session.clone();
    let post = tokio::spawn(async move { posting.post("4stop\x1e4second").await });
    lab.expect_text("stop").await;
    settle().await;
    post.abort();
    let start = Instant::now();
    lab.expect_end(CloseReason::TransportClose).await;
    assert!(start.elapsed() <= Duration::from_secs(1));
}
