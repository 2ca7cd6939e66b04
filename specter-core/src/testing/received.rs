//! Events that a client has received, and acknowledgements in both directions.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use specter_proto::socketio::{Args, EventPacket, encode};

use super::EventErrorReply;
use super::client_connection::ClientConnection;
use super::expectation::{Checked, Expectation};
use super::packets::{decode_ack, expect_encoded};
use crate::socket::Socket;

/// A connection and the name of a namespace on it.
pub(super) type JoinedNamespace = (Arc<ClientConnection>, Arc<str>);

/// The receiver of an event.
#[derive(Clone)]
pub(super) enum Receiver {
    Client(JoinedNamespace),
    /// A [`TestSocket`](super::TestSocket), which has no client.
    Socket(Socket),
}

/// An event that the server has emitted.
pub struct ReceivedEvent {
    packet: EventPacket,
    receiver: Receiver,
}

impl ReceivedEvent {
    pub(super) fn new(packet: EventPacket, receiver: Receiver) -> Self {
        Self { packet, receiver }
    }

    /// The event's name.
    pub fn name(&self) -> &str {
        self.packet.name()
    }

    /// The event's arguments, not decoded.
    pub fn args(&self) -> Args {
        self.packet.raw_args()
    }

    /// The event's arguments as a `T`: `()` for none, a tuple for several, anything else for one.
    ///
    /// # Panics
    /// If the arguments cannot be decoded as a `T`.
    #[track_caller]
    pub fn data<T: DeserializeOwned>(&self) -> T {
        match self.read() {
            Ok(data) => data,
            Err(message) => panic!("{message}"),
        }
    }

    /// Returns the sender of the acknowledgement. `None` if the server requested none.
    pub fn answer(&self) -> Option<AckSender> {
        let id = self.packet.id()?;
        Some(AckSender {
            id,
            receiver: self.receiver.clone(),
        })
    }

    pub(super) fn read<T: DeserializeOwned>(&self) -> Checked<T> {
        self.packet.args().decode().map_err(|error| {
            format!(
                "`{}` was received with {}, which is not what was expected: {error}",
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

/// Sends the acknowledgement that the server requested. If it is dropped, none is sent.
#[must_use = "the server waits for the acknowledgement until `send` is called"]
pub struct AckSender {
    id: u64,
    receiver: Receiver,
}

impl AckSender {
    /// Sends the acknowledgement. `data` is its arguments: `()` for none, a tuple for several,
    /// anything else for one.
    ///
    /// # Panics
    /// If `data` cannot be serialized.
    #[track_caller]
    pub fn send(self, data: impl Serialize) {
        match self.receiver {
            Receiver::Client((connection, namespace)) => {
                connection.send(&expect_encoded(encode::ack(&namespace, self.id, &data)));
            }
            Receiver::Socket(socket) => {
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

/// An acknowledgement that the server has not sent yet.
///
/// Await it for its arguments as a `T`: `()` for none, a tuple for several, anything else for one.
/// For an event that is expected to fail, await [`error`](Self::error) instead.
#[must_use = "the event is sent, but its acknowledgement is ignored unless this is awaited"]
pub struct PendingAck<T> {
    namespace: JoinedNamespace,
    event: Box<str>,
    id: u64,
    data: PhantomData<fn() -> T>,
}

impl<T> PendingAck<T> {
    pub(super) fn new(namespace: JoinedNamespace, event: &str, id: u64) -> Self {
        Self {
            namespace,
            event: event.into(),
            id,
            data: PhantomData,
        }
    }

    /// Waits for the acknowledgement of an event that fails, and returns its error.
    ///
    /// # Panics
    /// If no acknowledgement is received within the timeout, or one without an error.
    #[track_caller]
    pub fn error(self) -> Expectation<'static, EventErrorReply> {
        let event = self.event.clone();
        let receiving = receive_ack(self.namespace, self.event, self.id);
        Expectation::new(async move {
            let args = receiving.await?;
            args.arguments().decode().map_err(|_| {
                format!(
                    "`{event}` was expected to fail, but was acknowledged with {}",
                    args.to_json()
                )
            })
        })
    }

    /// Waits for the acknowledgement, and returns its arguments without decoding them.
    ///
    /// # Panics
    /// If no acknowledgement is received within the timeout.
    #[track_caller]
    pub fn args(self) -> Expectation<'static, Args> {
        Expectation::new(receive_ack(self.namespace, self.event, self.id))
    }
}

impl<T: DeserializeOwned + 'static> IntoFuture for PendingAck<T> {
    type Output = T;
    type IntoFuture = Expectation<'static, T>;

    #[track_caller]
    fn into_future(self) -> Self::IntoFuture {
        let event = self.event.clone();
        let receiving = receive_ack(self.namespace, self.event, self.id);
        Expectation::new(async move {
            let args = receiving.await?;
            args.arguments().decode().map_err(|error| {
                format!(
                    "`{event}` was acknowledged with {}, which is not what was expected: {error}",
                    args.to_json()
                )
            })
        })
    }
}

/// Waits for the acknowledgement of an event.
async fn receive_ack(
    (connection, namespace): JoinedNamespace,
    event: Box<str>,
    id: u64,
) -> Checked<Args> {
    let answer = connection.wait(|state| {
        let end_reason = state.end_reason(&namespace);
        match state.namespaces.get_mut(&*namespace)?.acks.remove(&id) {
            Some(ack) => Some(Ok(ack.raw_args())),
            None => end_reason.map(Err),
        }
    });
    match answer.await {
        Some(Ok(args)) => Ok(args),
        Some(Err(reason)) => Err(format!("`{event}` was not acknowledged: {reason}")),
        None => Err(format!(
            "`{event}` was not acknowledged within {:?}",
            connection.timeout
        )),
    }
}

impl<T> fmt::Debug for PendingAck<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingAck")
            .field("event", &self.event)
            .finish_non_exhaustive()
    }
}
