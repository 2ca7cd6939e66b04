//! A client in a namespace, as a test holds it: emits, answers, expects.

use std::collections::hash_map::Entry;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use specter_proto::engine::Frame;
use specter_proto::socketio::{EncodeError, encode};
use specter_proto::websocket::Opcode;

use super::ConnectError;
use super::client_connection::{ClientNamespace, Line, Phase, State};
use super::received::{AckSender, Origin, PendingAck, ReceivedEvent};
use crate::socket::SocketId;

/// How long silence must last to count as such.
const QUIET: Duration = Duration::from_millis(50);

/// A Socket.IO client that has joined a namespace.
///
/// What a test expects is waited for, and what does not come in the App's
/// [`timeout`](super::TestAppBuilder::timeout) fails the test, at the line that expected it, with
/// what came instead. Pings are answered by themselves. Dropping the last client of a connection
/// loses the connection, as closing a tab does.
///
/// See the [module](super) for examples.
pub struct TestClient {
    pub(super) line: Arc<Line>,
    namespace: Arc<str>,
    id: SocketId,
}

/// How the server parted with a client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disconnection {
    /// By a packet, from this namespace only: `socket.disconnect()`. Clients do not come back by
    /// themselves.
    Namespace,
    /// The connection was closed, with every namespace on it. Clients reconnect by themselves.
    Transport,
}

impl TestClient {
    /// Joins a namespace on an open connection.
    pub(super) async fn join_on(
        line: Arc<Line>,
        namespace: &str,
        auth: Option<&str>,
        site: &'static Location<'static>,
    ) -> Result<Self, ConnectError> {
        line.look(|state| match state.namespaces.entry(namespace.into()) {
            Entry::Occupied(seat) if matches!(seat.get().phase, Phase::Joined(_)) => {
                panic!("{site}: the connection is in `{namespace}` already")
            }
            Entry::Occupied(mut seat) => drop(seat.insert(ClientNamespace::default())),
            Entry::Vacant(seat) => drop(seat.insert(ClientNamespace::default())),
        });
        let prefix = match namespace {
            "/" => String::new(),
            other => format!("{other},"),
        };
        let packet = format!("0{prefix}{}", auth.unwrap_or_default());
        line.send(&Frame::text_message(&packet).into());
        let answered = line.wait(|state| {
            let over = state.over(namespace);
            match &state.namespaces.get(namespace)?.phase {
                Phase::Joined(id) => Some(Ok(*id)),
                Phase::ConnectError(refused) => Some(Err(refused.clone())),
                _ => over.map(|why| {
                    panic!("{site}: `{namespace}` could not be joined: {why}");
                }),
            }
        });
        match answered.await {
            Some(Ok(id)) => Ok(Self {
                line,
                namespace: namespace.into(),
                id,
            }),
            Some(Err(refused)) => Err(refused),
            None => panic!(
                "{site}: the server did not answer CONNECT to `{namespace}` within {:?}",
                line.timeout
            ),
        }
    }

    /// The socket's id, as the server knows it.
    pub fn id(&self) -> SocketId {
        self.id
    }

    /// The namespace that it is in.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Joins another namespace on the same connection.
    ///
    /// # Panics
    /// When the client is refused there.
    #[track_caller]
    pub fn join(&self, namespace: &str) -> impl Future<Output = Self> + use<> {
        let (site, joining) = (Location::caller(), self.try_join(namespace, ()));
        async move {
            let joined = joining.await;
            joined.unwrap_or_else(|refused| panic!("{site}: {refused}"))
        }
    }

    /// The same with something to authenticate by (`()` is nothing), and a refusal as an error.
    ///
    /// # Panics
    /// When the connection is in that namespace already.
    #[track_caller]
    pub fn try_join<A: Serialize>(
        &self,
        namespace: &str,
        auth: A,
    ) -> impl Future<Output = Result<Self, ConnectError>> + use<A> {
        let (site, line) = (Location::caller(), self.line.clone());
        let (namespace, auth) = (namespace.to_owned(), auth_json(&auth, site));
        async move { Self::join_on(line, &namespace, auth.as_deref(), site).await }
    }

    /// Emits an event. `data` is the arguments, as for
    /// [`Socket::emit`](crate::socket::Socket::emit): `()` none, a tuple several, anything else
    /// one.
    ///
    /// # Panics
    /// When the client is not in the namespace any more, or the event cannot be encoded.
    #[track_caller]
    pub fn emit(&self, event: &str, data: impl Serialize) {
        self.check_joined();
        let packet = encode::event(&self.namespace, None, event, &data);
        self.line.send(&encoded(packet));
    }

    /// Emits an event and asks for an acknowledgement. The event is sent at once; await what this
    /// returns for the answer.
    ///
    /// # Panics
    /// As [`emit`](Self::emit); awaited, when the answer does not come or is no `T`.
    #[track_caller]
    pub fn emit_with_ack<T>(&self, event: &str, data: impl Serialize) -> PendingAck<T> {
        self.check_joined();
        let id = self.line.ack_id();
        let packet = encode::event(&self.namespace, Some(id), event, &data);
        self.line.send(&encoded(packet));
        PendingAck::new(self.sender(), event, id, Location::caller())
    }

    /// Waits for the next event of this name, and reads its arguments as a `T`, of which `()` takes
    /// none, a tuple several and anything else one. Events of other names wait to be expected
    /// themselves.
    ///
    /// # Panics
    /// When it does not come, or its arguments are no `T`.
    #[track_caller]
    pub fn expect<T: DeserializeOwned>(&self, event: &str) -> impl Future<Output = T> {
        let site = Location::caller();
        async move { self.next_of(event, site).await.read(site) }
    }

    /// Waits for the next event of this name that asks for an acknowledgement: its arguments, and
    /// what answers it.
    ///
    /// # Panics
    /// When it does not come, asks for nothing, or its arguments are no `T`.
    #[track_caller]
    pub fn expect_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
    ) -> impl Future<Output = (T, AckSender)> {
        let site = Location::caller();
        async move {
            let received = self.next_of(event, site).await;
            let Some(answer) = received.answer() else {
                panic!("{site}: `{event}` came, but asks for no acknowledgement");
            };
            (received.read(site), answer)
        }
    }

    /// Waits for the next event, whatever its name.
    ///
    /// # Panics
    /// When none comes.
    #[track_caller]
    pub fn next_event(&self) -> impl Future<Output = ReceivedEvent> {
        let site = Location::caller();
        async move { self.take(|_| true, "an event", site).await }
    }

    /// Waits until the application has come to rest, and checks that no event of this name came.
    ///
    /// With a paused clock that costs no time, and is exact; with a running one it watches for 50
    /// ms.
    ///
    /// # Panics
    /// When one came.
    #[track_caller]
    pub fn expect_none(&self, event: &str) -> impl Future<Output = ()> {
        let site = Location::caller();
        async move {
            tokio::time::sleep(QUIET).await;
            self.check_unread(|name| name == event, site);
        }
    }

    /// As [`expect_none`](Self::expect_none), for events of every name.
    ///
    /// # Panics
    /// When one came that no test has taken.
    #[track_caller]
    pub fn expect_silence(&self) -> impl Future<Output = ()> {
        let site = Location::caller();
        async move {
            tokio::time::sleep(QUIET).await;
            self.check_unread(|_| true, site);
        }
    }

    /// Waits until the server disconnects this client, from its namespace or altogether. Events
    /// that came before can still be expected.
    ///
    /// # Panics
    /// When it does not, or when the client itself left.
    #[track_caller]
    pub fn expect_disconnect(&self) -> impl Future<Output = Disconnection> {
        let site = Location::caller();
        async move {
            let parted = self.line.wait(|state| {
                let seat = state.namespaces.get(&*self.namespace)?;
                match seat.phase {
                    Phase::Dismissed => Some(Disconnection::Namespace),
                    Phase::Left => panic!("{site}: the client left `{}` itself", self.namespace),
                    _ => state.closed.as_ref().map(|_| Disconnection::Transport),
                }
            });
            let parted = parted.await;
            parted.unwrap_or_else(|| self.fail("to be disconnected", None, site))
        }
    }

    /// Whether the client is in its namespace, as far as it knows.
    pub fn is_connected(&self) -> bool {
        self.line.look(|state| {
            state.closed.is_none()
                && state
                    .namespaces
                    .get(&*self.namespace)
                    .is_some_and(|seat| matches!(seat.phase, Phase::Joined(id) if id == self.id))
        })
    }

    /// Leaves the namespace. The connection stays, with its other namespaces.
    pub fn disconnect(&self) {
        self.line.send(&encode::disconnect(&self.namespace));
        self.line.look(|state| {
            if let Some(seat) = state.namespaces.get_mut(&*self.namespace) {
                seat.phase = Phase::Left;
            }
        });
    }

    /// Closes the connection in order, with every namespace on it, and waits until the server has
    /// agreed.
    ///
    /// # Panics
    /// When the server does not.
    #[track_caller]
    pub fn close(&self) -> impl Future<Output = ()> {
        let site = Location::caller();
        async move {
            self.line.send_frame(Opcode::Close, &1000_u16.to_be_bytes());
            let closed = self.line.wait(|state| state.closed.clone()).await;
            if closed.is_none() {
                self.fail("the server to close the connection", None, site);
            }
        }
    }

    /// Loses the connection without a word, as a client whose network goes away does.
    pub fn abort_connection(&self) {
        self.line.cut();
    }

    /// Stops answering pings, or answers them again: a client that hangs. The server finds out by
    /// its `ping_timeout`.
    pub fn ignore_pings(&self, ignore: bool) {
        self.line.ignore_pings(ignore);
    }

    /// Stops reading, or reads again: a client that does not take what it is sent. 256 KiB are
    /// taken by what stands for the network; then the connection's queue fills, and the App's
    /// policy applies.
    pub fn stop_reading(&self, stop: bool) {
        self.line.stop_reading(stop);
    }

    /// Sends a text message as it is, for tests of what no client library would send: `2["event"]`
    /// is what [`emit`](Self::emit) sends in `/`.
    pub fn send_raw(&self, packet: &str) {
        self.line.send(&Frame::text_message(packet).into());
    }

    fn sender(&self) -> (Arc<Line>, Arc<str>) {
        (self.line.clone(), self.namespace.clone())
    }

    #[track_caller]
    fn check_joined(&self) {
        if let Some(why) = self.line.look(|state| state.over(&self.namespace)) {
            panic!("the client is not in `{}` any more: {why}", self.namespace);
        }
    }

    async fn next_of(&self, event: &str, site: &'static Location<'static>) -> ReceivedEvent {
        let wanted = format!("`{event}`");
        self.take(|name| name == event, &wanted, site).await
    }

    /// Takes the first event whose name is wanted out of those that came, once there is one.
    async fn take(
        &self,
        is_wanted: impl Fn(&str) -> bool,
        wanted: &str,
        site: &'static Location<'static>,
    ) -> ReceivedEvent {
        let taken = self.line.wait(|state| {
            let over = state.over(&self.namespace);
            let events = &mut state.namespaces.get_mut(&*self.namespace)?.events;
            let at = events.iter().position(|event| is_wanted(event.name()));
            match at.and_then(|at| events.remove(at)) {
                Some(event) => Some(Ok(event)),
                None => over.map(Err),
            }
        });
        match taken.await {
            Some(Ok(event)) => ReceivedEvent::new(event, Origin::Client(self.sender())),
            Some(Err(why)) => self.fail(wanted, Some(why), site),
            None => self.fail(wanted, None, site),
        }
    }

    fn check_unread(&self, is_wrong: impl Fn(&str) -> bool, site: &'static Location<'static>) {
        let wrong = self.line.look(|state| {
            let mut events = unread(state, &self.namespace);
            events.find(|(name, _)| is_wrong(name))
        });
        if let Some((name, args)) = wrong {
            panic!(
                "{site}: the client in `{}` expected no `{name}`, and got one with {args}",
                self.namespace
            );
        }
    }

    /// Fails the test: what was expected, and what there was instead.
    fn fail(&self, wanted: &str, why: Option<String>, site: &'static Location<'static>) -> ! {
        let why = why.unwrap_or_else(|| format!("{:?} went by", self.line.timeout));
        let unread = self.line.look(|state| {
            let events = unread(state, &self.namespace);
            let events: Vec<_> = events
                .map(|(name, args)| format!("`{name}` {args}"))
                .collect();
            events.join(", ")
        });
        let instead = match unread.as_str() {
            "" => "nothing else came".to_owned(),
            unread => format!("what came and was not expected: {unread}"),
        };
        panic!(
            "{site}: the client in `{}` expected {wanted}, but {why}; {instead}",
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

/// The events that came and were not taken: names, and arguments as JSON.
fn unread(state: &State, namespace: &str) -> impl Iterator<Item = (String, String)> {
    let events = state.namespaces.get(namespace).map(|seat| &seat.events);
    let events = events.into_iter().flatten();
    events.map(|event| (event.name().to_owned(), event.raw_args().to_json()))
}

/// What goes with CONNECT; `None` for nothing.
pub(super) fn auth_json(auth: &impl Serialize, site: &Location<'_>) -> Option<String> {
    let json = serde_json::to_string(auth)
        .unwrap_or_else(|error| panic!("{site}: the auth cannot be encoded: {error}"));
    assert!(
        json == "null" || json.starts_with('{'),
        "{site}: what clients send with CONNECT is an object, not {json}"
    );
    (json != "null").then_some(json)
}

#[track_caller]
pub(super) fn encoded<T>(packet: Result<T, EncodeError>) -> T {
    packet.unwrap_or_else(|error| panic!("the packet cannot be encoded: {error}"))
}
