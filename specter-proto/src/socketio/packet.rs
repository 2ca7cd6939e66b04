//! Received packets, checked and complete, as the decoder returns them.
//!
//! A packet is a pointer to a buffer that holds one copy of its text; its parts are ranges of it.
//! It can wait for its turn and lend its parts to a handler without holding a read buffer.

use std::fmt;

use triomphe::Arc;

use super::args::{Args, Arguments};
use super::packet_buf::PacketBuf;
use super::span::Span;
use crate::socketio::codec::json::header::namespace_of;

/// One packet from a client.
#[derive(Clone, Debug)]
pub enum Packet {
    /// The client asks to join a namespace.
    Connect(ConnectPacket),
    /// The client leaves a namespace.
    Disconnect(DisconnectPacket),
    /// An event, with its attachments if it has some.
    Event(EventPacket),
    /// The answer to an event of the server.
    Ack(AckPacket),
}

impl Packet {
    /// The namespace that it is for.
    pub fn namespace(&self) -> &str {
        match self {
            Self::Connect(packet) => packet.namespace(),
            Self::Disconnect(packet) => packet.namespace(),
            Self::Event(packet) => packet.namespace(),
            Self::Ack(packet) => packet.namespace(),
        }
    }
}

/// CONNECT.
#[derive(Clone)]
pub struct ConnectPacket(pub(super) Box<Connect>);

/// What a CONNECT says.
#[derive(Clone)]
pub(super) struct Connect {
    pub(super) text: Box<str>,
    pub(super) namespace: Span,
    pub(super) auth: Option<Span>,
}

impl ConnectPacket {
    /// The namespace that it asks for.
    pub fn namespace(&self) -> &str {
        namespace_of(&self.0.text, self.0.namespace)
    }

    /// What the client sent with it: the JSON of an object. A secret, usually.
    pub fn auth(&self) -> Option<&str> {
        self.0.auth.map(|auth| auth.of(&self.0.text))
    }
}

impl fmt::Debug for ConnectPacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectPacket")
            .field("namespace", &self.namespace())
            .field("has_auth", &self.auth().is_some())
            .finish_non_exhaustive()
    }
}

/// DISCONNECT.
#[derive(Clone, Debug)]
pub struct DisconnectPacket {
    pub(super) namespace: Box<str>,
}

impl DisconnectPacket {
    /// The namespace that it leaves.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }
}

/// EVENT and `BINARY_EVENT`.
#[derive(Clone)]
pub struct EventPacket(pub(super) Arc<PacketBuf>);

impl EventPacket {
    /// The namespace that it is for.
    pub fn namespace(&self) -> &str {
        namespace_of(self.0.text(), self.0.places().namespace)
    }

    /// The event's name. A number is its digits.
    #[inline]
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// Whether that is the event's name: [`name`](Self::name), compared with the fewest steps.
    #[inline]
    pub fn is_named(&self, name: &str) -> bool {
        self.0.is_named(name)
    }

    /// The id under which the client wants an acknowledgement, if it does.
    #[inline]
    pub fn id(&self) -> Option<u64> {
        self.0.places().id
    }

    /// Reads the arguments behind the name.
    #[inline]
    pub fn args(&self) -> Arguments<'_> {
        Arguments::of(&self.0)
    }

    /// The arguments behind the name, unread, to be kept or sent on.
    pub fn raw_args(&self) -> Args {
        Args::of(self.0.clone())
    }

    /// How many bytes came, attachments included.
    pub fn size(&self) -> usize {
        self.0.size()
    }

    /// The event, to be handled.
    #[inline]
    pub fn open(self) -> ActiveEvent {
        ActiveEvent(Args::of(self.0))
    }

    /// It is done with: where nobody keeps its arguments, its place is kept for the next one on
    /// this thread.
    #[inline]
    pub fn recycle(self) {
        PacketBuf::recycle(self.0);
    }
}

impl fmt::Debug for EventPacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventPacket")
            .field("namespace", &self.namespace())
            .field("name", &self.name())
            .field("id", &self.id())
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}

/// An event that is being handled. Its arguments are there as a whole, to be lent.
///
/// It takes three words where the packet takes one, so that packets are opened where they stay.
#[derive(Clone)]
pub struct ActiveEvent(Args);

impl ActiveEvent {
    /// The event's name.
    #[inline]
    pub fn name(&self) -> &str {
        self.0.packet().map_or("", |came| came.name())
    }

    /// The id under which the client wants an acknowledgement, if it does.
    #[inline]
    pub fn id(&self) -> Option<u64> {
        self.0.packet().and_then(|came| came.places().id)
    }

    /// The arguments behind the name.
    #[inline]
    pub fn args(&self) -> &Args {
        &self.0
    }

    /// It is done with: see [`EventPacket::recycle`].
    #[inline]
    pub fn recycle(self) {
        if let Some(came) = self.0.into_packet() {
            PacketBuf::recycle(came);
        }
    }
}

impl fmt::Debug for ActiveEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActiveEvent")
            .field("name", &self.name())
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}

/// ACK and `BINARY_ACK`.
#[derive(Clone)]
pub struct AckPacket {
    pub(super) came: Arc<PacketBuf>,
    pub(super) id: u64,
}

impl AckPacket {
    /// The namespace that it is for.
    pub fn namespace(&self) -> &str {
        namespace_of(self.came.text(), self.came.places().namespace)
    }

    /// The id of the event that it answers.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Reads the answer.
    pub fn args(&self) -> Arguments<'_> {
        Arguments::of(&self.came)
    }

    /// The answer, unread, to be kept or sent on.
    pub fn raw_args(&self) -> Args {
        Args::of(self.came.clone())
    }

    /// How many bytes came, attachments included.
    pub fn size(&self) -> usize {
        self.came.size()
    }

    /// It is done with: see [`EventPacket::recycle`].
    pub fn recycle(self) {
        PacketBuf::recycle(self.came);
    }
}

impl fmt::Debug for AckPacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AckPacket")
            .field("namespace", &self.namespace())
            .field("id", &self.id)
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}
