//! The connection of a test's client: one task reads and one writes, as in a client library.
//!
//! Received packets are kept by namespace until the test takes them. Pings are answered here, so
//! that the connection stays open while the test does something else. What a test expects is in
//! `client` and `received`.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde::Deserialize;
use specter_proto::engine::{EncodedPacket, FrameKind};
use specter_proto::socketio::{AckPacket, Decoder, EventPacket, Packet, PacketKind, parse_header};
use specter_proto::websocket::Opcode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::AbortHandle;

use super::connect_error::ConnectError;
use super::packets::UNLIMITED;
use super::wire::{Message, MessageReader, encode_frame};
use crate::socket::SocketId;

/// A client's open connection. Dropping it closes the stream without a closing handshake, as when a
/// browser tab is closed.
pub(super) struct ClientConnection {
    shared: Arc<Shared>,
    outgoing: mpsc::UnboundedSender<Vec<u8>>,
    /// `true` while the read task does not read.
    reading_stopped: watch::Sender<bool>,
    tasks: [AbortHandle; 2],
    next_ack: AtomicU64,
    /// How long the test waits for anything that it expects.
    pub(super) timeout: Duration,
}

#[derive(Default)]
struct Shared {
    state: Mutex<ClientState>,
    changed: Notify,
    ignores_pings: AtomicBool,
}

/// What the connection has received.
#[derive(Default)]
pub(super) struct ClientState {
    /// Whether the server's OPEN packet was received.
    pub(super) open: bool,
    /// Why the connection is closed; `None` while it is open.
    pub(super) closed: Option<String>,
    pub(super) namespaces: HashMap<String, ClientNamespace>,
}

/// What the client knows of a namespace that it joins or has joined, and the packets that the test
/// has not taken yet.
pub(super) struct ClientNamespace {
    pub(super) phase: Phase,
    pub(super) events: VecDeque<EventPacket>,
    pub(super) acks: HashMap<u64, AckPacket>,
}

pub(super) enum Phase {
    /// CONNECT was sent and is not answered yet.
    Joining,
    Joined(SocketId),
    ConnectError(ConnectError),
    /// The client left the namespace.
    Left,
    /// The server disconnected the socket.
    Disconnected,
}

impl Default for ClientNamespace {
    fn default() -> Self {
        Self {
            phase: Phase::Joining,
            events: VecDeque::new(),
            acks: HashMap::new(),
        }
    }
}

impl ClientState {
    /// Why the client receives nothing more in a namespace; `None` while it still may.
    pub(super) fn end_reason(&self, namespace: &str) -> Option<String> {
        match self
            .namespaces
            .get(namespace)
            .map(|namespace| &namespace.phase)
        {
            Some(Phase::Disconnected) => Some("the server disconnected the client".into()),
            Some(Phase::Left) => Some("the client left the namespace".into()),
            _ => self.closed.clone(),
        }
    }
}

impl ClientConnection {
    /// Starts the two tasks on a stream whose WebSocket handshake is done.
    pub(super) fn new(stream: DuplexStream, reader: MessageReader, timeout: Duration) -> Arc<Self> {
        let (incoming, outgoing) = tokio::io::split(stream);
        let shared = Arc::new(Shared::default());
        let (sender, queue) = mpsc::unbounded_channel();
        let (reading_stopped, is_stopped) = watch::channel(false);
        let read_task = ReadTask {
            shared: shared.clone(),
            outgoing: sender.clone(),
            decoder: Decoder::new(UNLIMITED),
            reading_stopped: is_stopped,
        };
        let tasks = [
            tokio::spawn(write(outgoing, queue)).abort_handle(),
            tokio::spawn(read_task.run(incoming, reader)).abort_handle(),
        ];
        Arc::new(Self {
            shared,
            outgoing: sender,
            reading_stopped,
            tasks,
            next_ack: AtomicU64::new(0),
            timeout,
        })
    }

    /// Sends a packet.
    pub(super) fn send(&self, packet: &EncodedPacket) {
        for part in packet.frames() {
            let opcode = match part.kind() {
                FrameKind::Text => Opcode::Text,
                FrameKind::Binary => Opcode::Binary,
            };
            self.send_frame(opcode, part.payload());
        }
    }

    pub(super) fn send_frame(&self, opcode: Opcode, payload: &[u8]) {
        // A closed connection discards frames, as a lost network does.
        let _ = self.outgoing.send(encode_frame(opcode, payload));
    }

    /// An unused id for an acknowledgement.
    pub(super) fn ack_id(&self) -> u64 {
        self.next_ack.fetch_add(1, Ordering::Relaxed)
    }

    /// Reads or changes the state.
    pub(super) fn with_state<T>(&self, read: impl FnOnce(&mut ClientState) -> T) -> T {
        read(&mut self.shared.state.lock())
    }

    /// Waits until `check` returns a value. `None` if that takes longer than the timeout.
    pub(super) async fn wait<T>(
        &self,
        mut check: impl FnMut(&mut ClientState) -> Option<T>,
    ) -> Option<T> {
        let search = async {
            loop {
                let changed = self.shared.changed.notified();
                tokio::pin!(changed);
                // Registers before the check, so that a change after the check wakes this task.
                changed.as_mut().enable();
                if let Some(found) = check(&mut self.shared.state.lock()) {
                    return found;
                }
                changed.await;
            }
        };
        tokio::time::timeout(self.timeout, search).await.ok()
    }

    /// Stops answering pings, or resumes.
    pub(super) fn ignore_pings(&self, ignore: bool) {
        self.shared.ignores_pings.store(ignore, Ordering::Relaxed);
    }

    /// Stops reading, or resumes.
    pub(super) fn stop_reading(&self, stop: bool) {
        self.reading_stopped.send_replace(stop);
    }

    /// Ends both tasks without a closing handshake, as a lost network does.
    pub(super) fn abort(&self) {
        self.tasks.iter().for_each(AbortHandle::abort);
        self.shared.close("the test aborted the connection");
    }
}

impl Drop for ClientConnection {
    fn drop(&mut self) {
        self.abort();
    }
}

impl Shared {
    fn close(&self, why: &str) {
        self.state.lock().closed.get_or_insert_with(|| why.into());
        self.changed.notify_waiters();
    }
}

async fn write(mut stream: WriteHalf<DuplexStream>, mut queue: mpsc::UnboundedReceiver<Vec<u8>>) {
    while let Some(bytes) = queue.recv().await {
        if stream.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

/// The task that reads the connection.
struct ReadTask {
    shared: Arc<Shared>,
    outgoing: mpsc::UnboundedSender<Vec<u8>>,
    decoder: Decoder,
    reading_stopped: watch::Receiver<bool>,
}

impl ReadTask {
    async fn run(mut self, mut stream: ReadHalf<DuplexStream>, mut reader: MessageReader) {
        let why = loop {
            if let Err(why) = self.process_messages(&mut reader) {
                break why;
            }
            let read = tokio::select! {
                biased;
                Ok(()) = self.reading_stopped.changed() => continue,
                read = stream.read_buf(&mut reader.buffer), if !*self.reading_stopped.borrow() => read,
                else => return,
            };
            match read {
                Ok(0) => break "the server closed the connection".into(),
                Ok(_) => {}
                Err(error) => break format!("the connection failed: {error}"),
            }
        };
        self.shared.close(&why);
    }

    /// Processes all complete messages. An error says why the connection ends.
    fn process_messages(&mut self, reader: &mut MessageReader) -> Result<(), String> {
        let broken = |rule: &str| format!("the server sent {rule}");
        while let Some(message) = reader.next().map_err(broken)? {
            match message {
                Message::Text(text) => self.process_text(&text).map_err(|why| {
                    format!(
                        "the server sent the packet {text:?}, which a client cannot read: {why}"
                    )
                })?,
                Message::Binary(data) => {
                    let packet = self.decoder.binary(&data);
                    let packet = packet.map_err(|error| broken(&error.to_string()))?;
                    self.store(packet);
                }
                Message::Ping(data) => self.reply(Opcode::Pong, &data),
                Message::Pong => {}
                Message::Close(code) => {
                    self.reply(Opcode::Close, &[]);
                    let code = code.map(|code| format!(" with code {code}"));
                    return Err(format!(
                        "the server closed the connection{}",
                        code.unwrap_or_default()
                    ));
                }
            }
        }
        Ok(())
    }

    fn reply(&self, opcode: Opcode, payload: &[u8]) {
        // The send fails if the connection closes at the same moment; then no reply is needed.
        let _ = self.outgoing.send(encode_frame(opcode, payload));
    }

    /// Processes an Engine.IO packet in a text message.
    fn process_text(&mut self, text: &str) -> Result<(), String> {
        match text.split_at_checked(1) {
            Some(("0", _)) => {
                self.shared.state.lock().open = true;
                self.shared.changed.notify_waiters();
            }
            Some(("2", data)) => {
                if !self.shared.ignores_pings.load(Ordering::Relaxed) {
                    self.reply(Opcode::Text, format!("3{data}").as_bytes());
                }
            }
            Some(("4", text)) => {
                let header = parse_header(text).map_err(|error| error.to_string())?;
                if header.kind == PacketKind::ConnectError {
                    let error = ConnectError::from_json(header.data);
                    self.update(header.namespace, |namespace| {
                        namespace.phase = Phase::ConnectError(error);
                    });
                    return Ok(());
                }
                let packet = self.decoder.text(text);
                self.store(packet.map_err(|error| error.to_string())?);
            }
            Some(("1" | "6", _)) => {}
            _ => return Err("it is no Engine.IO packet that a server sends".into()),
        }
        Ok(())
    }

    /// Stores a Socket.IO packet. `None` is an incomplete packet, whose attachments follow.
    fn store(&self, packet: Option<Packet>) {
        #[derive(Deserialize)]
        struct ConnectReply {
            sid: SocketId,
        }
        let Some(packet) = packet else { return };
        let name = packet.namespace().to_owned();
        self.update(&name, |namespace| match packet {
            Packet::Connect(packet) => {
                let reply = serde_json::from_str(packet.auth().unwrap_or_default());
                namespace.phase = match reply {
                    Ok(ConnectReply { sid }) => Phase::Joined(sid),
                    Err(_) => Phase::ConnectError(ConnectError::from_json(
                        "the server's reply to CONNECT has no `sid`",
                    )),
                };
            }
            Packet::Disconnect(_) => namespace.phase = Phase::Disconnected,
            Packet::Event(packet) => namespace.events.push_back(packet),
            Packet::Ack(packet) => {
                namespace.acks.insert(packet.id(), packet);
            }
        });
    }

    /// Changes the state of a namespace and wakes the waiting test. Packets for a namespace that the
    /// client never asked to join are discarded.
    fn update(&self, name: &str, change: impl FnOnce(&mut ClientNamespace)) {
        if let Some(namespace) = self.shared.state.lock().namespaces.get_mut(name) {
            change(namespace);
        }
        self.shared.changed.notify_waiters();
    }
}
