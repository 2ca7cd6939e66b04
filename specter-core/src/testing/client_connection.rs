//! One client's connection. A writing task sends the client's frames. A reading task stores the
//! received packets by namespace until the test takes them.
//!
//! The reading task also answers pings, as a client library does. The connection therefore stays
//! open while the test does something else.

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

use super::packets::LIMITS;
use super::wire::{Message, Reader, frame};
use crate::socket::SocketId;
use crate::testing::ConnectError;

/// A client's connection. Dropping it aborts the connection, as closing a browser tab does.
pub(super) struct ClientConnection {
    shared: Arc<Shared>,
    outgoing: mpsc::UnboundedSender<Vec<u8>>,
    /// Whether the client has stopped reading.
    paused: watch::Sender<bool>,
    tasks: [AbortHandle; 2],
    next_ack: AtomicU64,
    /// How long [`wait`](Self::wait) waits.
    pub(super) timeout: Duration,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
    ignores_pings: AtomicBool,
}

/// What the client has received.
#[derive(Default)]
pub(super) struct State {
    /// Whether the server's OPEN packet was received.
    pub(super) open: bool,
    /// Why the connection is closed.
    pub(super) closed: Option<String>,
    pub(super) namespaces: HashMap<String, ClientNamespace>,
}

/// The client's state in one namespace, with the packets that the test has not taken.
pub(super) struct ClientNamespace {
    pub(super) phase: Phase,
    pub(super) events: VecDeque<EventPacket>,
    pub(super) acks: HashMap<u64, AckPacket>,
}

pub(super) enum Phase {
    /// The server has not answered CONNECT.
    Joining,
    Joined(SocketId),
    ConnectError(ConnectError),
    /// The client has left.
    Left,
    /// The server has disconnected the socket.
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

impl State {
    /// Why the client receives nothing more in the namespace. `None` if it still may.
    pub(super) fn end_reason(&self, namespace: &str) -> Option<String> {
        match self.namespaces.get(namespace).map(|joined| &joined.phase) {
            Some(Phase::Disconnected) => Some("the server disconnected it".into()),
            Some(Phase::Left) => Some("it left the namespace".into()),
            _ => self.closed.clone(),
        }
    }
}

impl ClientConnection {
    /// Starts the tasks of a connection, on a stream on which a WebSocket was opened.
    pub(super) fn new(stream: DuplexStream, reader: Reader, timeout: Duration) -> Arc<Self> {
        let (incoming, outgoing) = tokio::io::split(stream);
        let shared = Arc::new(Shared::default());
        let (sender, queue) = mpsc::unbounded_channel();
        let (paused, is_paused) = watch::channel(false);
        let read_task = ReadTask {
            shared: shared.clone(),
            outgoing: sender.clone(),
            decoder: Decoder::new(LIMITS),
            is_paused,
        };
        let tasks = [
            tokio::spawn(write(outgoing, queue)).abort_handle(),
            tokio::spawn(read_task.read(incoming, reader)).abort_handle(),
        ];
        Arc::new(Self {
            shared,
            outgoing: sender,
            paused,
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
        // Fails if the connection is closed. The frame is lost then, as with any client.
        let _ = self.outgoing.send(frame(opcode, payload));
    }

    /// The next acknowledgement id.
    pub(super) fn ack_id(&self) -> u64 {
        self.next_ack.fetch_add(1, Ordering::Relaxed)
    }

    /// Calls `f` with what the client has received.
    pub(super) fn with_state<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.shared.state.lock())
    }

    /// Waits until `check` returns `Some`. `None` after the timeout.
    pub(super) async fn wait<T>(
        &self,
        mut check: impl FnMut(&mut State) -> Option<T>,
    ) -> Option<T> {
        let search = async {
            loop {
                let changed = self.shared.changed.notified();
                tokio::pin!(changed);
                // Registers before the check, so that no change after it is missed.
                changed.as_mut().enable();
                if let Some(found) = check(&mut self.shared.state.lock()) {
                    return found;
                }
                changed.await;
            }
        };
        tokio::time::timeout(self.timeout, search).await.ok()
    }

    /// Stops answering pings, or starts again.
    pub(super) fn ignore_pings(&self, ignore: bool) {
        self.shared.ignores_pings.store(ignore, Ordering::Relaxed);
    }

    /// Stops reading, or starts again.
    pub(super) fn stop_reading(&self, stop: bool) {
        self.paused.send_replace(stop);
    }

    /// Aborts the connection: nothing is sent or received any more.
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
    fn close(&self, reason: &str) {
        self.state
            .lock()
            .closed
            .get_or_insert_with(|| reason.into());
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

/// The reading task.
struct ReadTask {
    shared: Arc<Shared>,
    outgoing: mpsc::UnboundedSender<Vec<u8>>,
    decoder: Decoder,
    is_paused: watch::Receiver<bool>,
}

impl ReadTask {
    async fn read(mut self, mut stream: ReadHalf<DuplexStream>, mut reader: Reader) {
        let reason = loop {
            match self.messages(&mut reader) {
                Ok(()) => {}
                Err(reason) => break reason,
            }
            let read = tokio::select! {
                biased;
                Ok(()) = self.is_paused.changed() => continue,
                read = stream.read_buf(&mut reader.buffer), if !*self.is_paused.borrow() => read,
                else => return,
            };
            match read {
                Ok(0) => break "the server closed the connection".into(),
                Ok(_) => {}
                Err(error) => break format!("the connection failed: {error}"),
            }
        };
        self.shared.close(&reason);
    }

    /// Processes all complete messages. An error is the reason for which the connection ends.
    fn messages(&mut self, reader: &mut Reader) -> Result<(), String> {
        let server_sent = |what: &str| format!("the server sent {what}");
        while let Some(message) = reader.next().map_err(server_sent)? {
            match message {
                Message::Text(text) => self.text(&text).map_err(|reason| {
                    format!(
                        "the server sent the packet {text:?}, which a client cannot read: {reason}"
                    )
                })?,
                Message::Binary(data) => {
                    let packet = self.decoder.binary(&data);
                    let packet = packet.map_err(|error| server_sent(&error.to_string()))?;
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
        // Fails if the connection is being closed: no reply is needed then.
        let _ = self.outgoing.send(frame(opcode, payload));
    }

    /// Processes an Engine.IO packet.
    fn text(&mut self, text: &str) -> Result<(), String> {
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
                    self.update(header.namespace, |joined| {
                        joined.phase = Phase::ConnectError(error);
                    });
                    return Ok(());
                }
                let packet = self.decoder.text(text);
                self.store(packet.map_err(|error| error.to_string())?);
            }
            Some(("1" | "6", _)) => {}
            _ => return Err("it is not an Engine.IO packet that servers send".into()),
        }
        Ok(())
    }

    /// Stores a Socket.IO packet, if it is complete.
    fn store(&self, packet: Option<Packet>) {
        #[derive(Deserialize)]
        struct ConnectAnswer {
            sid: SocketId,
        }
        let Some(packet) = packet else { return };
        let namespace = packet.namespace().to_owned();
        self.update(&namespace, |joined| match packet {
            Packet::Connect(packet) => {
                let answer = serde_json::from_str(packet.auth().unwrap_or_default());
                joined.phase = match answer {
                    Ok(ConnectAnswer { sid }) => Phase::Joined(sid),
                    Err(_) => {
                        Phase::ConnectError(ConnectError::from_json("an answer without `sid`"))
                    }
                };
            }
            Packet::Disconnect(_) => joined.phase = Phase::Disconnected,
            Packet::Event(packet) => joined.events.push_back(packet),
            Packet::Ack(packet) => {
                joined.acks.insert(packet.id(), packet);
            }
        });
    }

    /// Changes the state of a namespace, and wakes the tasks that wait for a change. Packets of a
    /// namespace that the client has not joined are ignored.
    fn update(&self, namespace: &str, change: impl FnOnce(&mut ClientNamespace)) {
        if let Some(joined) = self.shared.state.lock().namespaces.get_mut(namespace) {
            change(joined);
        }
        self.shared.changed.notify_waiters();
    }
}
