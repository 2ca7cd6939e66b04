//! The server under `App::listen`: what it does with clients that do not keep up.

mod common;

use std::time::Duration;

use axum::routing::get;
use common::Server;
use specter::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[socketio_controller]
struct Quiet;

#[handlers]
impl Quiet {
    #[on_event]
    fn nothing(&self) {}
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
    let mut part = vec![0; LARGE / 8];
    for _ in 0..8 {
        client.read_exact(&mut part).await.unwrap();
        tokio::time::sleep(Duration::from_secs(40)).await;
    }
    // The head came before it.
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    assert!(!rest.is_empty());
}
