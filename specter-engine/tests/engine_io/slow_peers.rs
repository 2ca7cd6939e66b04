//! Peers that read slowly or not at all, and what their connections hold meanwhile.

use specter_engine::{CloseReason, EngineConfig, Frame, QueuePolicy, SendError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;
use tracing::Level;

use super::support::{Lab, Log, Raw, Seen, Session, settle, text_frame};

const KIB: usize = 1024;

fn kilobyte() -> specter_engine::EncodedPacket {
    Frame::binary_message(&[7; KIB]).into()
}

/// The bytes of a poll whose HTTP connection closes after the response.
fn poll_request(session: &Session) -> String {
    let query = session.query();
    format!("GET /engine.io/?{query} HTTP/1.1\r\nHost: server.example\r\nConnection: close\r\n\r\n")
}

/// Sends kilobytes until the connection is behind.
fn fall_behind(connection: &specter_engine::Connection, max_queued_bytes: usize) {
    while connection.queued_bytes() <= max_queued_bytes {
        connection.send(kilobyte()).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_is_disconnected_after_the_timeout() {
    let log = Log::of_this_thread();
    // The number of log lines of a kind is limited for the whole process, and other tests cause
    // them too. A day later the limit starts again.
    tokio::time::advance(Duration::from_secs(24 * 3600)).await;
    let mut lab = Lab::new(EngineConfig::default().max_queued_bytes(64 * KIB));
    let raw = lab.open_raw_over(lab.narrow_pipe(KIB)).await;
    let connection = lab.connection();
    let start = Instant::now();
    fall_behind(&connection, 64 * KIB);
    // To be behind is not yet a reason to close.
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert_eq!(connection.send(kilobyte()), Ok(()));
    assert_eq!(lab.seen().await, Seen::Closed(CloseReason::SlowClient));
    assert_eq!(start.elapsed().as_secs(), 10);
    assert_eq!(connection.queued_bytes(), 0);
    assert_eq!(connection.send(kilobyte()), Err(SendError::Closed));
    assert_eq!(lab.endpoint.closed(CloseReason::SlowClient), 1);
    let lines = log.lines(Level::WARN);
    let [line] = lines.as_slice() else {
        panic!("not one line: {lines:?}");
    };
    for part in [
        r#"setting="slow_client_timeout""#,
        "queued_bytes=66",
        "limit=65536",
        "behind_for=10",
        "slow_client_timeout=10s",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    drop(raw);
    assert_eq!(lab.seen().await, Seen::Dropped);
}

#[test]
fn more_connections_than_files_are_a_warning_at_start() {
    let log = Log::of_this_thread();
    let _lab = Lab::new(EngineConfig::default().max_connections(usize::MAX));
    let lines = log.lines(Level::WARN);
    assert!(
        matches!(lines.as_slice(), [line] if line.contains("`max_connections` is larger")),
        "{lines:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn packets_sent_at_once_to_a_peer_that_reads_arrive_completely_and_in_order() {
    let lab = Lab::new(EngineConfig::default().max_queued_bytes(64 * KIB));
    let mut raw = lab.open_raw_over(lab.narrow_pipe(KIB)).await;
    let connection = lab.connection();
    for number in 0..5_000 {
        let text = format!("{number:200}");
        connection.send(Frame::text_message(&text).into()).unwrap();
    }
    for number in 0..5_000 {
        raw.expect_text(&format!("4{number:200}")).await;
    }
    settle().await;
    assert_eq!(connection.queued_bytes(), 0);
}

/// Reads 200 KiB a second, as bytes and not as frames, and answers pings, until this many messages
/// have arrived.
async fn read_slowly(raw: &mut Raw, messages: usize) {
    let mut buffer = Vec::new();
    let mut received = 0;
    while received < messages {
        let mut part = vec![0; 20 * KIB];
        let read = raw.0.read(&mut part).await.unwrap();
        assert_ne!(read, 0, "the connection is kept");
        buffer.extend_from_slice(&part[..read]);
        let pause = 100 * u64::try_from(read).unwrap() / (20 * KIB as u64);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        while let Some(payload) = take_frame(&mut buffer) {
            if payload == b"2" {
                raw.write(&text_frame("3")).await;
            } else {
                received += 1;
            }
        }
    }
}

/// Takes the payload of the first frame, if the frame is complete.
fn take_frame(buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    let (header, length) = match *buffer.get(1)? {
        126 => (4, buffer.get(2..4)?),
        127 => (10, buffer.get(2..10)?),
        _ => (2, buffer.get(1..2)?),
    };
    let length = length
        .iter()
        .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    let payload = buffer.get(header..header + length)?.to_vec();
    buffer.drain(..header + length);
    Some(payload)
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_slowly_but_steadily_gets_all_of_it() {
    for size in [KIB, 100 * KIB, 5 * KIB * KIB] {
        let mut lab = Lab::plain();
        let mut raw = lab.open_raw_over(lab.narrow_pipe(64 * KIB)).await;
        let connection = lab.connection();
        let count = 10 * KIB * KIB / size;
        for _ in 0..count {
            let packet = Frame::binary_message(&vec![7; size]);
            connection.send(packet.into()).unwrap();
        }
        let start = Instant::now();
        read_slowly(&mut raw, count).await;
        assert!(
            start.elapsed() > Duration::from_secs(45),
            "long enough for pings"
        );
        lab.expect_nothing();
        assert!(!connection.is_closed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_polling_client_that_reads_slowly_but_steadily_gets_all_of_it() {
    for size in [10 * KIB, 5 * KIB * KIB] {
        let mut lab = Lab::plain();
        let session = lab.open().await;
        let connection = lab.connection();
        let count = 10 * KIB * KIB / size;
        for _ in 0..count {
            let text = "x".repeat(size);
            connection.send(Frame::text_message(&text).into()).unwrap();
        }
        let mut received = 0;
        while received < count {
            let mut pipe = lab.narrow_pipe(64 * KIB);
            pipe.write_all(poll_request(&session).as_bytes())
                .await
                .unwrap();
            let mut answer = Vec::new();
            while pipe.read_buf(&mut answer).await.unwrap() > 0 {
                tokio::time::sleep(Duration::from_millis(100)).await;
                let room = answer.len() + 20 * KIB;
                answer.reserve_exact(room - answer.len());
            }
            let answer = String::from_utf8(answer).unwrap();
            let (_, body) = answer.split_once("\r\n\r\n").unwrap();
            for packet in body.split('\x1e') {
                match packet {
                    "2" => session.post("3").await.expect(200, "ok"),
                    message => {
                        assert_eq!(message.len(), 1 + size);
                        received += 1;
                    }
                }
            }
        }
        lab.expect_nothing();
    }
}

#[tokio::test(start_paused = true)]
async fn under_the_drop_policy_a_slow_peer_misses_packets() {
    let config = EngineConfig::default()
        .max_queued_bytes(16 * KIB)
        .max_burst_bytes(64 * KIB)
        .queue_policy(QueuePolicy::Drop);
    let mut lab = Lab::new(config);
    let mut raw = lab.open_raw_over(lab.narrow_pipe(KIB)).await;
    let connection = lab.connection();
    for by_time in [false, true] {
        let mut sent = 0;
        while (!by_time || connection.queued_bytes() < 32 * KIB)
            && connection.send(kilobyte()).is_ok()
        {
            sent += 1;
            settle().await;
        }
        if by_time {
            tokio::time::sleep(Duration::from_millis(10_100)).await;
        }
        assert_eq!(connection.send(kilobyte()), Err(SendError::QueueFull));
        assert!(!connection.is_closed());
        for _ in 0..sent {
            assert_eq!(raw.frame().await, Some((2, vec![7; KIB])));
        }
        settle().await;
        assert_eq!(connection.queued_bytes(), 0);
        assert_eq!(connection.send(kilobyte()), Ok(()));
        assert_eq!(raw.frame().await, Some((2, vec![7; KIB])));
    }
    lab.expect_nothing();
}

#[tokio::test(start_paused = true)]
async fn one_packet_over_the_burst_limit_is_an_error_and_nothing_more() {
    let config = EngineConfig::default()
        .max_queued_bytes(KIB)
        .max_burst_bytes(20 * KIB);
    let lab = Lab::new(config);
    let mut raw = lab.open_raw().await;
    let connection = lab.connection();
    let large = Frame::binary_message(&[1; 10 * KIB]);
    for _ in 0..2 {
        connection.send(large.clone().into()).unwrap();
        let larger = Frame::binary_message(&vec![1; 20 * KIB]);
        let refused = connection.send(larger.into()).unwrap_err();
        assert_eq!(refused.code(), "connection_packet_too_large");
        assert_eq!(raw.frame().await, Some((2, vec![1; 10 * KIB])));
    }
}

#[tokio::test(start_paused = true)]
async fn a_packet_that_exceeds_the_burst_limit_closes_the_connection() {
    let config = EngineConfig::default()
        .max_queued_bytes(KIB)
        .max_burst_bytes(20 * KIB);
    let mut lab = Lab::new(config);
    let _raw = lab.open_raw_over(lab.narrow_pipe(64)).await;
    let connection = lab.connection();
    let sent = (0..100).take_while(|_| connection.send(kilobyte()).is_ok());
    assert_eq!(sent.count(), 18);
    lab.expect_end(CloseReason::QueueFull).await;
}

#[tokio::test(start_paused = true)]
async fn a_session_that_does_not_poll_is_disconnected() {
    let mut lab = Lab::new(EngineConfig::default().max_queued_bytes(4 * KIB));
    let session = lab.open().await;
    fall_behind(&lab.connection(), 4 * KIB);
    let start = Instant::now();
    lab.expect_end(CloseReason::SlowClient).await;
    assert_eq!(start.elapsed().as_secs(), 10);
    Session::expect_gone(&session.poll().await);
}

#[tokio::test(start_paused = true)]
async fn sessions_that_poll_get_all_packets_that_are_sent_at_once() {
    let lab = Lab::plain();
    let session = lab.open().await;
    let connection = lab.connection();
    for number in 0..300 {
        let text = format!("{number:5000}");
        connection.send(Frame::text_message(&text).into()).unwrap();
    }
    let mut received = 0;
    while received < 300 {
        let answer = session.poll().await;
        for packet in answer.body.split('\x1e') {
            assert_eq!(packet, format!("4{received:5000}"));
            received += 1;
        }
    }
}

/// A response holds a limited number of packets. If they are small, the round trip limits the
/// throughput, not the client.
#[tokio::test(start_paused = true)]
async fn a_polling_client_with_a_long_round_trip_is_not_too_slow() {
    let lab = Lab::plain();
    let session = lab.open().await;
    let connection = lab.connection();
    for number in 0..10_000 {
        let text = format!("{number:200}");
        connection.send(Frame::text_message(&text).into()).unwrap();
    }
    let mut received = 0;
    while received < 10_000 {
        tokio::time::sleep(Duration::from_millis(60)).await;
        let answer = session.poll().await;
        for packet in answer.body.split('\x1e') {
            if packet == "2" {
                session.post("3").await.expect(200, "ok");
            } else {
                assert_eq!(packet, format!("4{received:200}"));
                received += 1;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_whose_pong_is_not_read_is_kept() {
    let config = EngineConfig::default().max_queued_bytes(64 * KIB);
    let mut lab = Lab::new(config);
    let mut raw = lab.open_raw_over(lab.narrow_pipe(KIB)).await;
    let connection = lab.connection();
    fall_behind(&connection, 64 * KIB);
    let behind = connection.queued_bytes() / KIB;
    raw.write(&text_frame("4stop")).await;
    lab.expect_text("stop").await;
    // The connection was behind when reading stopped, and no longer is.
    for _ in 0..behind - 3 {
        raw.frame().await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert!(!connection.is_closed());
    lab.expect_nothing();
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_not_read_stays_charged_to_the_queue() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let connection = lab.connection();
    for _ in 0..3 {
        let big = Frame::binary_message(&vec![7; 600 * KIB]);
        connection.send(big.into()).unwrap();
    }
    // The response to this poll is never read.
    let mut pipe = lab.narrow_pipe(64);
    pipe.write_all(poll_request(&session).as_bytes())
        .await
        .unwrap();
    settle().await;
    assert!(connection.queued_bytes() > 1800 * KIB);
    lab.expect_end(CloseReason::SlowClient).await;
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_not_read_is_aborted() {
    let patient = EngineConfig::default().slow_client_timeout(Duration::from_secs(600));
    let lab = Lab::new(patient);
    let session = lab.open().await;
    let connection = lab.connection();
    let big = Frame::binary_message(&vec![7; 3000 * KIB]);
    connection.send(big.into()).unwrap();
    let mut pipe = lab.narrow_pipe(64);
    pipe.write_all(poll_request(&session).as_bytes())
        .await
        .unwrap();
    settle().await;
    tokio::time::sleep(Duration::from_secs(41)).await;
    // The parts that the HTTP server has taken still arrive, and count until then.
    assert_ne!(connection.queued_bytes(), 0);
    let mut read = Vec::new();
    let _ = pipe.read_to_end(&mut read).await;
    assert!(read.len() < 1000 * KIB, "{}", read.len());
    // A heartbeat may be queued.
    assert!(connection.queued_bytes() < KIB);
}

#[tokio::test(start_paused = true)]
async fn a_slow_peer_does_not_affect_a_fast_one() {
    let config = EngineConfig::default()
        .max_queued_bytes(64 * KIB)
        .max_burst_bytes(128 * KIB);
    let lab = Lab::new(config);
    let _slow = lab.open_raw_over(lab.narrow_pipe(64)).await;
    let slow = lab.connection();
    let mut fast_raw = lab.open_raw().await;
    let fast = lab.connection();
    for _ in 0..200 {
        let _ = slow.send(kilobyte());
        fast.send(kilobyte()).unwrap();
        assert_eq!(fast_raw.frame().await, Some((2, vec![7; KIB])));
    }
    assert!(slow.is_closed());
}
