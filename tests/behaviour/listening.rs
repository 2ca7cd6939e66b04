//! The HTTP server of `App::listen`: polling on one connection, slow readers and idle connections.

use std::time::Duration;

use crate::common::lines::Lines;
use crate::common::{Server, within};
use axum::routing::get;
use specter::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[socketio_controller]
struct Quiet;

#[handlers]
impl Quiet {
    #[on_event]
    fn nothing(&self) {}

    #[on_event]
    fn echo(&self, text: String) -> String {
        text
    }
}

const LARGE: usize = 64 << 20;

/// The paused clock advances only while the runtime is idle.
#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_its_response_is_closed() {
    let routes = axum::Router::new().route("/large", get(|| async { vec![0_u8; LARGE] }));
    let app = App::of::<Quiet>().await.unwrap().routes(routes);
    let server = Server::serve(app).await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client
        .write_all(b"GET /large HTTP/1.1\r\nhost: here\r\n\r\n")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(120)).await;
    let mut received = Vec::new();
    // The kernel may still deliver what it had buffered. The server does not wait for that.
    let _ = client.read_to_end(&mut received).await;
    assert!(received.len() < LARGE, "{}", received.len());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_is_not_closed() {
    let routes = axum::Router::new().route("/large", get(|| async { vec![0_u8; LARGE] }));
    let app = App::of::<Quiet>().await.unwrap().routes(routes);
    let server = Server::serve(app).await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client
        .write_all(b"GET /large HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    // A busy runtime does not advance the paused clock. Without this task the timeout would expire
    // whenever the kernel takes a moment to deliver data from one socket to the other.
    let busy = tokio::spawn(async {
        loop {
            tokio::task::yield_now().await;
        }
    });
    let mut part = vec![0; LARGE / 16];
    for _ in 0..16 {
        client.read_exact(&mut part).await.unwrap();
        tokio::time::advance(Duration::from_secs(20)).await;
    }
    // The client has read `LARGE` bytes including the head, so the end of the body is left.
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    assert!(!rest.is_empty());
    busy.abort();
}

/// Reads the next response, and returns its body.
async fn body(client: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(within(client.read_u8()).await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let (_, length) = head.split_once("content-length: ").unwrap();
    let length = length.lines().next().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    within(client.read_exact(&mut body)).await.unwrap();
    String::from_utf8(body).unwrap()
}

#[tokio::test]
async fn one_connection_carries_a_whole_polling_session_and_then_other_requests() {
    let routes = axum::Router::new().route("/elsewhere", get(|| async { "here" }));
    let app = App::of::<Quiet>().await.unwrap().routes(routes);
    let server = Server::serve(app).await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    let get = |target: &str| format!("GET {target} HTTP/1.1\r\nhost: here\r\n\r\n");
    let path = "/socket.io/?EIO=4&transport=polling";
    client.write_all(get(path).as_bytes()).await.unwrap();
    let open = body(&mut client).await;
    let (_, sid) = open.split_once(r#""sid":""#).unwrap();
    let path = format!("{path}&sid={}", sid.split('"').next().unwrap());
    let post = |body: &str| {
        let length = body.len();
        format!("POST {path} HTTP/1.1\r\nhost: here\r\ncontent-length: {length}\r\n\r\n{body}")
    };
    client.write_all(post("40").as_bytes()).await.unwrap();
    assert_eq!(body(&mut client).await, "ok");
    client.write_all(get(&path).as_bytes()).await.unwrap();
    assert!(body(&mut client).await.starts_with("40{"));
    for round in 0..300 {
        let event = post(&format!(r#"42{round}["echo","{round}"]"#));
        // In every third round, the poll is sent without waiting for the response to the post.
        let both = format!("{event}{}", get(&path));
        if round % 3 == 0 {
            client.write_all(both.as_bytes()).await.unwrap();
            assert_eq!(body(&mut client).await, "ok");
        } else {
            client.write_all(event.as_bytes()).await.unwrap();
            assert_eq!(body(&mut client).await, "ok");
            client.write_all(get(&path).as_bytes()).await.unwrap();
        }
        assert_eq!(body(&mut client).await, format!(r#"43{round}["{round}"]"#));
    }
    client
        .write_all(get("/elsewhere").as_bytes())
        .await
        .unwrap();
    assert_eq!(body(&mut client).await, "here");
    client.write_all(post("41").as_bytes()).await.unwrap();
    assert_eq!(body(&mut client).await, "ok");
}

/// Sends these bytes, and returns the time until the server closes the connection.
async fn time_until_closed(server: &Server, sent: &[u8]) -> Duration {
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client.write_all(sent).await.unwrap();
    let start = tokio::time::Instant::now();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    start.elapsed()
}

/// Hyper's timeout for a request's head starts when the connection starts to wait for the head.
#[tokio::test(start_paused = true)]
async fn a_connection_without_a_complete_head_is_closed_after_the_timeout() {
    let server = Server::serve(App::of::<Quiet>().await.unwrap()).await;
    for sent in [&b""[..], b"GET /socket.io/ HTTP/1.1\r\nhost:"] {
        let seconds = time_until_closed(&server, sent).await.as_secs();
        assert_eq!(seconds, 30, "{}", sent.escape_ascii());
    }
}

#[tokio::test(start_paused = true)]
async fn a_poll_may_wait_longer_than_the_timeout_for_a_head() {
    let app = App::builder_of::<Quiet>()
        .ping_interval(Duration::from_secs(100))
        .connect_timeout(Duration::from_secs(200));
    let server = Server::of(app).await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    let path = "/socket.io/?EIO=4&transport=polling";
    let get = |target: &str| format!("GET {target} HTTP/1.1\r\nhost: here\r\n\r\n");
    client.write_all(get(path).as_bytes()).await.unwrap();
    let open = body(&mut client).await;
    let (_, sid) = open.split_once(r#""sid":""#).unwrap();
    let path = format!("{path}&sid={}", sid.split('"').next().unwrap());
    let start = tokio::time::Instant::now();
    client.write_all(get(&path).as_bytes()).await.unwrap();
    // The poll waits until the ping interval is over.
    client.peek(&mut [0; 1]).await.unwrap();
    assert!(start.elapsed() > Duration::from_secs(90));
    assert_eq!(body(&mut client).await, "2");
}

#[tokio::test]
async fn idle_connections_are_closed_at_shutdown() {
    let server = Server::serve(App::of::<Quiet>().await.unwrap()).await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client
        .write_all(b"GET /nothing HTTP/1.1\r\nhost: here\r\n\r\n")
        .await
        .unwrap();
    let mut answer = [0; 12];
    within(client.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 404");
    server.handle.shutdown().await;
    let mut rest = Vec::new();
    within(client.read_to_end(&mut rest)).await.unwrap();
    within(server.stopped()).await.unwrap();
}

#[tokio::test]
async fn a_socket_io_client_on_a_path_without_a_gateway_is_a_warning() {
    let lines = Lines::capture();
    let server = Server::of(App::builder_of::<Quiet>()).await;
    for path in ["/chat/?EIO=4&transport=polling", "/favicon.ico"] {
        let mut client = TcpStream::connect(server.address).await.unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n");
        client.write_all(head.as_bytes()).await.unwrap();
        let mut response = String::new();
        within(client.read_to_string(&mut response)).await.unwrap();
        assert!(response.starts_with("HTTP/1.1 404"), "{response}");
    }
    let [line] = &lines.with("a path on which no gateway is mounted")[..] else {
        panic!("{:?}", lines.shown())
    };
    assert!(
        line.text.contains(r#"path="/chat/" mounted=/socket.io/"#),
        "{line:?}"
    );
}
