//! [`TestClient`]: a Socket.IO client in a namespace, by which a test emits and waits for events.

use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use specter_proto::engine::Frame;
use specter_proto::socketio::encode;
use specter_proto::websocket::Opcode;

use super::ConnectError;
use super::client_connection::{ClientConnection, ClientNamespace, Phase, State};
use super::expectation::{Checked, Expectation};
use super::packets::expect_encoded;
use super::received::{AckSender, JoinedNamespace, PendingAck, ReceivedEvent, Receiver};
use crate::socket::SocketId;

/// How long [`TestClient::expect_none`] watches.
const QUIET: Duration = Duration::from_millis(50);

/// A Socket.IO client that has joined a namespace.
///
/// Its methods wait for what the test expects. If it is not received within the
/// [`timeout`](super::TestAppBuilder::timeout), the test fails at the line that awaits it, and
/// the message lists what was received instead. Pings are answered automatically. Dropping the last
/// client of a connection aborts the connection, as closing a browser tab does.
///
/// See the [module](super) for examples.
pub struct TestClient {
    pub(super) connection: Arc<ClientConnection>,
    namespace: Arc<str>,
    id: SocketId,
}

/// How the server disconnected a client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disconnection {
    /// By a DISCONNECT packet, from this namespace only, as `socket.disconnect()` does. Clients do
    /// not reconnect automatically.
    Namespace,
    /// By closing the connection, and with it every namespace on it. Clients reconnect
    /// automatically.
    Transport,
}

impl TestClient {
    /// Joins a namespace on an open connection.
    pub(super) async fn join_on(
        connection: Arc<ClientConnection>,
        namespace: &str,
        auth: Option<&str>,
    ) -> Checked<Result<Self, ConnectError>> {
        connection.with_state(|state| match state.namespaces.entry(namespace.into()) {
            Entry::Occupied(entry) if matches!(entry.get().phase, Phase::Joined(_)) => {
                Err(format!("the connection has already joined `{namespace}`"))
            }
            Entry::Occupied(mut entry) => {
                entry.insert(ClientNamespace::default());
                Ok(())
            }
            Entry::Vacant(entry) => {
                entry.insert(ClientNamespace::default());
                Ok(())
            }
        })?;
        let prefix = match namespace {
            "/" => String::new(),
            other => format!("{other},"),
        };
        let packet = format!("0{prefix}{}", auth.unwrap_or_default());
        connection.send(&Frame::text_message(&packet).into());
        let answer = connection.wait(|state| {
            let end_reason = state.end_reason(namespace);
            match &state.namespaces.get(namespace)?.phase {
                Phase::Joined(id) => Some(Ok(Ok(*id))),
                Phase::ConnectError(error) => Some(Ok(Err(error.clone()))),
                _ => {
                    let reason = end_reason?;
                    Some(Err(format!("`{namespace}` could not be joined: {reason}")))
                }
            }
        });
        let Some(joined) = answer.await else {
            return Err(format!(
                "the server did not answer CONNECT to `{namespace}` within {:?}",
                connection.timeout
            ));
        };
        Ok(joined?.map(|id| Self {
            connection,
            namespace: namespace.into(),
            id,
        }))
    }

    /// The id of the client's socket.
    pub fn id(&self) -> SocketId {
        self.id
    }

    /// The name of the client's namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Joins another namespace on the same connection.
    ///
    /// # Panics
    /// If the client is refused.
    #[track_caller]
    pub fn join(&self, namespace: &str) -> Expectation<'static, Self> {
        let (connection, namespace) = (self.connection.clone(), namespace.to_owned());
        Expectation::new(async move {
            let joined = Self::join_on(connection, &namespace, None).await?;
            joined.map_err(|error| error.to_string())
        })
    }

    /// Joins another namespace on the same connection with a CONNECT payload (`()` for none), or
    /// returns why the client was refused.
    ///
    /// # Errors
    /// The client was refused.
    ///
    /// # Panics
    /// If the connection has already joined that namespace.
    #[track_caller]
    pub fn try_join<A: Serialize>(
        &self,
        namespace: &str,
        auth: A,
    ) -> Expectation<'static, Result<Self, ConnectError>> {
        let connection = self.connection.clone();
        let (namespace, auth) = (namespace.to_owned(), auth_json(&auth));
        Expectation::new(
            async move { Self::join_on(connection, &namespace, auth.as_deref()).await },
        )
    }

    /// Emits an event: `emit("moved", (x, y))`.
    ///
    /// `data` is the arguments, as for [`Socket::emit`](crate::socket::Socket::emit): `()` for
    /// none, a tuple for several, anything else for one.
    ///
    /// # Panics
    /// If the client is no longer in the namespace, or `data` cannot be serialized.
    #[track_caller]
    pub fn emit(&self, event: &str, data: impl Serialize) {
        self.check_joined();
        let packet = encode::event(&self.namespace, None, event, &data);
        self.connection.send(&expect_encoded(packet));
    }

    /// Emits an event and requests an acknowledgement. The event is sent immediately; await the
    /// returned [`PendingAck`] for the acknowledgement.
    ///
    /// # Panics
    /// As [`emit`](Self::emit). When it is awaited: if no acknowledgement is received, or its
    /// arguments cannot be decoded as a `T`.
    #[track_caller]
    pub fn emit_with_ack<T>(&self, event: &str, data: impl Serialize) -> PendingAck<T> {
        self.check_joined();
        let id = self.connection.ack_id();
        let packet = encode::event(&self.namespace, Some(id), event, &data);
        self.connection.send(&expect_encoded(packet));
        PendingAck::new(self.joined_namespace(), event, id)
    }

    /// Waits for the next event of this name, and decodes its arguments as a `T`: `()` for none, a
    /// tuple for several, anything else for one. Events of other names are kept until they are
    /// expected.
    ///
    /// # Panics
    /// If the event is not received, or its arguments cannot be decoded as a `T`.
    #[track_caller]
    pub fn expect<'a, T: DeserializeOwned>(&'a self, event: &'a str) -> Expectation<'a, T> {
        Expectation::new(async move { self.next_of(event).await?.read() })
    }

    /// Waits for the next event of this name, which must request an acknowledgement. Returns its
    /// arguments, and the [`AckSender`] that acknowledges it.
    ///
    /// # Panics
    /// If the event is not received, requests no acknowledgement, or its arguments cannot be
    /// decoded as a `T`.
    #[track_caller]
    pub fn expect_with_ack<'a, T: DeserializeOwned>(
        &'a self,
        event: &'a str,
    ) -> Expectation<'a, (T, AckSender)> {
        Expectation::new(async move {
            let received = self.next_of(event).await?;
            let answer = received.answer().ok_or_else(|| {
                format!("`{event}` was received, but it requests no acknowledgement")
            })?;
            Ok((received.read()?, answer))
        })
    }

    /// Waits for the next event of any name.
    ///
    /// # Panics
    /// If none is received.
    #[track_caller]
    pub fn next_event(&self) -> Expectation<'_, ReceivedEvent> {
        Expectation::new(self.take(|_| true, "an event".to_owned()))
    }

    /// Waits until the application is idle, and checks that no event of this name was received.
    ///
    /// With a paused clock this takes no time and is exact. With a running clock it watches for
    /// 50 ms.
    ///
    /// # Panics
    /// If such an event was received and not taken.
    #[track_caller]
    pub fn expect_none<'a>(&'a self, event: &'a str) -> Expectation<'a, ()> {
        Expectation::new(async move {
            tokio::time::sleep(QUIET).await;
            self.check_unread(|name| name == event)
        })
    }

    /// As [`expect_none`](Self::expect_none), for events of every name.
    ///
    /// # Panics
    /// If an event was received and not taken.
    #[track_caller]
    pub fn expect_silence(&self) -> Expectation<'_, ()> {
        Expectation::new(async move {
            tokio::time::sleep(QUIET).await;
            self.check_unread(|_| true)
        })
    }

    /// Waits until the server disconnects this client, from its namespace or by closing the
    /// connection. Events that were received before can still be expected.
    ///
    /// # Panics
    /// If the server does not disconnect the client, or if the client itself has left.
    #[track_caller]
    pub fn expect_disconnect(&self) -> Expectation<'_, Disconnection> {
        Expectation::new(async move {
            let disconnected = self.connection.wait(|state| {
                let joined = state.namespaces.get(&*self.namespace)?;
                match joined.phase {
                    Phase::Disconnected => Some(Ok(Disconnection::Namespace)),
                    Phase::Left => {
                        Some(Err(format!("the client left `{}` itself", self.namespace)))
                    }
                    _ => {
                        let closed = state.closed.as_ref();
                        closed.map(|_| Ok(Disconnection::Transport))
                    }
                }
            });
            let disconnected = disconnected.await;
            disconnected.unwrap_or_else(|| Err(self.failure("to be disconnected", None)))
        })
    }

    /// Whether the client is in its namespace, as far as the client knows.
    pub fn is_connected(&self) -> bool {
        self.connection.with_state(|state| {
            state.closed.is_none()
                && state.namespaces.get(&*self.namespace).is_some_and(
                    |joined| matches!(joined.phase, Phase::Joined(id) if id == self.id),
                )
        })
    }

    /// Leaves the namespace. The connection and its other namespaces stay.
    pub fn disconnect(&self) {
        self.connection.send(&encode::disconnect(&self.namespace));
        self.connection.with_state(|state| {
            if let Some(joined) = state.namespaces.get_mut(&*self.namespace) {
                joined.phase = Phase::Left;
            }
        });
    }

    /// Closes the connection, and with it every namespace on it, by a WebSocket close frame. Waits
    /// for the server's close frame.
    ///
    /// # Panics
    /// If the server does not answer.
    #[track_caller]
    pub fn close(&self) -> Expectation<'_, ()> {
        Expectation::new(async move {
            self.connection
                .send_frame(Opcode::Close, &1000_u16.to_be_bytes());
            let closed = self.connection.wait(|state| state.closed.clone()).await;
            closed
                .map(drop)
                .ok_or_else(|| self.failure("the server to close the connection", None))
        })
    }

    /// Aborts the connection without a close frame, as the loss of a network does.
    pub fn abort_connection(&self) {
        self.connection.abort();
    }

    /// Stops answering pings, or starts again, to simulate a client that hangs. The server detects
    /// it by its `ping_timeout`.
    pub fn ignore_pings(&self, ignore: bool) {
        self.connection.ignore_pings(ignore);
    }

    /// Stops reading, or starts again, to simulate a slow client. The stream buffers 256 KiB, as a
    /// network would; after that the connection's queue fills, and the App's queue policy applies.
    pub fn stop_reading(&self, stop: bool) {
        self.connection.stop_reading(stop);
    }

    /// Sends a Socket.IO packet without checking it, for tests with packets that no client library
    /// sends. For example, [`emit`](Self::emit) sends `2["event"]` in the namespace `/`.
    pub fn send_raw(&self, packet: &str) {
        self.connection.send(&Frame::text_message(packet).into());
    }

    fn joined_namespace(&self) -> JoinedNamespace {
        (self.connection.clone(), self.namespace.clone())
    }

    #[track_caller]
    fn check_joined(&self) {
        if let Some(reason) = self
            .connection
            .with_state(|state| state.end_reason(&self.namespace))
        {
            panic!("the client is no longer in `{}`: {reason}", self.namespace);
        }
    }

    async fn next_of(&self, event: &str) -> Checked<ReceivedEvent> {
        self.take(|name| name == event, format!("`{event}`")).await
    }

    /// Waits for an event whose name is wanted, and takes the first.
    async fn take(
        &self,
        is_wanted: impl Fn(&str) -> bool,
        wanted: String,
    ) -> Checked<ReceivedEvent> {
        let taken = self.connection.wait(|state| {
            let end_reason = state.end_reason(&self.namespace);
            let events = &mut state.namespaces.get_mut(&*self.namespace)?.events;
            let at = events.iter().position(|event| is_wanted(event.name()));
            match at.and_then(|at| events.remove(at)) {
                Some(event) => Some(Ok(event)),
                None => end_reason.map(Err),
            }
        });
        match taken.await {
            Some(Ok(event)) => {
                let receiver = Receiver::Client(self.joined_namespace());
                Ok(ReceivedEvent::new(event, receiver))
            }
            Some(Err(reason)) => Err(self.failure(&wanted, Some(reason))),
            None => Err(self.failure(&wanted, None)),
        }
    }

    fn check_unread(&self, is_wrong: impl Fn(&str) -> bool) -> Checked<()> {
        let wrong = self.connection.with_state(|state| {
            let mut events = unread(state, &self.namespace);
            events.find(|(name, _)| is_wrong(name))
        });
        match wrong {
            None => Ok(()),
            Some((name, args)) => Err(format!(
                "the client in `{}` expected no `{name}`, but received one with {args}",
                self.namespace
            )),
        }
    }

    /// The message about what was expected and what was received instead.
    fn failure(&self, wanted: &str, reason: Option<String>) -> String {
        let reason = reason
            .unwrap_or_else(|| format!("it was not received within {:?}", self.connection.timeout));
        let unread = self.connection.with_state(|state| {
            let events = unread(state, &self.namespace);
            let events: Vec<_> = events
                .map(|(name, args)| format!("`{name}` {args}"))
                .collect();
            events.join(", ")
        });
        let instead = match unread.as_str() {
            "" => "no other event was received".to_owned(),
            unread => format!("other events were received: {unread}"),
        };
        format!(
            "the client in `{}` expected {wanted}, but {reason}; {instead}",
            self.namespace
        )
    }
}

impl fmt::Debug for TestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestClient")
            .field("namespace", &self.namespace)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The events that were received and not taken: their names, and their arguments as JSON.
fn unread(state: &State, namespace: &str) -> impl Iterator<Item = (String, String)> {
    let events = state.namespaces.get(namespace).map(|joined| &joined.events);
    let events = events.into_iter().flatten();
    events.map(|event| (event.name().to_owned(), event.raw_args().to_json()))
}

/// The CONNECT payload as JSON; `None` if there is none.
///
/// # Panics
/// If it cannot be serialized or is no object.
#[track_caller]
pub(super) fn auth_json(auth: &impl Serialize) -> Option<String> {
    let json = match serde_json::to_string(auth) {
        Ok(json) => json,
        Err(error) => panic!("the CONNECT payload cannot be serialized: {error}"),
    };
    assert!(
        json == "null" || json.starts_with('{'),
        "the CONNECT payload must be an object, not {json}"
    );
    (json != "null").then_some(json)
}
