//! Decodes the messages of one connection into packets: their form, their limits, and their
//! attachments.
//!
//! Everything that can be wrong with a packet by itself is found here, before anybody acts on it.
//! Which namespaces exist, and who has joined them, is not known here.

use std::fmt;

use super::event_prefix_cache::EventPrefixCache;
use super::header::{Layout, PacketKind, read_attachments};
use super::placeholder::{CheckIndices, IgnorePlaceholders, PlaceholderVisitor};
use super::scanner;
use super::scanner::{ArgSpan, EventName, ScanError};
use super::surrogates;
use crate::socketio::error::ParseError;
use crate::socketio::packet::{
    AckPacket, Connect, ConnectPacket, DisconnectPacket, EventPacket, Packet,
};
use crate::socketio::packet_buf::{PacketBuf, PacketLayout};
use crate::socketio::reserved::{is_reserved, is_suspect};
use crate::socketio::span::MAX_TEXT;

/// What an event's text begins with.
const EVENT: u8 = PacketKind::Event.as_byte();
/// The same where attachments follow.
const BINARY_EVENT: u8 = PacketKind::BinaryEvent.as_byte();

/// How much a client may send in one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecoderLimits {
    /// Attachments of one packet.
    pub max_attachments: usize,
    /// A packet's text and attachments together, in bytes. At most 4 GiB.
    pub max_bytes: usize,
    /// A namespace's name, in bytes.
    pub max_namespace: usize,
    /// An event's name, in bytes.
    pub max_event_name_len: usize,
}

impl Default for DecoderLimits {
    /// 10 attachments and 1 MB, as in Socket.IO; names of 256 bytes.
    fn default() -> Self {
        Self {
            max_attachments: 10,
            max_bytes: 1_000_000,
            max_namespace: 256,
            max_event_name_len: 256,
        }
    }
}

impl DecoderLimits {
    fn check_size(&self, size: usize) -> Result<(), ParseError> {
        let max = self.max_bytes;
        if size > max {
            Err(ParseError::Size { size, max })
        } else {
            Ok(())
        }
    }
}

/// Makes packets of a connection's messages. After an error the connection is to be closed.
///
/// ```
/// use specter_proto::socketio::{Decoder, DecoderLimits, Packet};
///
/// let mut decoder = Decoder::new(DecoderLimits::default());
/// let Ok(Some(Packet::Event(event))) = decoder.text(r#"2["sum",1,2]"#) else { panic!() };
/// assert_eq!(event.name(), "sum");
///
/// let mut args = event.args();
/// assert_eq!(args.next::<u32>().unwrap() + args.next::<u32>().unwrap(), 3);
/// ```
pub struct Decoder {
    limits: DecoderLimits,
    prefix_cache: EventPrefixCache,
    pending: Option<Pending>,
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("limits", &self.limits)
            .field("is_pending", &self.is_pending())
            .finish_non_exhaustive()
    }
}

/// A packet whose attachments have not all come.
struct Pending {
    /// With those that have come. None if it is an acknowledgement that answers nothing.
    packet: Option<Packet>,
    /// So many are still to come.
    missing: usize,
    /// Of the text and the attachments so far.
    bytes: usize,
}

impl Decoder {
    /// For one connection.
    pub fn new(mut limits: DecoderLimits) -> Self {
        limits.max_bytes = limits.max_bytes.min(MAX_TEXT);
        Self {
            limits,
            prefix_cache: EventPrefixCache::default(),
            pending: None,
        }
    }

    /// Takes a text message, without the Engine.IO type before it. `None`: the packet's attachments
    /// are still to come, or there is nothing to do (an acknowledgement without an id).
    ///
    /// Text that was cut inside a character, which JavaScript sends as a lone surrogate such as
    /// `\ud83d`, has U+FFFD in the place of what is lost, wherever it stands.
    pub fn text(&mut self, text: &str) -> Result<Option<Packet>, ParseError> {
        if self.pending.is_some() {
            self.pending = None;
            return Err(ParseError::UnexpectedText);
        }
        self.limits.check_size(text.len())?;
        let packet = match text.as_bytes().first() {
            Some(&EVENT) => self.plain_event(text),
            Some(&BINARY_EVENT) => self.binary_event(text),
            _ => self.other_packet(text),
        };
        packet.or_else(|refused| match refused {
            Refused::For(error) => Err(error),
            Refused::LoneSurrogate { data, .. } => self.repaired(text, data),
        })
    }

    /// Reads a packet that was refused for a lone surrogate, with U+FFFD in the place of each.
    #[cold]
    fn repaired(&mut self, text: &str, data: usize) -> Result<Option<Packet>, ParseError> {
        let text = surrogates::repaired(text, data);
        self.other_packet(&text).map_err(|refused| match refused {
            Refused::For(error) => error,
            Refused::LoneSurrogate { kind, .. } => ParseError::Payload { kind },
        })
    }

    /// Takes the text of an event without attachments: what nearly every packet is.
    fn plain_event(&mut self, text: &str) -> Result<Option<Packet>, Refused> {
        let layout = Layout::after_kind(PacketKind::Event, 0, text, 1)?;
        self.check_namespace(&layout)?;
        self.event(text, &layout, IgnorePlaceholders).map(Some)
    }

    /// Takes the text of an event with attachments.
    #[inline(never)]
    fn binary_event(&mut self, text: &str) -> Result<Option<Packet>, Refused> {
        let (attachments, at) = read_attachments(text.as_bytes(), 1)?;
        let layout = Layout::after_kind(PacketKind::BinaryEvent, attachments, text, at)?;
        self.check_namespace(&layout)?;
        self.check_attachments(attachments)?;
        let event = self.event(text, &layout, CheckIndices(attachments))?;
        self.await_attachments(Some(event), attachments, text.len());
        Ok(None)
    }

    /// Takes the text of any packet.
    #[inline(never)]
    fn other_packet(&mut self, text: &str) -> Result<Option<Packet>, Refused> {
        let layout = Layout::read(text)?;
        self.check_namespace(&layout)?;
        match layout.kind {
            PacketKind::Event => self.plain_event(text),
            PacketKind::BinaryEvent => self.binary_event(text),
            PacketKind::Ack => ack(text, &layout, IgnorePlaceholders),
            PacketKind::Connect => connect(text, &layout).map(Some),
            PacketKind::Disconnect => Ok(disconnect(text, &layout).map(Some)?),
            PacketKind::ConnectError => Err(ParseError::ConnectError.into()),
            PacketKind::BinaryAck => {
                self.check_attachments(layout.attachments)?;
                let ack = ack(text, &layout, CheckIndices(layout.attachments))?;
                self.await_attachments(ack, layout.attachments, text.len());
                Ok(None)
            }
        }
    }

    /// So many attachments are still to come.
    #[inline]
    fn await_attachments(&mut self, packet: Option<Packet>, missing: usize, bytes: usize) {
        self.pending = Some(Pending {
            packet,
            missing,
            bytes,
        });
    }

    /// Takes a binary message: the next attachment of the packet that waits for some.
    pub fn binary(&mut self, data: &[u8]) -> Result<Option<Packet>, ParseError> {
        let pending = self.pending.as_mut().ok_or(ParseError::UnexpectedBinary)?;
        pending.bytes = pending.bytes.saturating_add(data.len());
        if let Err(error) = self.limits.check_size(pending.bytes) {
            self.pending = None;
            return Err(error);
        }
        match &mut pending.packet {
            Some(Packet::Event(event)) => PacketBuf::attach(&mut event.0, data),
            Some(Packet::Ack(ack)) => PacketBuf::attach(&mut ack.came, data),
            Some(Packet::Connect(_) | Packet::Disconnect(_)) | None => {}
        }
        pending.missing -= 1;
        if pending.missing > 0 {
            return Ok(None);
        }
        Ok(self.pending.take().and_then(|pending| pending.packet))
    }

    /// Whether attachments are still to come.
    pub fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// How many bytes it holds of a packet whose attachments have not all come.
    #[inline]
    pub fn buffered_bytes(&self) -> usize {
        self.pending.as_ref().map_or(0, |pending| pending.bytes)
    }

    /// Forgets a packet whose attachments have not all come.
    pub fn reset(&mut self) {
        self.pending = None;
    }

    fn check_namespace(&self, layout: &Layout) -> Result<(), ParseError> {
        let length = layout.namespace.len();
        let max = self.limits.max_namespace;
        if length > max {
            Err(ParseError::NamespaceLength { length, max })
        } else {
            Ok(())
        }
    }

    fn check_attachments(&self, count: usize) -> Result<(), ParseError> {
        let max = self.limits.max_attachments;
        if count == 0 {
            Err(ParseError::AttachmentCount)
        } else if count > max {
            Err(ParseError::TooManyAttachments { count, max })
        } else {
            Ok(())
        }
    }

    #[inline]
    fn event<P: PlaceholderVisitor>(
        &mut self,
        text: &str,
        layout: &Layout,
        placeholders: P,
    ) -> Result<Packet, Refused> {
        let known = self.prefix_cache.find(text, layout.data);
        let (name, elements) = match known {
            Some((name, behind)) => {
                let elements = scanner::args_after_name(text, behind, placeholders)
                    .map_err(|error| parse_error(error, layout))?;
                (EventName::Raw(name), elements)
            }
            None => self.read_event(text, layout, placeholders)?,
        };
        let places = PacketLayout {
            namespace: layout.namespace,
            name,
            id: layout.id,
            elements,
        };
        Ok(Packet::Event(EventPacket(PacketBuf::new(text, places))))
    }

    /// Reads an event's data from the name on.
    #[inline(never)]
    fn read_event<P: PlaceholderVisitor>(
        &mut self,
        text: &str,
        layout: &Layout,
        placeholders: P,
    ) -> Result<(EventName, ArgSpan), Refused> {
        let (name, elements) = scanner::event(text, layout.data, placeholders)
            .map_err(|error| parse_error(error, layout))?;
        let length = name.len();
        if length > self.limits.max_event_name_len {
            let max = self.limits.max_event_name_len;
            return Err(ParseError::EventNameLength { length, max }.into());
        }
        if is_suspect(length) && is_reserved(name.of(text)) {
            return Err(ParseError::ReservedName.into());
        }
        if let EventName::Raw(span) = name {
            self.prefix_cache.store(text, layout.data, span);
        }
        Ok((name, elements))
    }
}

/// The packet; nothing if it answers nothing.
fn ack<P: PlaceholderVisitor>(
    text: &str,
    layout: &Layout,
    placeholders: P,
) -> Result<Option<Packet>, Refused> {
    let elements = scanner::array(text, layout.data, placeholders)
        .map_err(|error| parse_error(error, layout))?;
    Ok(layout.id.map(|id| {
        let places = PacketLayout {
            namespace: layout.namespace,
            name: EventName::default(),
            id: Some(id),
            elements,
        };
        let came = PacketBuf::new(text, places);
        Packet::Ack(AckPacket { came, id })
    }))
}

fn connect(text: &str, layout: &Layout) -> Result<Packet, Refused> {
    let auth = if layout.data == text.len() {
        None
    } else {
        let auth = scanner::object(text, layout.data);
        Some(auth.map_err(|error| parse_error(error, layout))?)
    };
    let namespace = layout.namespace;
    Ok(Packet::Connect(ConnectPacket(Box::new(Connect {
        text: text.into(),
        namespace,
        auth,
    }))))
}

fn disconnect(text: &str, layout: &Layout) -> Result<Packet, ParseError> {
    if layout.data < text.len() {
        return Err(ParseError::Payload { kind: layout.kind });
    }
    let namespace = layout.namespace_of(text).into();
    Ok(Packet::Disconnect(DisconnectPacket { namespace }))
}

/// Why a text is no packet as it stands.
enum Refused {
    /// It breaks a rule.
    For(ParseError),
    /// Its data, which begins there, holds half a character, which can be repaired.
    LoneSurrogate { kind: PacketKind, data: usize },
}

impl From<ParseError> for Refused {
    fn from(error: ParseError) -> Self {
        Self::For(error)
    }
}

#[cold]
fn parse_error(error: ScanError, layout: &Layout) -> Refused {
    let kind = layout.kind;
    Refused::For(match error {
        ScanError::Syntax => ParseError::Payload { kind },
        ScanError::TooDeep => ParseError::Depth,
        ScanError::Placeholder => ParseError::Placeholder,
        ScanError::EventName => ParseError::EventName,
        ScanError::LoneSurrogate => {
            let data = layout.data;
            return Refused::LoneSurrogate { kind, data };
        }
    })
}
