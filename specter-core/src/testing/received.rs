//! What came from the server, and the answers in both directions.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use specter_proto::socketio::{Args, EventPacket, encode};

use super::EventErrorReply;
use super::client::encoded;
use super::client_connection::Line;
use super::detached::decoded_ack;
use crate::socket::Socket;

/// A connection and a namespace on it.
pub(super) type Place = (Arc<Line>, Arc<str>);

/// Whose event it is that came.
#[derive(Clone)]
pub(super) enum Origin {
    Client(Place),
    /// A socket without a client.
    Socket(Socket),
}

/// An event that came from the server.
pub struct ReceivedEvent {
    packet: EventPacket,
    origin: Origin,
}

impl ReceivedEvent {
    pub(super) fn new(packet: EventPacket, origin: Origin) -> Self {
        Self { packet, origin }
    }

    /// The event's name.
    pub fn name(&self) -> &str {
        self.packet.name()
    }

    /// Its arguments, unread.
    pub fn args(&self) -> Args {
        self.packet.raw_args()
    }

    /// Its arguments as a `T`, of which `()` takes none, a tuple several and anything else one.
    ///
    /// # Panics
    /// When they are no `T`.
    #[track_caller]
    pub fn data<T: DeserializeOwned>(&self) -> T {
        self.read(Location::caller())
    }

    /// What answers it; `None` where it asks for no acknowledgement.
    pub fn answer(&self) -> Option<AckSender> {
        let id = self.packet.id()?;
        Some(AckSender {
            id,
            origin: self.origin.clone(),
        })
    }

    pub(super) fn read<T: DeserializeOwned>(&self, site: &Location<'_>) -> T {
        self.packet.args().decode().unwrap_or_else(|error| {
            panic!(
                "{site}: `{}` came with {}, which is not what was expected: {error}",
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

/// The acknowledgement that the server asked for, to be sent when the test pleases; dropped, it is
/// never sent.
#[must_use = "the server waits for the answer until it is sent"]
pub struct AckSender {
    id: u64,
    origin: Origin,
}

impl AckSender {
    /// Sends it. `data` is the arguments: `()` none, a tuple several, anything else one.
    ///
    /// # Panics
    /// When it cannot be encoded.
    #[track_caller]
    pub fn send(self, data: impl Serialize) {
        match self.origin {
            Origin::Client((line, namespace)) => {
                line.send(&encoded(encode::ack(&namespace, self.id, &data)));
            }
            Origin::Socket(socket) => {
                let packet = encoded(encode::ack(socket.hub().name(), self.id, &data));
                if let Some(ack) = decoded_ack(&packet) {
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

/// The server's acknowledgement to come. Await it for its arguments as a `T`, of which `()` takes
/// none, a tuple several and anything else one; [`error`](Self::error) is for an event that is
/// expected to fail.
#[must_use = "the event is sent, but nobody looks at its acknowledgement"]
pub struct PendingAck<T> {
    place: Place,
    event: Box<str>,
    id: u64,
    site: &'static Location<'static>,
    data: PhantomData<fn() -> T>,
}

impl<T> PendingAck<T> {
    pub(super) fn new(
        place: Place,
        event: &str,
        id: u64,
        site: &'static Location<'static>,
    ) -> Self {
        Self {
            place,
            event: event.into(),
            id,
            site,
            data: PhantomData,
        }
    }

    /// Waits for the error that the event failed with.
    ///
    /// # Panics
    /// When no acknowledgement comes, or one without an error.
    pub async fn error(self) -> EventErrorReply {
        let (site, event) = (self.site, self.event.clone());
        let args = self.args().await;
        args.arguments().decode().unwrap_or_else(|_| {
            panic!(
                "{site}: `{event}` was expected to fail, and was acknowledged with {}",
                args.to_json()
            )
        })
    }

    /// Waits for all arguments, unread.
    ///
    /// # Panics
    /// When no acknowledgement comes.
    pub async fn args(self) -> Args {
        let Self {
            place: (line, namespace),
            event,
            id,
            site,
            ..
        } = self;
        let answered = line.wait(|state| {
            let over = state.over(&namespace);
            match state.namespaces.get_mut(&*namespace)?.acks.remove(&id) {
                Some(ack) => Some(Ok(ack.raw_args())),
                None => over.map(Err),
            }
        });
        match answered.await {
            Some(Ok(args)) => args,
            Some(Err(why)) => panic!("{site}: `{event}` was not acknowledged: {why}"),
            None => panic!(
                "{site}: `{event}` was not acknowledged within {:?}",
                line.timeout
            ),
        }
    }
}

impl<T: DeserializeOwned + 'static> IntoFuture for PendingAck<T> {
    type Output = T;
    type IntoFuture = Pin<Box<dyn Future<Output = T> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (site, event) = (self.site, self.event.clone());
            let args = self.args().await;
            args.arguments().decode().unwrap_or_else(|error| {
                panic!(
                    "{site}: `{event}` was acknowledged with {}, which is not what was expected: \
                     {error}",
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
