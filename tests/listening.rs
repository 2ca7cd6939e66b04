//! The server under `App::listen`: what it does with clients that poll, and with those that do not
//! keep up.

mod common;

use std::time::Duration;

use axum::routing::get;
use common::{Server, within};
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

/// The clock runs only while nothing else does.
#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_its_answer_is_given_up() {
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
    // What the system took before is still there, or not: the server need not wait for it.
    let _ = client.read_to_end(&mut received).await;
    assert!(received.len() < LARGE, "{}", received.len());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_is_not() {
    let routes = axum::Router::new().route("/large", get(|| async { vec![0_u8; LARGE] }));
    let app = App::of::<Quiet>().await.unwrap().routes(routes);
    let server = Server::serve(app).await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client
        .write_all(b"GET /large HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    // A runtime that always has something to do leaves the clock alone: else the limit would be
    // over whenever the system takes a moment to carry something from one socket to the other.
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
    // The head came before it.
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    assert!(!rest.is_empty());
    busy.abort();
}

/// The body of the next answer.
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
async fn one_connection_polls_for_a_whole_session_and_serves_other_requests_then() {
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
        // Now and then without waiting for the answer.
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
