//! Socket.IO on one connection: a session for each namespace that the client has joined.
//!
//! This module decodes the client's packets, and passes CONNECTs and events to the services of the
//! namespaces. The connection's task polls these services. The events of one namespace are handled
//! one after another, except those with `concurrent` handlers. Namespaces do not wait for each
//! other. Acknowledgements and disconnects are read while handlers run. The number of pending
//! events is limited for the whole connection. At the limit the server stops reading from it.

mod namespace_session;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use specter_proto::socketio::{
    ConnectPacket, Decoder, DecoderLimits, EventPacket, Packet, ParseError, encode,
};
use tokio::time::{Instant, Sleep};

use self::namespace_session::NamespaceSession;
use crate::logging::{Untrusted, log_limited};
use crate::socket::service::{BoxFuture, NamespaceService};
use crate::socket::{DisconnectReason, Reject, Socket, SocketConfig};
use specter_engine::{
    Acceptor, CloseReason, Connection, Handshake, HandshakeRejection, IncomingMessage,
    MessageContext, MessageHandler,
};

/// Decides about a handshake before a session exists: the function passed to `AppBuilder::admit`.
pub(crate) type Admission =
    dyn Fn(&Handshake) -> BoxFuture<Result<(), HandshakeRejection>> + Send + Sync;

/// Accepts the sessions of one path, and serves the namespaces of that path to them.
pub(crate) struct SocketIoAcceptor {
    shared: Arc<Shared>,
    admission: Option<Arc<Admission>>,
}

struct Shared {
    namespaces: HashMap<String, Arc<dyn NamespaceService>>,
    config: SocketConfig,
    max_payload: usize,
    /// Set when the server drains: no further CONNECT is accepted and no further event starts.
    draining: Arc<AtomicBool>,
}

impl Shared {
    /// Whether the server drains.
    #[inline]
    fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

impl SocketIoAcceptor {
    pub(crate) fn new(
        namespaces: HashMap<String, Arc<dyn NamespaceService>>,
        config: SocketConfig,
        max_payload: usize,
        admission: Option<Arc<Admission>>,
    ) -> Self {
        let shared = Shared {
            namespaces,
            config,
            max_payload,
            draining: Arc::default(),
        };
        Self {
            shared: Arc::new(shared),
            admission,
        }
    }

    /// The flag that is set when the server drains.
    pub(crate) fn draining(&self) -> Arc<AtomicBool> {
        self.shared.draining.clone()
    }
}

impl Acceptor for SocketIoAcceptor {
    type Handler = ConnectionNamespaces;

    async fn admit(&self, handshake: &Handshake) -> Result<(), HandshakeRejection> {
        match &self.admission {
            Some(admission) => admission(handshake).await,
            None => Ok(()),
        }
    }

    fn open(&self, connection: &Connection) -> ConnectionNamespaces {
        ConnectionNamespaces::new(self.shared.clone(), connection.clone())
    }
}

/// The namespaces that one connection has joined.
pub(crate) struct ConnectionNamespaces {
    shared: Arc<Shared>,
    connection: Connection,
    decoder: Decoder,
    sessions: Vec<NamespaceSession>,
    /// Namespaces that the connection has left. A late packet for one of them is no violation: a
    /// client library may still acknowledge an event after the namespace was left.
    recently_left: Vec<Arc<dyn NamespaceService>>,
    waiting: PendingEvents,
    backlogged: bool,
    /// Closes a connection that joins no namespace.
    connect_timeout: ConnectTimeout,
    /// The deadline for the attachments of a packet, while some are missing.
    attachments_due: Option<Instant>,
}

/// The time limit for joining a namespace.
enum ConnectTimeout {
    Running(Pin<Box<Sleep>>),
    /// The time is over, but the server still decides about a CONNECT, which has its own timeout.
    Overdue,
    /// A namespace was joined.
    Done,
}

/// The pending events of all namespaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct PendingEvents {
    events: usize,
    bytes: usize,
}

impl PendingEvents {
    /// Counts a single event.
    fn of(event: &EventPacket) -> Self {
        Self {
            events: 1,
            bytes: event.size(),
        }
    }

    fn add(&mut self, more: Self) {
        self.events += more.events;
        self.bytes += more.bytes;
    }

    fn sub(&mut self, less: Self) {
        self.events = self.events.saturating_sub(less.events);
        self.bytes = self.bytes.saturating_sub(less.bytes);
    }

    fn is_over(self, config: &SocketConfig) -> bool {
        self.events >= config.max_pending_events || self.bytes >= config.max_pending_bytes
    }
}

impl ConnectionNamespaces {
    fn new(shared: Arc<Shared>, connection: Connection) -> Self {
        let config = &shared.config;
        let decoder = Decoder::new(DecoderLimits {
            max_attachments: config.max_attachments,
            max_bytes: shared.max_payload,
            max_namespace_len: config.max_namespace_len,
            max_event_name_len: config.max_event_name_len,
        });
        let connect_timeout = Box::pin(tokio::time::sleep(config.connect_timeout));
        Self {
            decoder,
            connection,
            sessions: Vec::new(),
            recently_left: Vec::new(),
            waiting: PendingEvents::default(),
            backlogged: false,
            connect_timeout: ConnectTimeout::Running(connect_timeout),
            attachments_due: None,
            shared,
        }
    }

    fn packet(&mut self, packet: Packet, cx: &mut Context<'_>) -> Result<(), CloseReason> {
        match packet {
            Packet::Connect(packet) => self.connect(&packet),
            Packet::Disconnect(namespace) => {
                match self.active(namespace.namespace()) {
                    Some(at) => self.sessions[at].leave(
                        DisconnectReason::ClientNamespaceDisconnect,
                        &mut self.waiting,
                    ),
                    None => self.unknown_namespace(namespace.namespace())?,
                }
                Ok(())
            }
            Packet::Event(event) => match self.open(event.namespace()) {
                Some(_) if self.shared.is_draining() => {
                    // Its handler might not complete before the connection closes.
                    event.recycle();
                    Ok(())
                }
                Some(at) => {
                    self.sessions[at].event(event, &self.shared.config, &mut self.waiting, cx);
                    Ok(())
                }
                None => self.unknown_namespace(event.namespace()),
            },
            Packet::Ack(ack) => match self.open(ack.namespace()) {
                Some(at) => {
                    self.sessions[at].socket().acks().answer(ack);
                    Ok(())
                }
                None => self.unknown_namespace(ack.namespace()),
            },
        }
    }

    /// The index of the namespace's session, if that is not ending.
    fn active(&self, namespace: &str) -> Option<usize> {
        self.sessions
            .iter()
            .position(|session| session.is_active() && session.is_of(namespace))
    }

    /// The index of the namespace's session, if its CONNECT is answered and it is not ending.
    fn open(&self, namespace: &str) -> Option<usize> {
        self.sessions
            .iter()
            .position(|session| session.is_open() && session.is_of(namespace))
    }

    /// Handles a packet for a namespace that the client has not joined. It is a violation, unless
    /// the client has left the namespace before.
    fn unknown_namespace(&self, namespace: &str) -> Result<(), CloseReason> {
        let mut ending = self.sessions.iter().filter(|session| session.was_left());
        if ending.any(|session| session.namespace() == namespace)
            || self
                .recently_left
                .iter()
                .any(|service| service.hub().name() == namespace)
        {
            return Ok(());
        }
        tracing::debug!(target: "specter::socket", "closed: a packet for a namespace that the \
            client has not joined");
        Err(CloseReason::ForcedClose)
    }

    fn connect(&mut self, packet: &ConnectPacket) -> Result<(), CloseReason> {
        if self.connection.is_over_burst() {
            // The server answers each CONNECT, and the queue never rejects these answers. A client
            // that sends CONNECTs and reads no answer would fill the memory.
            return Err(CloseReason::QueueFull);
        }
        let namespace = packet.namespace();
        if self.active(namespace).is_some() && self.open(namespace).is_none() {
            // JavaScript clients that leave before their CONNECT is answered send no DISCONNECT. If
            // they join again, this is their second CONNECT, and one answer is enough for both.
            return Ok(());
        }
        if self.active(namespace).is_some() {
            tracing::debug!(target: "specter::socket", "closed: a second CONNECT to a namespace");
            return Err(CloseReason::ForcedClose);
        }
        if self.shared.is_draining() {
            // A client that receives `CONNECT_ERROR` does not reconnect. It does after the close of
            // the connection, which follows.
            return Ok(());
        }
        let Some(service) = self.shared.namespaces.get(namespace) else {
            let mut served: Vec<_> = self.shared.namespaces.keys().map(String::as_str).collect();
            served.sort_unstable();
            log_limited!(
                WARN, target: "specter::socket", namespace = ?Untrusted(namespace),
                served = served.join(" "),
                "a client asked for a namespace that nobody serves: in the client it is the part \
                 of the URL after the host; in the server, the controller's `namespace`"
            );
            return self.send_connect_error(namespace, &Reject::new("Invalid namespace"));
        };
        if self.sessions.len() >= self.shared.config.max_namespaces {
            let limit = self.shared.config.max_namespaces;
            warn_of_limit(
                "max_namespaces",
                limit,
                "a client was not admitted to a namespace",
            );
            return self.send_connect_error(namespace, &Reject::new("Too many namespaces"));
        }
        if packet
            .auth()
            .is_some_and(|auth| auth.len() > self.shared.config.max_auth_bytes)
        {
            let limit = self.shared.config.max_auth_bytes;
            warn_of_limit(
                "max_auth_bytes",
                limit,
                "a client was rejected: its `auth` is too large",
            );
            let reject = Reject::new("invalid auth").with_code("invalid_auth");
            return self.send_connect_error(namespace, &reject);
        }
        self.recently_left
            .retain(|service| service.hub().name() != namespace);
        let socket = Socket::new(
            self.connection.clone(),
            service.hub().clone(),
            packet.auth().map(Into::into),
            self.shared.config.ack_timeout,
        );
        // Most connections join one namespace.
        self.sessions.reserve_exact(1);
        self.sessions
            .push(NamespaceSession::connect(service.clone(), socket));
        Ok(())
    }

    /// Answers a CONNECT with `CONNECT_ERROR`.
    fn send_connect_error(&self, namespace: &str, reject: &Reject) -> Result<(), CloseReason> {
        let packet = encode::connect_error(namespace, reject.message(), reject.json())
            .map_err(|_| CloseReason::ForcedClose)?;
        // Fails if the connection is closed: no answer is needed then.
        let _ = self.connection.send_required(packet);
        Ok(())
    }

    /// Polls every session once, and removes those that are complete.
    fn drive(&mut self, cx: &mut Context<'_>) {
        let mut at = 0;
        while at < self.sessions.len() {
            let session = &mut self.sessions[at];
            if self.shared.is_draining() {
                session.discard_waiting(&mut self.waiting);
            }
            let done = session
                .poll(&self.shared.config, &mut self.waiting, cx)
                .is_ready();
            if session.was_left()
                && !self
                    .recently_left
                    .iter()
                    .any(|service| service.hub().name() == session.namespace())
            {
                self.recently_left.push(session.service().clone());
            }
            if let Some(reject) = session.take_rejection() {
                let namespace = session.namespace().to_owned();
                if let Err(reason) = self.send_connect_error(&namespace, &reject) {
                    self.connection.close(reason);
                }
            }
            if done {
                self.sessions.swap_remove(at);
            } else {
                at += 1;
            }
        }
    }

    /// Whether no session and no timeout needs to be polled: a namespace was joined, all sessions
    /// are idle, and no attachments are missing.
    fn are_at_rest(&self) -> bool {
        matches!(self.connect_timeout, ConnectTimeout::Done)
            && !self.backlogged
            && self.attachments_due.is_none()
            && !self.decoder.is_pending()
            && self.sessions.iter().all(NamespaceSession::is_at_rest)
    }

    #[inline(never)]
    fn poll_all(&mut self, cx: &mut Context<'_>) {
        self.drive(cx);
        self.note_backlog();
        self.poll_connect_timeout(cx);
        self.check_attachments();
    }

    /// Closes the connection if the attachments of a packet are missing for too long.
    fn check_attachments(&mut self) {
        // No attachments can arrive while the server does not read.
        if !self.decoder.is_pending() || self.backlogged {
            self.attachments_due = None;
            return;
        }
        let timeout = self.shared.config.attachment_timeout;
        let now = Instant::now();
        let due = *self.attachments_due.get_or_insert_with(|| now + timeout);
        if due <= now {
            tracing::debug!(
                target: "specter::socket", ?timeout,
                received_bytes = self.decoder.buffered_bytes(),
                "closed: the attachments of a packet did not arrive in time"
            );
            self.attachments_due = None;
            self.connection.close(CloseReason::ParseError);
        }
    }

    /// Informs the futures that await acknowledgements when reading stops or continues.
    fn note_backlog(&mut self) {
        let over = self.waiting.is_over(&self.shared.config);
        // This is repeated while reading is stopped, because the connection may have joined another
        // namespace meanwhile.
        if over || self.backlogged {
            for session in &self.sessions {
                session.socket().acks().set_backlogged(over);
            }
            if over && !self.backlogged {
                tracing::debug!(
                    target: "specter::socket", pending = self.waiting.events,
                    "reading stops: too many events wait to be handled"
                );
            }
            self.backlogged = over;
        }
    }

    fn poll_connect_timeout(&mut self, cx: &mut Context<'_>) {
        if self.sessions.iter().any(NamespaceSession::is_open) {
            self.connect_timeout = ConnectTimeout::Done;
        }
        if let ConnectTimeout::Running(timeout) = &mut self.connect_timeout
            && timeout.as_mut().poll(cx).is_ready()
        {
            self.connect_timeout = ConnectTimeout::Overdue;
        }
        if matches!(self.connect_timeout, ConnectTimeout::Overdue) && self.sessions.is_empty() {
            self.connect_timeout = ConnectTimeout::Done;
            self.connection.close(CloseReason::ConnectTimeout);
        }
    }
}

impl MessageHandler for ConnectionNamespaces {
    fn message(
        &mut self,
        message: IncomingMessage<'_>,
        context: &MessageContext<'_>,
    ) -> Result<(), CloseReason> {
        let decoded = match message {
            IncomingMessage::Text(text) => self.decoder.text(text),
            IncomingMessage::Binary(data) => {
                let decoded = self.decoder.binary(data);
                if !self.decoder.is_pending() {
                    // If attachments are missing later, they belong to another packet.
                    self.attachments_due = None;
                }
                decoded
            }
        };
        match decoded {
            Ok(Some(packet)) => self.packet(packet, &mut Context::from_waker(context.waker())),
            Ok(None) => Ok(()),
            Err(error) => Err(parse_failure(&error)),
        }
    }

    #[inline]
    fn poll(&mut self, cx: &mut Context<'_>) {
        if !self.are_at_rest() {
            self.poll_all(cx);
        }
    }

    fn backlogged(&self) -> bool {
        self.waiting.is_over(&self.shared.config)
    }

    fn deadline(&self) -> Option<Instant> {
        self.attachments_due
    }

    #[inline]
    fn buffered_bytes(&self) -> usize {
        self.waiting.bytes + self.decoder.buffered_bytes()
    }

    fn poll_drained(&mut self, _: &mut Context<'_>) -> Poll<()> {
        if self.sessions.iter().all(NamespaceSession::is_drained) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    fn closed(&mut self, reason: CloseReason) {
        self.connect_timeout = ConnectTimeout::Done;
        self.attachments_due = None;
        self.decoder.reset();
        for session in &mut self.sessions {
            session.leave(DisconnectReason::Connection(reason), &mut self.waiting);
        }
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.drive(cx);
        if self.sessions.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

/// Logs that a client exceeded the limit of a setting.
#[cold]
fn warn_of_limit(setting: &'static str, limit: usize, consequence: &'static str) {
    log_limited!(
        WARN, key = setting, target: "specter::socket", setting, limit,
        "a client exceeded a limit: {consequence}"
    );
}

fn parse_failure(error: &ParseError) -> CloseReason {
    let exceeded = match error {
        ParseError::TooManyAttachments { max, .. } => Some(("max_attachments", *max)),
        ParseError::NamespaceLength { max, .. } => Some(("max_namespace_len", *max)),
        ParseError::EventNameLength { max, .. } => Some(("max_event_name_len", *max)),
        ParseError::Size { max, .. } => Some(("max_payload", *max)),
        _ => None,
    };
    if *error == ParseError::Depth {
        log_limited!(
            WARN, target: "specter::socket",
            "a connection was closed because its client nested a payload more deeply than 127 \
             levels, which no setting allows"
        );
    }
    if let Some((setting, limit)) = exceeded {
        warn_of_limit(setting, limit, "its connection was closed");
    }
    tracing::debug!(target: "specter::socket", code = error.code(), %error, "closed: a packet \
        that cannot be read");
    CloseReason::ParseError
}
