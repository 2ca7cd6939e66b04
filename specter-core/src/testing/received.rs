//! Events received from the server, and acknowledgements in both directions.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use specter_proto::socketio::{Args, EventPacket, encode};

use super::client_connection::ClientConnection;
use super::connect_error::EventErrorReply;
use super::packets::{decode_ack, expect_encoded};
use crate::socket::Socket;

/// A client's connection, and the name of a namespace on it.
pub(super) type ClientOrigin = (Arc<ClientConnection>, Arc<str>);

/// What received an event, and sends its acknowledgement.
#[derive(Clone)]
pub(super) enum EventSource {
    Client(ClientOrigin),
    /// A socket of a [`TestNamespace`](super::TestNamespace).
    Socket(Socket),
}

/// An event received from the server.
pub struct ReceivedEvent {
    packet: EventPacket,
    origin: EventSource,
}

impl ReceivedEvent {
    pub(super) fn new(packet: EventPacket, origin: EventSource) -> Self {
        Self { packet, origin }
    }

    /// The event's name.
    pub fn name(&self) -> &str {
        self.packet.name()
    }

    /// The event's arguments, not deserialized.
    pub fn args(&self) -> Args {
        self.packet.raw_args()
    }

    /// The event's arguments as a `T`: `()` takes none, a tuple several, any other type one.
    ///
    /// # Panics
    /// If they are no `T`.
    #[track_caller]
    pub fn data<T: DeserializeOwned>(&self) -> T {
        self.decode(Location::caller())
    }

    /// Sends the acknowledgement that the event requests. `None` if it requests none.
    pub fn ack_sender(&self) -> Option<AckSender> {
        let id = self.packet.id()?;
        Some(AckSender {
            id,
            origin: self.origin.clone(),
        })
    }

    pub(super) fn decode<T: DeserializeOwned>(&self, caller: &Location<'_>) -> T {
        self.packet.args().decode().unwrap_or_else(|error| {
            panic!(
                "{caller}: `{}` arrived with the arguments {}, which are not of the expected type: \
                 {error}",
                self.name(),
                self.args().to_json()
            )
        })
    }
}

impl fmt::Debug for ReceivedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedEvent")
            .field("name", &self.name())
            .field("args", &self.args())
            .finish_non_exhaustive()
    }
}

/// Sends the acknowledgement that the server requested, at any time. Dropped without
/// [`send`](Self::send), it sends none.
#[must_use = "the server waits for the acknowledgement until `send` is called"]
pub struct AckSender {
    id: u64,
    origin: EventSource,
}

impl AckSender {
    /// Sends the acknowledgement. `data` becomes its arguments: `()` none, a tuple several, any other
    /// value one.
    ///
    /// # Panics
    /// If `data` cannot be encoded.
    #[track_caller]
    pub fn send(self, data: impl Serialize) {
        match self.origin {
            EventSource::Client((connection, namespace)) => {
                connection.send(&expect_encoded(encode::ack(&namespace, self.id, &data)));
            }
            EventSource::Socket(socket) => {
                let packet = expect_encoded(encode::ack(socket.hub().name(), self.id, &data));
                if let Some(ack) = decode_ack(&packet) {
                    socket.acks().answer(ack);
                }
            }
        }
    }
}

impl fmt::Debug for AckSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AckSender").finish_non_exhaustive()
    }
}

/// An acknowledgement that the server has not sent yet. Await it for its arguments as a `T`: `()`
/// takes none, a tuple several, any other type one. Where the event is expected to fail, await
/// [`error`](Self::error) instead.
#[must_use = "the event is sent, but its acknowledgement is not checked: await it"]
pub struct PendingAck<T> {
    place: ClientOrigin,
    event: Box<str>,
    id: u64,
    caller: &'static Location<'static>,
    data: PhantomData<fn() -> T>,
}

impl<T> PendingAck<T> {
    pub(super) fn new(
        place: ClientOrigin,
        event: &str,
        id: u64,
        caller: &'static Location<'static>,
    ) -> Self {
        Self {
            place,
            event: event.into(),
            id,
            caller,
            data: PhantomData,
        }
    }

    /// Waits for the acknowledgement of an event that fails, and returns the error.
    ///
    /// # Panics
    /// If no acknowledgement arrives, or it has no error.
    pub async fn error(self) -> EventErrorReply {
        let (caller, event) = (self.caller, self.event.clone());
        let args = self.args().await;
        args.arguments().decode().unwrap_or_else(|_| {
            panic!(
                "{caller}: `{event}` was expected to fail, but was acknowledged with {}",
                args.to_json()
            )
        })
    }

    /// Waits for the acknowledgement and returns its arguments, not deserialized.
    ///
    /// # Panics
    /// If no acknowledgement arrives.
    pub async fn args(self) -> Args {
        let Self {
            place: (connection, namespace),
            event,
            id,
            caller,
            ..
        } = self;
        let args = connection.wait(|state| {
            let end_reason = state.end_reason(&namespace);
            match state.namespaces.get_mut(&*namespace)?.acks.remove(&id) {
                Some(ack) => Some(Ok(ack.raw_args())),
                None => end_reason.map(Err),
            }
        });
        match args.await {
            Some(Ok(args)) => args,
            Some(Err(reason)) => panic!("{caller}: `{event}` was not acknowledged: {reason}"),
            None => panic!(
                "{caller}: `{event}` was not acknowledged within {:?}",
                connection.timeout
            ),
        }
    }
}

impl<T: DeserializeOwned + 'static> IntoFuture for PendingAck<T> {
    type Output = T;
    type IntoFuture = Pin<Box<dyn Future<Output = T> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (caller, event) = (self.caller, self.event.clone());
            let args = self.args().await;
            args.arguments().decode().unwrap_or_else(|error| {
                panic!(
                    "{caller}: `{event}` was acknowledged with {}, which is not of the expected \
                     type: {error}",
                    args.to_json()
                )
            })
        })
    }
}

impl<T> fmt::Debug for PendingAck<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingAck")
            .field("event", &self.event)
            .finish_non_exhaustive()
    }
}
