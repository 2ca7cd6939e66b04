//! The effects of the first and the second stop signal on a process that runs `App::serve`.
//!
//! The test is a binary of its own, because it starts itself as the server process, which stop
//! signals end.
#![cfg(unix)]

mod common;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::within;
use specter::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The environment variable that is set for the server process.
const IS_SERVER: &str = "SPECTER_TEST_IS_SERVER";

#[socketio_controller]
struct Hanging;

#[handlers]
impl Hanging {
    #[on_event]
    async fn hang(&self, socket: &Socket) {
        // The client may have disconnected already, which does not matter.
        let _ = socket.emit("hanging", ());
        std::future::pending::<()>().await;
    }
}

/// The server process. As a test it does nothing.
#[tokio::test]
async fn server() {
    if std::env::var_os(IS_SERVER).is_none() {
        return;
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("\nlistening on {}", listener.local_addr().unwrap().port());
    let app = App::of::<Hanging>().await.unwrap();
    app.serve(listener).await.unwrap();
}

/// The server process and its port.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    /// Starts the process, and waits until it listens.
    fn start() -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["server", "--exact", "--nocapture"])
            .env(IS_SERVER, "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| line.unwrap().strip_prefix("listening on ")?.parse().ok());
        // The thread reads the rest of the output, so that the server's writes never block.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            process,
            port: port.expect("the server must print its port"),
        }
    }

    /// Sends requests for `target` until a response starts with `expected`.
    async fn wait_for_response(&self, target: &str, expected: &str) {
        let request = format!("GET {target} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n");
        let polling = async {
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
        within(polling).await;
    }

    /// Sends SIGTERM.
    fn terminate(&self) {
        let pid = self.process.id().to_string();
        let status = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(status.unwrap().success());
    }

    /// Waits for the end of the process, and returns its exit code.
    async fn exit_code(&mut self) -> Option<i32> {
        let waiting = async {
            loop {
                if let Some(status) = self.process.try_wait().unwrap() {
                    return status.code();
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        within(waiting).await
    }

    /// Connects a client, and starts a handler for it that never ends.
    async fn hanging_client(&self) -> common::Client {
        let port = self.port;
        let url = format!("ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket");
        let mut client = common::Client::open(&url).await;
        client.connect("/", serde_json::Value::Null).await;
        client.send(r#"42["hang"]"#).await;
        assert_eq!(client.text().await, r#"42["hanging"]"#);
        client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process has ended already, unless a test failed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn one_signal_stops_a_server_without_running_handlers() {
    let mut server = Server::start();
    server.wait_for_response("/nothing", "HTTP/1.1 404").await;
    server.terminate();
    assert_eq!(server.exit_code().await, Some(0));
}

#[tokio::test]
async fn a_second_signal_ends_the_process_immediately() {
    let mut server = Server::start();
    let _client = server.hanging_client().await;
    server.terminate();
    // The server refuses handshakes as soon as it drains.
    server
        .wait_for_response("/socket.io/?EIO=4&transport=polling", "HTTP/1.1 503")
        .await;
    assert!(
        server.process.try_wait().unwrap().is_none(),
        "the server must still drain"
    );
    server.terminate();
    assert_eq!(server.exit_code().await, Some(143));
}
