//! A running App on a free port, and a client that speaks raw packets, so that tests see the wire.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

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

/// Nothing in a test takes this long: waiting longer is a failure.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// An App that serves until it is dropped.
pub struct Server {
    pub address: SocketAddr,
    pub handle: AppHandle,
    pub io: Io,
    task: tokio::task::JoinHandle<specter::Result<()>>,
}

impl Server {
    pub async fn of(builder: AppBuilder) -> Self {
        Self::serve(builder.create().await.expect("the app starts")).await
    }

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

    /// A client whose connection is open, and that has joined nothing.
    pub async fn open(&self) -> Client {
        self.open_at("/socket.io/?EIO=4&transport=websocket").await
    }

    pub async fn open_at(&self, target: &str) -> Client {
        Client::open(&format!("ws://{}{target}", self.address)).await
    }

    /// A client that has joined a namespace.
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

pub async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("took too long")
}

pub struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    /// A client whose connection is open, and that has joined nothing.
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

    /// The next message that is not a ping of either layer; `None` when the connection closed.
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

    pub async fn binary(&mut self) -> Vec<u8> {
        match self.next().await {
            Some(Message::Binary(data)) => data.to_vec(),
            other => panic!("expected bytes, got {other:?}"),
        }
    }

    /// Joins a namespace and returns the socket's id. `Null` auth is none.
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

    /// Emits on `/` with an acknowledgement and waits for it, as the next thing that comes.
    pub async fn call(&mut self, event: &str, args: Value) -> Value {
        self.call_in("/", event, args).await
    }

    pub async fn call_in(&mut self, namespace: &str, event: &str, args: Value) -> Value {
        let mut list = vec![Value::from(event)];
        list.extend(args.as_array().cloned().expect("a list of arguments"));
        self.send(format!("42{}7{}", prefix(namespace), Value::from(list)))
            .await;
        let answer = self.text().await;
        let json = answer
            .strip_prefix(&format!("43{}7", prefix(namespace)))
            .unwrap_or_else(|| panic!("{answer}"));
        serde_json::from_str(json).unwrap()
    }

    /// The next packet as an event of `/`: its name and arguments in one list.
    pub async fn event(&mut self) -> Value {
        let packet = self.text().await;
        serde_json::from_str(
            packet
                .strip_prefix("42")
                .unwrap_or_else(|| panic!("{packet}")),
        )
        .unwrap()
    }

    pub async fn close(&mut self) {
        within(self.socket.close(None)).await.unwrap();
    }

    /// Waits until the server closed the connection, whatever it still sends.
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

/// What handlers did, told to the test.
#[derive(Clone)]
pub struct Log(tokio::sync::mpsc::UnboundedSender<String>);

impl Log {
    pub fn new() -> (Self, LogReader) {
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        (Self(sender), LogReader(receiver))
    }

    pub fn say(&self, line: impl Into<String>) {
        // The test may be over.
        let _ = self.0.send(line.into());
    }
}

pub struct LogReader(tokio::sync::mpsc::UnboundedReceiver<String>);

impl LogReader {
    pub async fn line(&mut self) -> String {
        within(self.0.recv()).await.expect("somebody still logs")
    }

    /// What was said and not read.
    pub fn unread(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
}
