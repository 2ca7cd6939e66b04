//! Sessions over HTTP long-polling: bodies, overlaps, aborted requests, limits, and how they end.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::HeaderValue;
use specter_engine::{CloseReason, EncodedPacket, EngineConfig, Frame, SendError, Transport};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::support::{Lab, Seen, Session, raw_upgrade, request, settle, text_frame};

#[tokio::test(start_paused = true)]
async fn messages_go_both_ways() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let posted = session.post("4hello\x1ebAQIDBA==\x1e4wörld").await;
    posted.expect(200, "ok");
    assert_eq!(posted.header("content-type"), "text/html");
    lab.expect_text("hello").await;
    assert_eq!(lab.seen().await, Seen::Binary(vec![1, 2, 3, 4]));
    lab.expect_text("wörld").await;
    let polled = session.poll().await;
    polled.expect(200, "4hello\x1ebAQIDBA==\x1e4wörld");
    assert_eq!(polled.header("content-type"), "text/plain; charset=UTF-8");
    assert_eq!(polled.header("cache-control"), "no-store");
    assert_eq!(lab.connection().transport(), Transport::Polling);
}

#[tokio::test(start_paused = true)]
async fn a_poll_waits_until_there_is_a_packet() {
    let lab = Lab::plain();
    let session = lab.open().await;
    let poll = session.waiting_poll().await;
    assert!(!poll.is_finished());
    let connection = lab.connection();
    let packet = EncodedPacket::new(
        Frame::text_message("51-[]"),
        vec![Frame::binary_message(&[255])],
    );
    connection.send(packet).unwrap();
    poll.await.unwrap().expect(200, "451-[]\x1eb/w==");
    assert_eq!(connection.queued_bytes(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_handler_sees_the_headers_of_the_post() {
    let lab = Lab::plain();
    let session = lab.open().await;
    let mut post = request("POST", &session.query(), "4headers");
    let value = HeaderValue::from_static("1");
    post.headers_mut().insert("x-custom", value);
    lab.request(post).await.expect(200, "ok");
    session.poll().await.expect(200, "4host,x-custom");
}

#[tokio::test(start_paused = true)]
async fn unreadable_bodies_end_the_session_with_parse_error() {
    for body in ["", "abc", "4a\x1e", "\x1e4a", "b?", "7"] {
        let mut lab = Lab::plain();
        let session = lab.open().await;
        session.post(body).await.expect(200, "ok");
        Session::expect_gone(&session.poll().await);
        if body.starts_with('4') {
            lab.expect_text("a").await;
        }
        lab.expect_end(CloseReason::ParseError).await;
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_that_are_not_utf8_end_the_session() {
    // No packet of the body is handled, whichever of them is invalid.
    for body in [&b"4\xFF"[..], b"4a\x1e4\xFF"] {
        let mut lab = Lab::plain();
        let session = lab.open().await;
        session.post(body).await.expect(200, "ok");
        lab.expect_end(CloseReason::ParseError).await;
    }
}

#[tokio::test(start_paused = true)]
async fn packets_in_a_body_are_limited() {
    let mut lab = Lab::new(EngineConfig::default().max_packets_per_body(3));
    let session = lab.open().await;
    session.post("4\x1e4\x1e4").await.expect(200, "ok");
    for _ in 0..3 {
        lab.expect_text("").await;
    }
    session.post("4\x1e4\x1e4\x1e4").await.expect(200, "ok");
    lab.expect_end(CloseReason::ParseError).await;
}

#[tokio::test(start_paused = true)]
async fn a_ping_from_the_client_is_a_transport_error() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    session.post("2").await.expect(200, "ok");
    lab.expect_end(CloseReason::TransportError).await;
    Session::expect_gone(&session.poll().await);
}

#[tokio::test(start_paused = true)]
async fn packets_without_meaning_are_ignored() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    session
        .post("0\x1e3\x1e5\x1e6\x1e4x")
        .await
        .expect(200, "ok");
    lab.expect_text("x").await;
    lab.expect_nothing();
}

#[tokio::test(start_paused = true)]
async fn overlapping_polls_end_the_session() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let first = session.waiting_poll().await;
    session.poll().await.expect(400, "");
    first.await.unwrap().expect(200, "1");
    lab.expect_end(CloseReason::TransportError).await;
    Session::expect_gone(&session.poll().await);
}

#[tokio::test(start_paused = true)]
async fn polls_that_overlap_in_the_same_moment_end_the_session() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    settle().await;
    let (first, second) = tokio::join!(session.poll(), session.poll());
    first.expect(200, "1");
    second.expect(400, "");
    lab.expect_end(CloseReason::TransportError).await;
}

#[tokio::test(start_paused = true)]
async fn a_response_is_limited_in_packets_and_the_next_poll_gets_the_rest_at_once() {
    let lab = Lab::plain();
    let session = lab.open().await;
    let connection = lab.connection();
    for number in 0..15 {
        let packet = Frame::text_message(&number.to_string());
        connection.send(packet.into()).unwrap();
    }
    // This packet has two frames. The response has room for one, and they are not separated.
    let attachment = Frame::binary_message(&[255]);
    let packet = EncodedPacket::new(Frame::text_message("51-[]"), vec![attachment.clone()]);
    connection.send(packet).unwrap();
    let packet = EncodedPacket::new(Frame::text_message("520-[]"), vec![attachment; 20]);
    connection.send(packet).unwrap();
    let expected: Vec<_> = (0..15).map(|number| format!("4{number}")).collect();
    session.poll().await.expect(200, &expected.join("\x1e"));
    session.poll().await.expect(200, "451-[]\x1eb/w==");
    let binary = ["b/w=="; 20];
    let first = format!("4520-[]\x1e{}", binary[..15].join("\x1e"));
    session.poll().await.expect(200, &first);
    session.poll().await.expect(200, &binary[15..].join("\x1e"));
    assert_eq!(connection.queued_bytes(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_queue_of_a_closed_session_is_sent_in_several_responses() {
    for waiting in [false, true] {
        let mut lab = Lab::new(EngineConfig::default().max_packets_per_poll(3));
        let session = lab.open().await;
        let poll = if waiting {
            Some(session.waiting_poll().await)
        } else {
            None
        };
        let connection = lab.connection();
        for number in 0..6 {
            let packet = Frame::text_message(&number.to_string());
            connection.send(packet.into()).unwrap();
        }
        connection.close(CloseReason::ForcedServerClose);
        assert_eq!(
            lab.seen().await,
            Seen::Closed(CloseReason::ForcedServerClose)
        );
        let first = match poll {
            Some(poll) => poll.await.unwrap(),
            None => session.poll().await,
        };
        first.expect(200, "40\x1e41\x1e42");
        session.poll().await.expect(200, "43\x1e44\x1e45");
        session.poll().await.expect(200, "1");
        assert_eq!(lab.seen().await, Seen::Dropped);
        Session::expect_gone(&session.poll().await);
    }
}

/// A body whose parts the test sends through the returned sender.
fn slow_body() -> (mpsc::UnboundedSender<&'static str>, Body) {
    let (sender, receiver) = mpsc::unbounded_channel::<&'static str>();
    let parts = stream::unfold(receiver, |mut receiver| async move {
        let part = receiver.recv().await?;
        Some((
            Ok::<_, Infallible>(Bytes::from_static(part.as_bytes())),
            receiver,
        ))
    });
    (sender, Body::from_stream(parts.boxed()))
}

#[tokio::test(start_paused = true)]
async fn overlapping_posts_end_the_session() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let (parts, body) = slow_body();
    let slow = session.clone();
    let first = tokio::spawn(async move { slow.post(body).await });
    settle().await;
    session.post("4x").await.expect(400, "");
    lab.expect_end(CloseReason::TransportError).await;
    drop(parts);
    assert_eq!(first.await.unwrap().status, 400);
    Session::expect_gone(&session.poll().await);
}

#[tokio::test(start_paused = true)]
async fn a_body_may_arrive_in_parts() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let (parts, body) = slow_body();
    let slow = session.clone();
    let post = tokio::spawn(async move { slow.post(body).await });
    for part in ["4he", "ll", "o"] {
        parts.send(part).unwrap();
        settle().await;
    }
    drop(parts);
    post.await.unwrap().expect(200, "ok");
    lab.expect_text("hello").await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_in_time_ends_the_session() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let (_parts, body) = slow_body();
    let start = Instant::now();
    let answer = session.post(body).await;
    answer.expect(408, "");
    assert_eq!(answer.header("connection"), "close");
    assert_eq!(start.elapsed(), Duration::from_secs(30));
    lab.expect_end(CloseReason::TransportError).await;
    Session::expect_gone(&session.poll().await);
}

#[tokio::test(start_paused = true)]
async fn the_timeout_of_a_body_applies_to_the_whole_body() {
    let limit = Duration::from_secs(4);
    let mut lab = Lab::new(EngineConfig::default().http_body_timeout(limit));
    for (parts, status) in [(3, 200), (10, 408)] {
        let session = lab.open().await;
        let (sender, body) = slow_body();
        let slow = session.clone();
        let start = Instant::now();
        let post = tokio::spawn(async move { slow.post(body).await });
        sender.send("4").unwrap();
        for _ in 0..parts {
            tokio::time::advance(Duration::from_secs(1)).await;
            settle().await;
            // The server may have stopped receiving the body.
            let _ = sender.send("x");
        }
        drop(sender);
        assert_eq!(post.await.unwrap().status, status, "{parts}");
        if status == 200 {
            lab.expect_text("xxx").await;
            lab.connection().close(CloseReason::ForcedClose);
            session.poll().await.expect(200, "4xxx");
            session.poll().await.expect(200, "1");
            lab.expect_end(CloseReason::ForcedClose).await;
        } else {
            assert_eq!(start.elapsed(), Duration::from_secs(10));
            lab.expect_end(CloseReason::TransportError).await;
            Session::expect_gone(&session.poll().await);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_ends_nothing_after_the_upgrade() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let (_parts, body) = slow_body();
    let slow = session.clone();
    let post = tokio::spawn(async move { slow.post(body).await });
    settle().await;
    let query = format!("EIO=4&transport=websocket&sid={}", session.sid);
    let mut raw = raw_upgrade(lab.pipe(), &query).await;
    raw.write(&text_frame("5")).await;
    raw.write(&text_frame("4a")).await;
    lab.expect_text("a").await;
    raw.write(&text_frame("3")).await;
    post.await.unwrap().expect(408, "");
    raw.write(&text_frame("4b")).await;
    lab.expect_text("b").await;
}

#[tokio::test(start_paused = true)]
async fn jsonp_requests_are_refused() {
    let lab = Lab::plain();
    let session = lab.open().await;
    for query in [
        "EIO=4&transport=polling&j=0".to_owned(),
        "j=&EIO=4&transport=polling".to_owned(),
        format!("{}&j=0", session.query()),
    ] {
        let answer = lab.call("GET", &query).await;
        assert_eq!(answer.status, 400, "{query}");
        let start = r#"{"code":3,"message":"Bad request","context":"JSONP polling"#;
        assert!(answer.body.starts_with(start), "{}", answer.body);
    }
    let query = format!("{}&j=0", session.query());
    let posted = lab.request(request("POST", &query, "d=4x")).await;
    assert_eq!(posted.status, 400);
    assert_eq!(lab.endpoint.connections(), 1);
    session.post("4still here").await.expect(200, "ok");
    // The parameter `j` has no meaning on a WebSocket.
    let mut ws = lab
        .websocket("EIO=4&transport=websocket&j=0")
        .await
        .unwrap();
    assert!(ws.text().await.starts_with("0{"));
}

#[tokio::test(start_paused = true)]
async fn an_aborted_poll_ends_the_session() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let poll = session.waiting_poll().await;
    poll.abort();
    lab.expect_end(CloseReason::TransportError).await;
    Session::expect_gone(&session.poll().await);
}

#[tokio::test(start_paused = true)]
async fn an_aborted_post_ends_the_session() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let (_parts, body) = slow_body();
    let slow = session.clone();
    let post = tokio::spawn(async move { slow.post(body).await });
    settle().await;
    post.abort();
    lab.expect_end(CloseReason::TransportError).await;
}

#[tokio::test(start_paused = true)]
async fn a_post_that_breaks_off_after_the_upgrade_ends_nothing() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let (_parts, body) = slow_body();
    let slow = session.clone();
    let post = tokio::spawn(async move { slow.post(body).await });
    settle().await;
    let query = format!("EIO=4&transport=websocket&sid={}", session.sid);
    let mut raw = raw_upgrade(lab.pipe(), &query).await;
    raw.write(&text_frame("5")).await;
    raw.write(&text_frame("4a")).await;
    lab.expect_text("a").await;
    post.abort();
    settle().await;
    raw.write(&text_frame("4b")).await;
    lab.expect_text("b").await;
    lab.expect_nothing();
}

#[tokio::test(start_paused = true)]
async fn binary_bodies_are_refused_and_end_the_session() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let mut post = request("POST", &session.query(), "4x");
    let value = HeaderValue::from_static("application/octet-stream");
    post.headers_mut().insert("content-type", value);
    lab.request(post).await.expect(400, "");
    lab.expect_end(CloseReason::TransportError).await;
}

#[tokio::test(start_paused = true)]
async fn bodies_over_the_limit_are_refused_and_end_the_session() {
    let mut lab = Lab::new(EngineConfig::default().max_payload(100));
    let parts: Vec<Result<_, Infallible>> =
        (0..101).map(|_| Ok(Bytes::from_static(b"4"))).collect();
    let unannounced = Body::from_stream(stream::iter(parts));
    let announced = Body::from(format!("4{}", "x".repeat(100)));
    let far_too_long = Body::from("x".repeat(1_000_000));
    for body in [announced, unannounced, far_too_long] {
        let session = lab.open().await;
        let poll = session.waiting_poll().await;
        session.post(body).await.expect(413, "");
        poll.await.unwrap().expect(200, "1");
        lab.expect_end(CloseReason::TransportError).await;
        Session::expect_gone(&session.poll().await);
    }
    let session = lab.open().await;
    let poll = session.waiting_poll().await;
    let exact = format!("4{}", "x".repeat(99));
    session.post(exact.clone()).await.expect(200, "ok");
    lab.expect_text(&exact[1..]).await;
    poll.await.unwrap().expect(200, &exact);
}

#[tokio::test(start_paused = true)]
async fn the_client_ends_the_session() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let poll = session.waiting_poll().await;
    session.post("4a\x1e1\x1e4b").await.expect(200, "ok");
    lab.expect_text("a").await;
    lab.expect_end(CloseReason::TransportClose).await;
    // A client that has closed its session gets no more messages.
    poll.await.unwrap().expect(200, "6");
    Session::expect_gone(&session.poll().await);
    Session::expect_gone(&session.post("4x").await);
    assert_eq!(lab.endpoint.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_server_ends_the_session_on_the_waiting_poll() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let poll = session.waiting_poll().await;
    let connection = lab.connection();
    connection.send(Frame::text_message("last").into()).unwrap();
    connection.close(CloseReason::ForcedServerClose);
    connection.close(CloseReason::PingTimeout);
    let late = connection.send(Frame::text_message("late").into());
    assert_eq!(late, Err(SendError::Closed));
    assert!(connection.is_closed());
    // JavaScript clients would drop the message if it were in one response with the close packet.
    poll.await.unwrap().expect(200, "4last");
    session.poll().await.expect(200, "1");
    lab.expect_end(CloseReason::ForcedServerClose).await;
    Session::expect_gone(&session.poll().await);
}

#[tokio::test(start_paused = true)]
async fn the_server_ends_the_session_on_the_next_poll() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    session.post("4a\x1e4close\x1e4b").await.expect(200, "ok");
    lab.expect_text("a").await;
    lab.expect_text("close").await;
    assert_eq!(
        lab.seen().await,
        Seen::Closed(CloseReason::ForcedServerClose)
    );
    lab.expect_nothing();
    session.post("4swallowed").await.expect(200, "ok");
    session.poll().await.expect(200, "4a");
    session.poll().await.expect(200, "1");
    assert_eq!(lab.seen().await, Seen::Dropped);
    Session::expect_gone(&session.poll().await);
}

#[tokio::test(start_paused = true)]
async fn a_closed_session_waits_for_a_poll_for_a_limited_time() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    let start = Instant::now();
    lab.connection().close(CloseReason::ForcedServerClose);
    lab.expect_end(CloseReason::ForcedServerClose).await;
    assert_eq!(start.elapsed(), Duration::from_secs(30));
    Session::expect_gone(&session.poll().await);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_fails_ends_the_session() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    session.post("4err\x1e4never").await.expect(200, "ok");
    lab.expect_text("err").await;
    assert_eq!(lab.seen().await, Seen::Closed(CloseReason::ForcedClose));
    session.poll().await.expect(200, "1");
    assert_eq!(lab.seen().await, Seen::Dropped);
}
