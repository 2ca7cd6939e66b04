//! The shutdown of a server: handshakes are rejected, and sessions are closed or drained.

use std::time::Duration;

use specter_engine::{CloseReason, Frame};
use tokio::time::Instant;

use super::support::{Lab, Seen, settle};

const REASON: CloseReason = CloseReason::ServerShuttingDown;

#[tokio::test(start_paused = true)]
async fn handshakes_are_refused_and_sessions_go_on() {
    let lab = Lab::plain();
    let session = lab.open().await;
    lab.endpoint.refuse_handshakes();
    let answer = lab.call("GET", "EIO=4&transport=polling").await;
    assert_eq!(answer.header("retry-after"), "5");
    answer.expect(503, r#"{"code":4,"message":"Server is shutting down"}"#);
    assert!(lab.websocket("EIO=4&transport=websocket").await.is_err());
    session.post("4on").await.expect(200, "ok");
    session.poll().await.expect(200, "4on");
}

#[tokio::test(start_paused = true)]
async fn a_handshake_under_way_is_refused_too() {
    let lab = Lab::plain();
    lab.delay_admission(Duration::from_secs(1));
    let refused = async {
        settle().await;
        lab.endpoint.refuse_handshakes();
    };
    let (answer, ()) = tokio::join!(lab.call("GET", "EIO=4&transport=polling"), refused);
    assert_eq!(answer.status, 503);
    assert_eq!(lab.endpoint.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn sessions_are_closed_one_after_another() {
    let mut lab = Lab::plain();
    let mut sockets = Vec::new();
    for _ in 0..10 {
        sockets.push(lab.open_websocket().await);
    }
    lab.endpoint.refuse_handshakes();
    let start = Instant::now();
    lab.endpoint
        .close_all(REASON, Duration::from_secs(10))
        .await;
    assert_eq!(start.elapsed(), Duration::from_secs(9));
    for mut ws in sockets {
        ws.expect_close(None).await;
    }
    for _ in 0..20 {
        assert!(matches!(
            lab.seen().await,
            Seen::Closed(REASON) | Seen::Dropped
        ));
    }
    lab.endpoint.wait_closed().await;
}

#[tokio::test(start_paused = true)]
async fn a_pending_poll_gets_the_close_packet() {
    let lab = Lab::plain();
    let session = lab.open().await;
    let poll = session.waiting_poll().await;
    lab.endpoint.close_all(REASON, Duration::ZERO).await;
    poll.await.unwrap().expect(200, "1");
    lab.endpoint.wait_closed().await;
}

#[tokio::test(start_paused = true)]
async fn a_session_that_closed_earlier_delays_the_shutdown_for_a_short_time_only() {
    let lab = Lab::plain();
    let _session = lab.open().await;
    // No poll fetches the close packet.
    lab.connection().close(CloseReason::ForcedServerClose);
    settle().await;
    let start = Instant::now();
    lab.endpoint.refuse_handshakes();
    lab.endpoint.close_all(REASON, Duration::ZERO).await;
    lab.endpoint.wait_closed().await;
    assert_eq!(start.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn the_shutdown_waits_for_handlers() {
    let mut lab = Lab::plain();
    lab.linger(true);
    let ws = lab.open_websocket().await;
    drop(ws);
    assert_eq!(lab.seen().await, Seen::Closed(CloseReason::TransportClose));
    assert_eq!(lab.endpoint.connections(), 0);
    let endpoint = lab.endpoint.clone();
    let closed = tokio::spawn(async move { endpoint.wait_closed().await });
    settle().await;
    assert!(!closed.is_finished());
    lab.linger(false);
    closed.await.unwrap();
    assert_eq!(lab.seen().await, Seen::Dropped);
}

#[tokio::test(start_paused = true)]
async fn queued_packets_are_flushed_as_long_as_the_peer_reads() {
    const SIZE: usize = 20 * 1024;
    let mut lab = Lab::plain();
    let mut raw = lab.open_raw_over(lab.narrow_pipe(1024)).await;
    let connection = lab.connection();
    for _ in 0..100 {
        let packet = Frame::binary_message(&vec![7; SIZE]);
        connection.send(packet.into()).unwrap();
    }
    lab.endpoint.refuse_handshakes();
    lab.endpoint.drain(Duration::ZERO).await;
    assert_eq!(
        lab.seen().await,
        Seen::Closed(CloseReason::ServerShuttingDown)
    );
    let start = Instant::now();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(raw.frame().await, Some((2, vec![7; SIZE])));
    }
    assert!(
        start.elapsed() > Duration::from_secs(9),
        "longer than the time limit without progress"
    );
    raw.expect_close(0).await;
}
