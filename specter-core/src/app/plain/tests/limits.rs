//! What the lane does of itself: waiting, clients that go away, times, and the end of the server.

use std::future::poll_fn;
use std::time::Duration;

use specter_proto::engine::Frame;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

use super::{Came, Client, Connections, Echo, MAX_PAYLOAD, MOMENT, Server};
use crate::app::front::Front;
use crate::app::plain::{End, HeadWait, Lane};
use crate::connection::{CloseReason, EngineConfig, Served};
use crate::http::Endpoint;

const HEAD_LIMIT: Duration = Duration::from_secs(30);

#[tokio::test(start_paused = true)]
async fn plain_requests_do_not_leave_the_lane() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let endpoint = Endpoint::new(Echo(Connections::default()), EngineConfig::default()).unwrap();
    let front = Front::of([("/engine.io".to_owned(), endpoint)]);
    let lane = tokio::spawn(async move {
        let (stream, peer) = listener.accept().await.unwrap();
        let served = Served::accepted(stream);
        let mut lane = Lane::new(served, front, peer, HeadWait::new(HEAD_LIMIT));
        poll_fn(|cx| lane.poll(cx, false)).await
    });
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let mut client = Client {
        stream,
        sid: String::new(),
    };
    client.open().await;
    for round in 0..500 {
        let text = format!("4{round}");
        client.say(&client.post(&text)).await;
        assert!(client.came().await.0.ends_with("\r\n\r\nok"));
        client.say(&client.poll()).await;
        let Came(answer, ended) = client.came().await;
        assert!(
            answer.ends_with(&format!("\r\n\r\n{text}")) && !ended,
            "{answer}"
        );
    }
    drop(client);
    assert_eq!(lane.await.unwrap().unwrap(), End::Over);
}

#[tokio::test(start_paused = true)]
async fn a_poll_is_answered_when_there_is_something() {
    let server = Server::start(true).await;
    let mut client = server.with_session().await;
    client.say(&client.poll()).await;
    assert_eq!(client.came().await, Came(String::new(), false));
    sleep(Duration::from_secs(5)).await;
    server
        .connection()
        .send(Frame::text_message("later").into())
        .unwrap();
    assert!(client.came().await.0.ends_with("4later"));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_breaks_its_poll_off() {
    for has_lane in [true, false] {
        let server = Server::start(has_lane).await;
        for shuts_down in [true, false] {
            let mut client = server.with_session().await;
            client.say(&client.poll()).await;
            assert_eq!(server.endpoint.connections(), 1);
            if shuts_down {
                client.stream.shutdown().await.unwrap();
            } else {
                drop(client);
            }
            sleep(MOMENT).await;
            assert_eq!(server.endpoint.connections(), 0);
        }
        assert_eq!(server.endpoint.closed(CloseReason::TransportError), 2);
    }
}

/// A session that polls on one connection goes on over a WebSocket on the same, and loses nothing that came early.
#[tokio::test(start_paused = true)]
async fn a_kept_connection_may_become_a_websocket() {
    let server = Server::start(true).await;
    let mut client = server.client().await;
    client.open().await;
    let head = "GET /engine.io/?EIO=4&transport=websocket&sid=SID HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let frame = |text: &[u8]| {
        let len = u8::try_from(text.len()).unwrap();
        [&[0x81, 0x80 | len, 0, 0, 0, 0], text].concat()
    };
    let head = client.with_sid(head);
    client
        .send(&[head.as_bytes(), &frame(b"2probe")].concat())
        .await;
    let Came(answer, _) = client.came().await;
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    assert!(answer.ends_with("\u{6}3probe"), "{answer}");
    client.send(&[frame(b"5"), frame(b"4hello")].concat()).await;
    let Came(echo, ended) = client.came().await;
    assert!(echo.ends_with("\u{6}4hello") && !ended, "{echo}");
}

/// How long until the server ends the connection.
async fn until_ended(client: &mut Client) -> Duration {
    let start = Instant::now();
    while !client.came().await.1 {
        assert!(
            start.elapsed() < Duration::from_secs(600),
            "it is not ended"
        );
    }
    start.elapsed()
}

fn is_about(time: Duration, expected: Duration) -> bool {
    time.abs_diff(expected) < Duration::from_secs(1)
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_ended() {
    for has_lane in [true, false] {
        let server = Server::start(has_lane).await;
        let mut client = server.client().await;
        let time = until_ended(&mut client).await;
        assert!(is_about(time, HEAD_LIMIT), "{has_lane}: {time:?}");
        let mut client = server.client().await;
        for _ in 0..3 {
            sleep(HEAD_LIMIT * 2 / 3).await;
            client.open().await;
        }
        let time = until_ended(&mut client).await;
        assert!(is_about(time, HEAD_LIMIT), "{has_lane}: {time:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_that_is_begun_late_has_no_longer() {
    for has_lane in [true, false] {
        let server = Server::start(has_lane).await;
        let mut client = server.client().await;
        sleep(HEAD_LIMIT / 2).await;
        client.send(b"GET /engine.io/?EIO").await;
        let time = until_ended(&mut client).await;
        assert!(is_about(time, HEAD_LIMIT / 2), "{has_lane}: {time:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_poll_may_wait_longer_than_a_head() {
    let config = EngineConfig::default().ping_interval(10 * HEAD_LIMIT);
    let server = Server::with(true, config).await;
    let mut client = server.with_session().await;
    client.say(&client.poll()).await;
    sleep(5 * HEAD_LIMIT).await;
    server
        .connection()
        .send(Frame::text_message("x").into())
        .unwrap();
    assert!(client.came().await.0.ends_with("4x"));
    let time = until_ended(&mut client).await;
    assert!(is_about(time, HEAD_LIMIT), "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn idle_connections_end_with_the_server() {
    for has_lane in [true, false] {
        let mut server = Server::start(has_lane).await;
        let mut fresh = server.client().await;
        let mut kept = server.client().await;
        kept.open().await;
        server.stop();
        let time = until_ended(&mut fresh).await + until_ended(&mut kept).await;
        assert!(time < Duration::from_secs(1), "{time:?}");
        super::within(&mut server.task).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_under_way_is_answered_when_the_server_stops() {
    let mut heard = Vec::new();
    for has_lane in [true, false] {
        let mut server = Server::start(has_lane).await;
        let mut client = server.with_session().await;
        client
            .say(&format!("{}{}", client.poll(), client.poll()))
            .await;
        server.stop();
        assert_eq!(client.came().await, Came(String::new(), false));
        server
            .connection()
            .send(Frame::text_message("x").into())
            .unwrap();
        let Came(answer, ended) = client.came().await;
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\n4x") && ended, "{answer}");
        let lines = answer
            .split("\r\n")
            .filter(|line| !line.starts_with("date: "));
        heard.push(lines.collect::<Vec<_>>().join("\r\n"));
        super::within(&mut server.task).await.unwrap();
    }
    assert_eq!(heard[0], heard[1]);
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_nobody_answers_does_not_hold_the_server_up() {
    let mut server = Server::start(true).await;
    let mut client = server.with_session().await;
    client.say(&client.poll()).await;
    let start = Instant::now();
    server.stop();
    super::within(&mut server.task).await.unwrap();
    assert!(is_about(start.elapsed(), Duration::from_secs(5)));
}

/// More than the system takes, for one who does not read.
#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_read_is_given_up() {
    let config = EngineConfig::default()
        .ping_interval(10 * HEAD_LIMIT)
        .max_queued_bytes(64 << 20);
    let server = Server::with(true, config).await;
    let mut client = server.with_session().await;
    let long = Frame::text_message(&"x".repeat(32 << 20));
    server.connection().send(long.into()).unwrap();
    client.say(&client.poll()).await;
    assert!(server.connection().queued_bytes() > 0);
    sleep(Duration::from_secs(120)).await;
    assert_eq!(server.connection().queued_bytes(), 0);
    let mut read = 0;
    loop {
        let Came(part, ended) = client.came().await;
        read += part.len();
        if ended {
            break;
        }
    }
    assert!(read < 32 << 20, "{read}");
}

/// Whether the lane reads a request by itself, and whether the HTTP server does.
#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_long_ends_its_session() {
    for has_lane in [true, false] {
        let server = Server::start(has_lane).await;
        for len in [MAX_PAYLOAD + 1, 100_000, 1_000_000] {
            let mut client = server.with_session().await;
            client.say(&client.post(&"4".repeat(len))).await;
            let Came(answer, _) = client.came().await;
            assert!(answer.starts_with("HTTP/1.1 413 "), "{len}: {answer}");
            assert_eq!(server.endpoint.connections(), 0, "{len}");
        }
        assert_eq!(server.endpoint.closed(CloseReason::TransportError), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_takes_too_long_ends_its_session() {
    for has_lane in [true, false] {
        let server = Server::start(has_lane).await;
        let mut client = server.with_session().await;
        let post = client.post("4hello");
        client.say(&post[..post.len() - 1]).await;
        let start = Instant::now();
        let mut heard = String::new();
        loop {
            let Came(part, ended) = client.came().await;
            heard.push_str(&part);
            if ended {
                break;
            }
            assert!(start.elapsed() < Duration::from_secs(600), "{heard}");
        }
        assert!(heard.starts_with("HTTP/1.1 408 "), "{heard}");
        let time = start.elapsed();
        assert!(is_about(time, Duration::from_secs(30)), "{time:?}");
        assert_eq!(server.endpoint.connections(), 0);
        assert_eq!(server.endpoint.closed(CloseReason::TransportError), 1);
    }
}
