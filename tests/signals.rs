//! What a process under `App::serve` does at the first stop signal, and at the second.
//!
//! A binary of its own: it starts itself as the server, which stop signals end.
#![cfg(unix)]

mod common;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::within;
use specter::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Set for the process that is the server.
const IS_SERVER: &str = "SPECTER_TEST_IS_SERVER";

#[socketio_controller]
struct Patient;

#[handlers]
impl Patient {
    #[on_event]
    async fn hang(&self, socket: &Socket) {
        // Nobody minds if the client has gone.
        let _ = socket.emit("hangs", ());
        std::future::pending::<()>().await;
    }
}

/// Not a test by itself: the server process.
#[tokio::test]
async fn server() {
    if std::env::var_os(IS_SERVER).is_none() {
        return;
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("\nlistening on {}", listener.local_addr().unwrap().port());
    let app = App::of::<Patient>().await.unwrap();
    app.serve(listener).await.unwrap();
}

struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start() -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["server", "--exact", "--nocapture"])
            .env(IS_SERVER, "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| line.unwrap().strip_prefix("listening on ")?.parse().ok());
        // Read on, so that the server never waits for its reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            process,
            port: port.expect("the server listens"),
        }
    }

    /// Waits until a request for `target` is answered in this way.
    async fn answers(&self, target: &str, expected: &str) {
        let request = format!("GET {target} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n");
        let answered = async {
            loop {
                let address = ("127.0.0.1", self.port);
                let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
                stream.write_all(request.as_bytes()).await.unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await.unwrap();
                if answer.starts_with(expected) {
                    return;
                }
            }
        };
        within(answered).await;
    }

    fn terminate(&self) {
        let pid = self.process.id().to_string();
        let status = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(status.unwrap().success());
    }

    /// The status with which the process ends.
    async fn status(&mut self) -> Option<i32> {
        let ended = async {
            loop {
                if let Some(status) = self.process.try_wait().unwrap() {
                    return status.code();
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        within(ended).await
    }

    /// A client whose handler never returns.
    async fn hanging_client(&self) -> common::Client {
        let port = self.port;
        let url = format!("ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket");
        let mut client = common::Client::open(&url).await;
        client.connect("/", serde_json::Value::Null).await;
        client.send(r#"42["hang"]"#).await;
        assert_eq!(client.text().await, r#"42["hangs"]"#);
        client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already, unless a test failed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn one_signal_ends_a_server_that_has_nothing_to_finish() {
    let mut server = Server::start();
    server.answers("/nothing", "HTTP/1.1 404").await;
    server.terminate();
    assert_eq!(server.status().await, Some(0));
}

#[tokio::test]
async fn a_second_signal_ends_the_process_at_once() {
    let mut server = Server::start();
    let _client = server.hanging_client().await;
    server.terminate();
    // The drain has begun when handshakes are refused.
    server
        .answers("/socket.io/?EIO=4&transport=polling", "HTTP/1.1 503")
        .await;
    assert!(server.process.try_wait().unwrap().is_none(), "it drains");
    server.terminate();
    assert_eq!(server.status().await, Some(143));
}
