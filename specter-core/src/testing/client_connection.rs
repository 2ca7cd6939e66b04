//! One client's connection: two tasks that keep it alive as a client does, and what came, by
//! namespace, until a test looks.
//!
//! Pings are answered here, so that a connection lives however long a test looks elsewhere. What is
//! expected of it is the client's business.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde::Deserialize;
use specter_proto::engine::{EncodedPacket, FrameKind};
use specter_proto::socketio::{
    AckPacket, Decoder, DecoderLimits, EventPacket, Packet, PacketKind, parse_header,
};
use specter_proto::websocket::Opcode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::AbortHandle;

use super::wire::{Message, Reader, frame};
use crate::socket::SocketId;
use crate::testing::ConnectError;

/// What a client may be sent: the server's limits hold for the server.
pub(super) const LIMITS: DecoderLimits = DecoderLimits {
    max_attachments: usize::MAX,
    max_bytes: usize::MAX,
    max_namespace: usize::MAX,
    max_event_name_len: usize::MAX,
};

/// A connection. Dropped, it is lost, as when a tab is closed.
pub(super) struct Line {
    shared: Arc<Shared>,
    outgoing: mpsc::UnboundedSender<Vec<u8>>,
    /// Whether nothing is read.
    deaf: watch::Sender<bool>,
    tasks: [AbortHandle; 2],
    next_ack: AtomicU64,
    /// How long what is expected may take.
    pub(super) timeout: Duration,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
    ignores_pings: AtomicBool,
}

/// What came.
#[derive(Default)]
pub(super) struct State {
    /// The server's first packet came.
    pub(super) open: bool,
    /// Why nothing comes any more.
    pub(super) closed: Option<String>,
    pub(super) namespaces: HashMap<String, ClientNamespace>,
}

/// The client's side of a namespace.
pub(super) struct ClientNamespace {
    pub(super) phase: Phase,
    pub(super) events: VecDeque<EventPacket>,
    pub(super) acks: HashMap<u64, AckPacket>,
}

pub(super) enum Phase {
    /// CONNECT is not answered.
    Joining,
    Joined(SocketId),
    ConnectError(ConnectError),
    /// The client left.
    Left,
    /// The server disconnected the socket.
    Dismissed,
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
    /// Why nothing more comes in a namespace, if that is so.
    pub(super) fn over(&self, namespace: &str) -> Option<String> {
        match self.namespaces.get(namespace).map(|seat| &seat.phase) {
            Some(Phase::Dismissed) => Some("the server disconnected it".into()),
            Some(Phase::Left) => Some("it left the namespace".into()),
            _ => self.closed.clone(),
        }
    }
}

impl Line {
    /// Takes over a stream on which a WebSocket was opened.
    pub(super) fn new(stream: DuplexStream, reader: Reader, timeout: Duration) -> Arc<Self> {
        let (incoming, outgoing) = tokio::io::split(stream);
        let shared = Arc::new(Shared::default());
        let (sender, queue) = mpsc::unbounded_channel();
        let (deaf, hears) = watch::channel(false);
        let inbound = Inbound {
            shared: shared.clone(),
            outgoing: sender.clone(),
            decoder: Decoder::new(LIMITS),
            deaf: hears,
        };
        let tasks = [
            tokio::spawn(write(outgoing, queue)).abort_handle(),
            tokio::spawn(inbound.read(incoming, reader)).abort_handle(),
        ];
        Arc::new(Self {
            shared,
            outgoing: sender,
            deaf,
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
        // A closed connection takes nothing, as a network that is gone.
        let _ = self.outgoing.send(frame(opcode, payload));
    }

    /// An id for an acknowledgement, used once.
    pub(super) fn ack_id(&self) -> u64 {
        self.next_ack.fetch_add(1, Ordering::Relaxed)
    }

    /// Looks at what came.
    pub(super) fn look<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.shared.state.lock())
    }

    /// Waits until `check` finds what it looks for; `None` when that took too long.
    pub(super) async fn wait<T>(
        &self,
        mut check: impl FnMut(&mut State) -> Option<T>,
    ) -> Option<T> {
        let search = async {
            loop {
                let changed = self.shared.changed.notified();
                tokio::pin!(changed);
                // From here on no change is missed.
                changed.as_mut().enable();
                if let Some(found) = check(&mut self.shared.state.lock()) {
                    return found;
                }
                changed.await;
            }
        };
        tokio::time::timeout(self.timeout, search).await.ok()
    }

    /// Leaves pings unanswered from now on, or answers them again.
    pub(super) fn ignore_pings(&self, ignore: bool) {
        self.shared.ignores_pings.store(ignore, Ordering::Relaxed);
    }

    /// Reads nothing from now on, or reads again.
    pub(super) fn stop_reading(&self, stop: bool) {
        self.deaf.send_replace(stop);
    }

    /// The network is gone: nothing is sent and nothing comes.
    pub(super) fn cut(&self) {
        self.tasks.iter().for_each(AbortHandle::abort);
        self.shared.close("the test cut the connection");
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.cut();
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

/// What reads a connection.
struct Inbound {
    shared: Arc<Shared>,
    outgoing: mpsc::UnboundedSender<Vec<u8>>,
    decoder: Decoder,
    deaf: watch::Receiver<bool>,
}

impl Inbound {
    async fn read(mut self, mut stream: ReadHalf<DuplexStream>, mut reader: Reader) {
        let why = loop {
            match self.messages(&mut reader) {
                Ok(()) => {}
                Err(why) => break why,
            }
            let read = tokio::select! {
                biased;
                Ok(()) = self.deaf.changed() => continue,
                read = stream.read_buf(&mut reader.buffer), if !*self.deaf.borrow() => read,
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

    /// Takes all messages that are whole. An error is why there will be no more.
    fn messages(&mut self, reader: &mut Reader) -> Result<(), String> {
        let broken = |rule: &str| format!("the server sent {rule}");
        while let Some(message) = reader.next().map_err(broken)? {
            match message {
                Message::Text(text) => self.text(&text).map_err(|why| {
                    format!(
                        "the server sent the packet {text:?}, which a client cannot read: {why}"
                    )
                })?,
                Message::Binary(data) => {
                    let packet = self.decoder.binary(&data);
                    let packet = packet.map_err(|error| broken(&error.to_string()))?;
                    self.take(packet);
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
        // Whoever closes at the same moment needs no answer.
        let _ = self.outgoing.send(frame(opcode, payload));
    }

    /// Takes an Engine.IO packet.
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
                    let refused = ConnectError::from_json(header.data);
                    self.enter(header.namespace, |seat| {
                        seat.phase = Phase::ConnectError(refused);
                    });
                    return Ok(());
                }
                let packet = self.decoder.text(text);
                self.take(packet.map_err(|error| error.to_string())?);
            }
            Some(("1" | "6", _)) => {}
            _ => return Err("no Engine.IO packet of a server".into()),
        }
        Ok(())
    }

    /// Takes a Socket.IO packet, if one is whole.
    fn take(&self, packet: Option<Packet>) {
        #[derive(Deserialize)]
        struct AckSender {
            sid: SocketId,
        }
        let Some(packet) = packet else { return };
        let namespace = packet.namespace().to_owned();
        self.enter(&namespace, |seat| match packet {
            Packet::Connect(packet) => {
                let answer = serde_json::from_str(packet.auth().unwrap_or_default());
                seat.phase = match answer {
                    Ok(AckSender { sid }) => Phase::Joined(sid),
                    Err(_) => {
                        Phase::ConnectError(ConnectError::from_json("an answer without `sid`"))
                    }
                };
            }
            Packet::Disconnect(_) => seat.phase = Phase::Dismissed,
            Packet::Event(packet) => seat.events.push_back(packet),
            Packet::Ack(packet) => {
                seat.acks.insert(packet.id(), packet);
            }
        });
    }

    /// Changes a namespace's seat, and tells who waits. What comes for a namespace that was not
    /// asked for comes for nobody.
    fn enter(&self, namespace: &str, change: impl FnOnce(&mut ClientNamespace)) {
        if let Some(seat) = self.shared.state.lock().namespaces.get_mut(namespace) {
            change(seat);
        }
        self.shared.changed.notify_waiters();
    }
}
