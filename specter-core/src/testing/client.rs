//! `TestClient`: a client in a namespace, with which a test emits events and expects the server's.

use std::collections::hash_map::Entry;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use specter_proto::engine::Frame;
use specter_proto::socketio::encode;
use specter_proto::websocket::Opcode;

use super::client_connection::{ClientConnection, ClientNamespace, ClientState, Phase};
use super::connect_error::ConnectError;
use super::packets::expect_encoded;
use super::received::{AckSender, EventSource, PendingAck, ReceivedEvent};
use crate::socket::SocketId;

/// How long `expect_none` and `expect_silence` wait for an unexpected event.
const SILENCE: Duration = Duration::from_millis(50);

/// A Socket.IO client that has joined a namespace.
///
/// The methods that expect something wait for it. If it does not arrive within the App's
/// [`timeout`](super::TestAppBuilder::timeout), the test fails at the line that expected it, and the
/// message lists what arrived instead. The client answers pings by itself. Dropping the last client
/// of a connection closes the connection as closing a browser tab does.
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
    /// With a DISCONNECT packet, from this namespace only, as `socket.disconnect()` does. Clients do
    /// not reconnect by themselves after it.
    Namespace,
    /// The connection was closed, with all its namespaces. Clients reconnect by themselves.
    Transport,
}

impl TestClient {
    /// Joins a namespace on an open connection.
    pub(super) async fn join_on(
        connection: Arc<ClientConnection>,
        namespace: &str,
        auth: Option<&str>,
        caller: &'static Location<'static>,
    ) -> Result<Self, ConnectError> {
        connection.with_state(|state| match state.namespaces.entry(namespace.into()) {
            Entry::Occupied(entry) if matches!(entry.get().phase, Phase::Joined(_)) => {
                panic!("{caller}: the connection has joined `{namespace}` already")
            }
            Entry::Occupied(mut entry) => drop(entry.insert(ClientNamespace::default())),
            Entry::Vacant(entry) => drop(entry.insert(ClientNamespace::default())),
        });
        let prefix = match namespace {
            "/" => String::new(),
            other => format!("{other},"),
        };
        let packet = format!("0{prefix}{}", auth.unwrap_or_default());
        connection.send(&Frame::text_message(&packet).into());
        let reply = connection.wait(|state| {
            let end_reason = state.end_reason(namespace);
            match &state.namespaces.get(namespace)?.phase {
                Phase::Joined(id) => Some(Ok(*id)),
                Phase::ConnectError(error) => Some(Err(error.clone())),
                _ => end_reason.map(|reason| {
                    panic!("{caller}: `{namespace}` could not be joined: {reason}");
                }),
            }
        });
        match reply.await {
            Some(Ok(id)) => Ok(Self {
                connection,
                namespace: namespace.into(),
                id,
            }),
            Some(Err(error)) => Err(error),
            None => panic!(
                "{caller}: the server did not answer CONNECT to `{namespace}` within {:?}",
                connection.timeout
            ),
        }
    }

    /// The socket's id, the same as [`Socket::id`](crate::socket::Socket::id) on the server.
    pub fn id(&self) -> SocketId {
        self.id
    }

    /// The name of the client's namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Joins another namespace on the same connection, without `auth`.
    ///
    /// # Panics
    /// If the server rejects the client, or the connection has joined that namespace already.
    #[track_caller]
    pub fn join(&self, namespace: &str) -> impl Future<Output = Self> + use<> {
        let (caller, joining) = (Location::caller(), self.try_join(namespace, ()));
        async move {
            let client = joining.await;
            client.unwrap_or_else(|error| panic!("{caller}: {error}"))
        }
    }

    /// Joins another namespace on the same connection, and returns the server's rejection as an
    /// error. `auth` is the payload of CONNECT, an object; `()` sends none.
    ///
    /// # Panics
    /// If the connection has joined that namespace already, or `auth` is no object.
    #[track_caller]
    pub fn try_join<A: Serialize>(
        &self,
        namespace: &str,
        auth: A,
    ) -> impl Future<Output = Result<Self, ConnectError>> + use<A> {
        let (caller, connection) = (Location::caller(), self.connection.clone());
        let (namespace, auth) = (namespace.to_owned(), auth_json(&auth, caller));
        async move { Self::join_on(connection, &namespace, auth.as_deref(), caller).await }
    }

    /// Emits an event. `data` becomes the arguments, as for
    /// [`Socket::emit`](crate::socket::Socket::emit): `()` none, a tuple several, any other value
    /// one.
    ///
    /// # Panics
    /// If the client has left the namespace, or the event cannot be encoded.
    #[track_caller]
    pub fn emit(&self, event: &str, data: impl Serialize) {
        self.check_joined();
        let packet = encode::event(&self.namespace, None, event, &data);
        self.connection.send(&expect_encoded(packet));
    }

    /// Emits an event and requests an acknowledgement. The event is sent at once; await the returned
    /// [`PendingAck`] for the acknowledgement.
    ///
    /// # Panics
    /// As [`emit`](Self::emit) does. Awaiting panics if no acknowledgement arrives, or its arguments
    /// are no `T`.
    #[track_caller]
    pub fn emit_with_ack<T>(&self, event: &str, data: impl Serialize) -> PendingAck<T> {
        self.check_joined();
        let id = self.connection.ack_id();
        let packet = encode::event(&self.namespace, Some(id), event, &data);
        self.connection.send(&expect_encoded(packet));
        PendingAck::new(self.origin(), event, id, Location::caller())
    }

    /// Waits for the next event of this name and returns its arguments as a `T`: `()` takes none, a
    /// tuple several, any other type one. Events of other names are kept until they are expected.
    ///
    /// # Panics
    /// If the event does not arrive, or its arguments are no `T`.
    #[track_caller]
    pub fn expect<T: DeserializeOwned>(&self, event: &str) -> impl Future<Output = T> {
        let caller = Location::caller();
        async move { self.next_of(event, caller).await.decode(caller) }
    }

    /// Waits for the next event of this name, which must request an acknowledgement. Returns the
    /// event's arguments, and the [`AckSender`] that sends the acknowledgement.
    ///
    /// # Panics
    /// If the event does not arrive, requests no acknowledgement, or its arguments are no `T`.
    #[track_caller]
    pub fn expect_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
    ) -> impl Future<Output = (T, AckSender)> {
        let caller = Location::caller();
        async move {
            let received = self.next_of(event, caller).await;
            let Some(ack) = received.ack_sender() else {
                panic!("{caller}: `{event}` arrived, but requests no acknowledgement");
            };
            (received.decode(caller), ack)
        }
    }

    /// Waits for the next event of any name.
    ///
    /// # Panics
    /// If none arrives.
    #[track_caller]
    pub fn next_event(&self) -> impl Future<Output = ReceivedEvent> {
        let caller = Location::caller();
        async move { self.take(|_| true, "an event", caller).await }
    }

    /// Checks that no event of this name arrives until the application is idle.
    ///
    /// With a paused clock, the check takes no time and is exact. With a running clock, it waits for
    /// 50 ms.
    ///
    /// # Panics
    /// If an event of this name arrived that was not taken before.
    #[track_caller]
    pub fn expect_none(&self, event: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            tokio::time::sleep(SILENCE).await;
            self.check_unread(|name| name == event, caller);
        }
    }

    /// Checks, as [`expect_none`](Self::expect_none) does, that no event of any name arrives.
    ///
    /// # Panics
    /// If an event arrived that was not taken before.
    #[track_caller]
    pub fn expect_silence(&self) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            tokio::time::sleep(SILENCE).await;
            self.check_unread(|_| true, caller);
        }
    }

    /// Waits until the server disconnects this client from its namespace, or closes the connection.
    /// Events that arrived before can still be expected.
    ///
    /// # Panics
    /// If the server does not, or the client itself left the namespace.
    #[track_caller]
    pub fn expect_disconnect(&self) -> impl Future<Output = Disconnection> {
        let caller = Location::caller();
        async move {
            let disconnected =
                self.connection.wait(
                    |state| match state.namespaces.get(&*self.namespace)?.phase {
                        Phase::Disconnected => Some(Disconnection::Namespace),
                        Phase::Left => {
                            panic!("{caller}: the client itself left `{}`", self.namespace)
                        }
                        _ => state.closed.as_ref().map(|_| Disconnection::Transport),
                    },
                );
            let disconnected = disconnected.await;
            disconnected.unwrap_or_else(|| self.fail("to be disconnected", None, caller))
        }
    }

    /// Whether the client is connected to its namespace, by the packets that it has received.
    pub fn is_connected(&self) -> bool {
        self.connection.with_state(|state| {
            state.closed.is_none()
                && state.namespaces.get(&*self.namespace).is_some_and(
                    |namespace| matches!(namespace.phase, Phase::Joined(id) if id == self.id),
                )
        })
    }

    /// Leaves the namespace. The connection stays open, with its other namespaces.
    pub fn disconnect(&self) {
        self.connection.send(&encode::disconnect(&self.namespace));
        self.connection.with_state(|state| {
            if let Some(namespace) = state.namespaces.get_mut(&*self.namespace) {
                namespace.phase = Phase::Left;
            }
        });
    }

    /// Closes the connection, with all its namespaces, by a WebSocket closing handshake. Waits until
    /// the server has answered.
    ///
    /// # Panics
    /// If the server does not answer.
    #[track_caller]
    pub fn close(&self) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            self.connection
                .send_frame(Opcode::Close, &1000_u16.to_be_bytes());
            let closed = self.connection.wait(|state| state.closed.clone()).await;
            if closed.is_none() {
                self.fail("the server to close the connection", None, caller);
            }
        }
    }

    /// Drops the connection without a closing handshake, as a client that loses its network does.
    pub fn abort_connection(&self) {
        self.connection.abort();
    }

    /// Stops answering pings (`true`), as a client that hangs does, or resumes (`false`). The server
    /// notices after its `ping_timeout`.
    pub fn ignore_pings(&self, ignore: bool) {
        self.connection.ignore_pings(ignore);
    }

    /// Stops reading (`true`), as a slow client does, or resumes (`false`). The stream buffers 256
    /// KiB, as a network would. After that, the connection's outgoing queue fills, and the App's
    /// [`queue_policy`](crate::app::AppBuilder::queue_policy) applies.
    pub fn stop_reading(&self, stop: bool) {
        self.connection.stop_reading(stop);
    }

    /// Sends a Socket.IO packet as text, unchecked, for tests of packets that no client library
    /// sends. `2["event"]` is what [`emit`](Self::emit) sends in the namespace `/`.
    pub fn send_raw(&self, packet: &str) {
        self.connection.send(&Frame::text_message(packet).into());
    }

    fn origin(&self) -> (Arc<ClientConnection>, Arc<str>) {
        (self.connection.clone(), self.namespace.clone())
    }

    #[track_caller]
    fn check_joined(&self) {
        let end_reason = self
            .connection
            .with_state(|state| state.end_reason(&self.namespace));
        if let Some(reason) = end_reason {
            panic!("the client is no longer in `{}`: {reason}", self.namespace);
        }
    }

    async fn next_of(&self, event: &str, caller: &'static Location<'static>) -> ReceivedEvent {
        let wanted = format!("`{event}`");
        self.take(|name| name == event, &wanted, caller).await
    }

    /// Removes and returns the first event whose name `is_wanted`, as soon as there is one.
    async fn take(
        &self,
        is_wanted: impl Fn(&str) -> bool,
        wanted: &str,
        caller: &'static Location<'static>,
    ) -> ReceivedEvent {
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
            Some(Ok(event)) => ReceivedEvent::new(event, EventSource::Client(self.origin())),
            Some(Err(reason)) => self.fail(wanted, Some(reason), caller),
            None => self.fail(wanted, None, caller),
        }
    }

    fn check_unread(&self, is_wrong: impl Fn(&str) -> bool, caller: &'static Location<'static>) {
        let wrong = self.connection.with_state(|state| {
            let mut events = unread(state, &self.namespace);
            events.find(|(name, _)| is_wrong(name))
        });
        if let Some((name, args)) = wrong {
            panic!(
                "{caller}: the client in `{}` expected no `{name}`, but received one with {args}",
                self.namespace
            );
        }
    }

    /// Fails the test, and says what was expected and what was received instead.
    fn fail(
        &self,
        wanted: &str,
        end_reason: Option<String>,
        caller: &'static Location<'static>,
    ) -> ! {
        let reason = end_reason.unwrap_or_else(|| format!("{:?} passed", self.connection.timeout));
        let unread = self.connection.with_state(|state| {
            let events = unread(state, &self.namespace);
            let events: Vec<_> = events
                .map(|(name, args)| format!("`{name}` {args}"))
                .collect();
            events.join(", ")
        });
        let instead = match unread.as_str() {
            "" => "no other event arrived".to_owned(),
            unread => format!("these events arrived instead: {unread}"),
        };
        panic!(
            "{caller}: the client in `{}` expected {wanted}, but {reason}; {instead}",
            self.namespace
        );
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

/// The names of the events that the test has not taken, and their arguments as JSON.
fn unread(state: &ClientState, namespace: &str) -> impl Iterator<Item = (String, String)> {
    let events = state
        .namespaces
        .get(namespace)
        .map(|namespace| &namespace.events);
    let events = events.into_iter().flatten();
    events.map(|event| (event.name().to_owned(), event.raw_args().to_json()))
}

/// The payload of CONNECT as JSON; `None` if it is `()`.
///
/// # Panics
/// If it cannot be encoded, or is no object.
pub(super) fn auth_json(auth: &impl Serialize, caller: &Location<'_>) -> Option<String> {
    let json = serde_json::to_string(auth)
        .unwrap_or_else(|error| panic!("{caller}: `auth` cannot be encoded: {error}"));
    assert!(
        json == "null" || json.starts_with('{'),
        "{caller}: `auth` must be an object, as clients send it with CONNECT, but is {json}"
    );
    (json != "null").then_some(json)
}
