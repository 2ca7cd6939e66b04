//! A running App on a free port, and a client that sends and receives raw packets, so that tests
//! check the wire format.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses only some of it"
)]

pub mod lines;

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use specter::app::{AppBuilder, AppHandle};
use specter::prelude::*;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// The longest time that a test waits for anything. A test that waits longer fails.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// An App that serves until it is dropped.
pub struct Server {
    pub address: SocketAddr,
    pub handle: AppHandle,
    pub io: Io,
    task: tokio::task::JoinHandle<specter::Result<()>>,
}

impl Server {
    /// Creates and serves the App of this builder.
    pub async fn of(builder: AppBuilder) -> Self {
        Self::serve(builder.create().await.expect("the App must start")).await
    }

    /// Serves an App on a free port.
    pub async fn serve(app: App) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (handle, io) = (app.handle(), app.io());
        Self {
            address,
            handle,
            io,
            task: tokio::spawn(app.serve(listener)),
        }
    }

    /// Opens a connection of a client that has joined no namespace yet.
    pub async fn open(&self) -> Client {
        self.open_at("/socket.io/?EIO=4&transport=websocket").await
    }

    /// Does the same as [`open`](Self::open) with this path and query.
    pub async fn open_at(&self, target: &str) -> Client {
        Client::open(&format!("ws://{}{target}", self.address)).await
    }

    /// Opens a connection of a client, and joins a namespace.
    pub async fn join(&self, namespace: &str) -> Client {
        let mut client = self.open().await;
        client.connect(namespace, Value::Null).await;
        client
    }

    /// Waits for the end of the server's task.
    pub async fn stopped(mut self) -> specter::Result<()> {
        within(&mut self.task).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Waits for the future, for at most [`TIMEOUT`].
pub async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(TIMEOUT, future)
        .await
        .expect("the test waited for longer than its timeout")
}

/// A WebSocket client that sends and receives raw packets.
pub struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    /// Opens a connection of a client that has joined no namespace yet.
    pub async fn open(url: &str) -> Self {
        let (socket, _) = within(tokio_tungstenite::connect_async(url)).await.unwrap();
        let mut client = Self { socket };
        let open = client.text().await;
        assert!(open.starts_with('0'), "{open}");
        client
    }

    /// Sends one text message, an Engine.IO packet.
    pub async fn send(&mut self, packet: impl Into<String>) {
        within(self.socket.send(Message::text(packet.into())))
            .await
            .unwrap();
    }

    /// Sends one binary message.
    pub async fn send_binary(&mut self, data: &[u8]) {
        within(self.socket.send(Message::binary(data.to_vec())))
            .await
            .unwrap();
    }

    /// Sends many packets at once.
    pub async fn send_all(&mut self, packets: impl IntoIterator<Item = String>) {
        for packet in packets {
            within(self.socket.feed(Message::text(packet)))
                .await
                .unwrap();
        }
        within(self.socket.flush()).await.unwrap();
    }

    /// The next message that is no ping, neither of Engine.IO nor of WebSocket. `None` when the
    /// connection is closed. Answers Engine.IO's pings.
    pub async fn next(&mut self) -> Option<Message> {
        loop {
            match within(self.socket.next()).await {
                Some(Ok(Message::Text(text))) if text.as_str() == "2" => self.send("3").await,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(message)) => return Some(message),
            }
        }
    }

    /// The next text message.
    pub async fn text(&mut self) -> String {
        match self.next().await {
            Some(Message::Text(text)) => text.as_str().to_owned(),
            other => panic!("expected text, got {other:?}"),
        }
    }

    /// The next binary message.
    pub async fn binary(&mut self) -> Vec<u8> {
        match self.next().await {
            Some(Message::Binary(data)) => data.to_vec(),
            other => panic!("expected bytes, got {other:?}"),
        }
    }

    /// Joins a namespace, and returns the socket's id. If `auth` is `Null`, CONNECT has no payload.
    pub async fn connect(&mut self, namespace: &str, auth: Value) -> String {
        let auth = if auth.is_null() {
            String::new()
        } else {
            auth.to_string()
        };
        self.send(format!("40{}{auth}", prefix(namespace))).await;
        let reply = self.text().await;
        let json = reply
            .strip_prefix(&format!("40{}", prefix(namespace)))
            .unwrap_or_else(|| panic!("{reply}"));
        let reply: Value = serde_json::from_str(json).unwrap();
        reply["sid"].as_str().unwrap().to_owned()
    }

    /// Emits an event on `/` and requests an acknowledgement, which must be the next packet.
    pub async fn call(&mut self, event: &str, args: Value) -> Value {
        self.call_in("/", event, args).await
    }

    /// Emits an event on a namespace and requests an acknowledgement, which must be the next
    /// packet.
    pub async fn call_in(&mut self, namespace: &str, event: &str, args: Value) -> Value {
        let mut list = vec![Value::from(event)];
        list.extend(
            args.as_array()
                .cloned()
                .expect("`args` must be a JSON array"),
        );
        self.send(format!("42{}7{}", prefix(namespace), Value::from(list)))
            .await;
        let answer = self.text().await;
        let json = answer
            .strip_prefix(&format!("43{}7", prefix(namespace)))
            .unwrap_or_else(|| panic!("{answer}"));
        serde_json::from_str(json).unwrap()
    }

    /// The next packet, which must be an event of `/`: its name and arguments in one array.
    pub async fn event(&mut self) -> Value {
        let packet = self.text().await;
        serde_json::from_str(
            packet
                .strip_prefix("42")
                .unwrap_or_else(|| panic!("{packet}")),
        )
        .unwrap()
    }

    /// Starts the WebSocket closing handshake.
    pub async fn close(&mut self) {
        within(self.socket.close(None)).await.unwrap();
    }

    /// Waits until the server has closed the connection, and discards what it sends until then.
    pub async fn closed(&mut self) {
        while self.next().await.is_some() {}
    }
}

fn prefix(namespace: &str) -> String {
    if namespace == "/" {
        String::new()
    } else {
        format!("{namespace},")
    }
}

/// Sends lines from handlers to the test, which reads them with a [`LogReader`].
#[derive(Clone)]
pub struct Log(tokio::sync::mpsc::UnboundedSender<String>);

impl Log {
    /// Creates a log and its reader.
    pub fn new() -> (Self, LogReader) {
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        (Self(sender), LogReader(receiver))
    }

    /// Writes a line.
    pub fn say(&self, line: impl Into<String>) {
        // Sending fails when the test has dropped the reader.
        let _ = self.0.send(line.into());
    }
}

/// Reads the lines of a [`Log`].
pub struct LogReader(tokio::sync::mpsc::UnboundedReceiver<String>);

impl LogReader {
    /// Waits for the next line.
    pub async fn line(&mut self) -> String {
        within(self.0.recv())
            .await
            .expect("the log must not be dropped before its next line")
    }

    /// Returns the lines that were written but not read yet.
    pub fn unread(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
}
