//! Pings, pongs, and clients that stop answering.

use std::time::Duration;

use specter_engine::{CloseReason, EngineConfig};
use tokio::time::Instant;

use super::support::{Lab, Session, settle, text_frame};

const INTERVAL: Duration = Duration::from_secs(25);
const TIMEOUT: Duration = Duration::from_secs(20);

#[tokio::test(start_paused = true)]
async fn pings_come_an_interval_after_the_last_pong() {
    let lab = Lab::plain();
    let session = lab.open().await;
    for _ in 0..3 {
        let start = Instant::now();
        session.poll().await.expect(200, "2");
        assert_eq!(start.elapsed(), INTERVAL);
        session.post("3").await.expect(200, "ok");
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_times_out() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let start = Instant::now();
    session.poll().await.expect(200, "2");
    session.poll().await.expect(200, "1");
    assert_eq!(start.elapsed(), INTERVAL + TIMEOUT);
    lab.expect_end(CloseReason::PingTimeout).await;
    Session::expect_gone(&session.post("3").await);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_polls_times_out() {
    let mut lab = Lab::plain();
    lab.open().await;
    let start = Instant::now();
    lab.expect_end(CloseReason::PingTimeout).await;
    assert_eq!(start.elapsed(), INTERVAL + TIMEOUT);
    assert_eq!(lab.endpoint.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_websocket_is_pinged_and_times_out() {
    let mut lab = Lab::plain();
    let mut ws = lab.open_websocket().await;
    let start = Instant::now();
    assert_eq!(ws.text().await, "2");
    assert_eq!(start.elapsed(), INTERVAL);
    ws.send("3").await;
    assert_eq!(ws.text().await, "2");
    assert_eq!(start.elapsed(), INTERVAL * 2);
    ws.expect_close(None).await;
    assert_eq!(start.elapsed(), INTERVAL * 2 + TIMEOUT);
    lab.expect_end(CloseReason::PingTimeout).await;
}

/// If the pong timeout is longer than the interval, a pong makes the session's next deadline
/// earlier: the next ping is then due before the timeout would have been.
#[tokio::test(start_paused = true)]
async fn pings_come_in_time_though_a_pong_may_take_longer() {
    let config = EngineConfig::default()
        .ping_interval(INTERVAL)
        .ping_timeout(INTERVAL * 10);
    let lab = Lab::new(config);
    let mut ws = lab.open_websocket().await;
    for _ in 0..3 {
        let start = Instant::now();
        assert_eq!(ws.text().await, "2");
        assert_eq!(start.elapsed(), INTERVAL);
        ws.send("4alive").await;
        assert_eq!(ws.text().await, "4alive");
        ws.send("3").await;
    }
}

#[tokio::test(start_paused = true)]
async fn another_packet_extends_the_wait_once() {
    let mut lab = Lab::plain();
    let mut ws = lab.open_websocket().await;
    assert_eq!(ws.text().await, "2");
    let start = Instant::now();
    let step = Duration::from_secs(15);
    for _ in 0..2 {
        tokio::time::advance(step).await;
        ws.send("4alive").await;
        assert_eq!(ws.text().await, "4alive");
    }
    ws.expect_close(None).await;
    assert_eq!(start.elapsed(), step + TIMEOUT);
    lab.expect_text("alive").await;
    lab.expect_text("alive").await;
    lab.expect_end(CloseReason::PingTimeout).await;
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_pongs_changes_nothing() {
    let lab = Lab::plain();
    let mut ws = lab.open_websocket().await;
    let start = Instant::now();
    for _ in 0..1_000 {
        ws.send("3").await;
    }
    settle().await;
    assert_eq!(ws.text().await, "2");
    assert_eq!(start.elapsed(), INTERVAL);
}

#[tokio::test(start_paused = true)]
async fn the_pong_timeout_is_paused_during_a_backlog() {
    let mut lab = Lab::plain();
    let mut ws = lab.open_websocket().await;
    ws.send("4stop").await;
    assert_eq!(ws.text().await, "4stop");
    lab.expect_text("stop").await;
    assert_eq!(ws.text().await, "2");
    ws.send("3").await;
    tokio::time::advance(INTERVAL * 10).await;
    settle().await;
    lab.expect_nothing();
    lab.go_on();
    ws.send("4on").await;
    loop {
        match ws.text().await.as_str() {
            "2" => {}
            text => break assert_eq!(text, "4on"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_pong_that_arrived_in_time_counts_though_it_is_read_late() {
    let mut lab = Lab::plain();
    let mut raw = lab.open_raw().await;
    raw.expect_text("2").await;
    raw.write(&text_frame("3")).await;
    // The thread is busy with other work.
    tokio::time::advance(Duration::from_secs(21)).await;
    settle().await;
    lab.expect_nothing();
    raw.write(&text_frame("4here")).await;
    lab.expect_text("here").await;
}
