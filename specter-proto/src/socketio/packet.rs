//! Received packets, checked and complete, as the decoder returns them.
//!
//! An event or an acknowledgement is a pointer to a buffer with a copy of the packet's text, and
//! its parts are ranges of that text. A packet can therefore be queued, and can lend its parts to a
//! handler, without keeping the buffer into which the connection reads.

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
    /// The client sends an event.
    Event(EventPacket),
    /// The client acknowledges an event of the server.
    Ack(AckPacket),
}

impl Packet {
    /// The namespace to which the packet was sent.
    pub fn namespace(&self) -> &str {
        match self {
            Self::Connect(packet) => packet.namespace(),
            Self::Disconnect(packet) => packet.namespace(),
            Self::Event(packet) => packet.namespace(),
            Self::Ack(packet) => packet.namespace(),
        }
    }
}

/// A CONNECT packet: the client asks to join a namespace.
#[derive(Clone)]
pub struct ConnectPacket(pub(super) Box<Connect>);

/// The content of a CONNECT packet.
#[derive(Clone)]
pub(super) struct Connect {
    pub(super) text: Box<str>,
    pub(super) namespace: Span,
    pub(super) auth: Option<Span>,
}

impl ConnectPacket {
    /// The namespace that the client asks to join.
    pub fn namespace(&self) -> &str {
        namespace_of(&self.0.text, self.0.namespace)
    }

    /// The JSON object that the client sent along, if it did. It is usually a secret.
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

/// A DISCONNECT packet: the client leaves a namespace.
#[derive(Clone, Debug)]
pub struct DisconnectPacket {
    pub(super) namespace: Box<str>,
}

impl DisconnectPacket {
    /// The namespace that the client leaves.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }
}

/// An EVENT or `BINARY_EVENT` packet.
#[derive(Clone)]
pub struct EventPacket(pub(super) Arc<PacketBuf>);

impl EventPacket {
    /// The namespace to which the packet was sent.
    pub fn namespace(&self) -> &str {
        namespace_of(self.0.text(), self.0.layout().namespace)
    }

    /// The event's name. A name that is a number is given as its digits.
    #[inline]
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// Whether the event has this name. This is faster than comparing with [`name`](Self::name).
    #[inline]
    pub fn is_named(&self, name: &str) -> bool {
        self.0.is_named(name)
    }

    /// The id for the acknowledgement, if the client asks for one.
    #[inline]
    pub fn id(&self) -> Option<u64> {
        self.0.layout().id
    }

    /// A cursor that reads the arguments after the name.
    #[inline]
    pub fn args(&self) -> Arguments<'_> {
        Arguments::of(&self.0)
    }

    /// The arguments after the name, unread, to be kept or passed on.
    pub fn raw_args(&self) -> Args {
        Args::of(self.0.clone())
    }

    /// The size of the packet as it was received, in bytes, attachments included.
    pub fn size(&self) -> usize {
        self.0.size()
    }

    /// Converts the packet into an event that is being handled.
    #[inline]
    pub fn open(self) -> ActiveEvent {
        ActiveEvent(Args::of(self.0))
    }

    /// Drops the packet. If nothing else shares its buffer, the thread keeps the buffer for a later
    /// packet.
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

/// An event that is being handled. Its arguments can be borrowed from it.
///
/// It is three words large and an [`EventPacket`] is one, so packets that wait are kept as
/// `EventPacket` and converted when they are handled.
#[derive(Clone)]
pub struct ActiveEvent(Args);

impl ActiveEvent {
    /// The event's name.
    #[inline]
    pub fn name(&self) -> &str {
        self.0.packet().map_or("", |packet| packet.name())
    }

    /// The id for the acknowledgement, if the client asks for one.
    #[inline]
    pub fn id(&self) -> Option<u64> {
        self.0.packet().and_then(|packet| packet.layout().id)
    }

    /// The arguments after the name.
    #[inline]
    pub fn args(&self) -> &Args {
        &self.0
    }

    /// Drops the packet and recycles its buffer, as [`EventPacket::recycle`] does.
    #[inline]
    pub fn recycle(self) {
        if let Some(packet) = self.0.into_packet() {
            PacketBuf::recycle(packet);
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

/// An ACK or `BINARY_ACK` packet, which acknowledges an event of the server.
#[derive(Clone)]
pub struct AckPacket {
    pub(super) packet: Arc<PacketBuf>,
    pub(super) id: u64,
}

impl AckPacket {
    /// The namespace to which the packet was sent.
    pub fn namespace(&self) -> &str {
        namespace_of(self.packet.text(), self.packet.layout().namespace)
    }

    /// The id of the acknowledged event.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// A cursor that reads the arguments of the acknowledgement.
    pub fn args(&self) -> Arguments<'_> {
        Arguments::of(&self.packet)
    }

    /// The arguments of the acknowledgement, unread, to be kept or passed on.
    pub fn raw_args(&self) -> Args {
        Args::of(self.packet.clone())
    }

    /// The size of the packet as it was received, in bytes, attachments included.
    pub fn size(&self) -> usize {
        self.packet.size()
    }

    /// Drops the packet and recycles its buffer, as [`EventPacket::recycle`] does.
    pub fn recycle(self) {
        PacketBuf::recycle(self.packet);
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
