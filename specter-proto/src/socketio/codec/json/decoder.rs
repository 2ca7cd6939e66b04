//! Decodes the messages of one connection into packets: checks their form and their limits, and
//! collects their attachments.
//!
//! Every fault that a packet has by itself is found here, before the packet has any effect. The
//! decoder does not know which namespaces exist, nor who has joined them.

use std::fmt;

use super::event_prefix_cache::EventPrefixCache;
use super::header::{HeaderLayout, read_attachments};
use super::placeholder::{CheckIndices, IgnorePlaceholders, PlaceholderVisitor};
use super::scan_error::ScanError;
use super::scanner;
use super::scanner::{ArgSpan, EventName};
use super::surrogates;
use crate::socketio::error::ParseError;
use crate::socketio::packet::{
    AckPacket, Connect, ConnectPacket, DisconnectPacket, EventPacket, Packet,
};
use crate::socketio::packet_buf::{PacketBuf, PacketLayout};
use crate::socketio::packet_kind::PacketKind;
use crate::socketio::reserved::{has_reserved_length, is_reserved};
use crate::socketio::span::MAX_TEXT;

/// The first byte of an event without attachments.
const EVENT: u8 = PacketKind::Event.as_byte();
/// The first byte of an event with attachments.
const BINARY_EVENT: u8 = PacketKind::BinaryEvent.as_byte();

/// The limits of one received packet. A packet over a limit is an error, after which the connection
/// must be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecoderLimits {
    /// The largest number of attachments. A packet that announces more is
    /// [`ParseError::TooManyAttachments`]. Default: 10, as in Socket.IO.
    pub max_attachments: usize,
    /// The largest size of the text and the attachments together, in bytes. A larger packet is
    /// [`ParseError::Size`]. A limit above 4 GiB counts as 4 GiB. Default: 1,000,000, as in
    /// Socket.IO.
    pub max_bytes: usize,
    /// The longest name of a namespace, in bytes. A longer one is [`ParseError::NamespaceLength`].
    /// Default: 256.
    pub max_namespace_len: usize,
    /// The longest name of an event, in bytes. A longer one is [`ParseError::EventNameLength`].
    /// Default: 256.
    pub max_event_name_len: usize,
}

impl Default for DecoderLimits {
    /// 10 attachments and 1 MB, as in Socket.IO, and names of 256 bytes.
    fn default() -> Self {
        Self {
            max_attachments: 10,
            max_bytes: 1_000_000,
            max_namespace_len: 256,
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

/// Decodes the messages of a connection into packets. After an error the connection must be closed.
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

/// A packet that waits for attachments.
struct Pending {
    /// The packet with the attachments so far. `None` for an acknowledgement without an id, which
    /// acknowledges nothing.
    packet: Option<Packet>,
    /// The number of attachments that were not received yet.
    missing: usize,
    /// The size of the text and the attachments so far, in bytes.
    bytes: usize,
}

impl Decoder {
    /// Creates a decoder for one connection.
    pub fn new(mut limits: DecoderLimits) -> Self {
        limits.max_bytes = limits.max_bytes.min(MAX_TEXT);
        Self {
            limits,
            prefix_cache: EventPrefixCache::default(),
            pending: None,
        }
    }

    /// Takes a text message, without the Engine.IO type in front of it. Returns `None` if the
    /// packet waits for attachments, or if there is nothing to do, as for an acknowledgement
    /// without an id.
    ///
    /// JavaScript can cut a text inside a character, and sends a lone surrogate there as an escape
    /// such as `\ud83d`. Each lone surrogate in the packet's data is replaced by U+FFFD.
    pub fn text(&mut self, text: &str) -> Result<Option<Packet>, ParseError> {
        if self.pending.is_some() {
            self.pending = None;
            return Err(ParseError::UnexpectedText);
        }
        self.limits.check_size(text.len())?;
        let packet = match text.as_bytes().first() {
            Some(&EVENT) => self.text_event(text),
            Some(&BINARY_EVENT) => self.binary_event(text),
            _ => self.other_packet(text),
        };
        packet.or_else(|failure| match failure {
            DecodeFailure::Invalid(error) => Err(error),
            DecodeFailure::LoneSurrogate { data, .. } => self.decode_repaired(text, data),
        })
    }

    /// Decodes a packet after replacing each lone surrogate by U+FFFD.
    #[cold]
    fn decode_repaired(&mut self, text: &str, data: usize) -> Result<Option<Packet>, ParseError> {
        let text = surrogates::repair(text, data);
        self.other_packet(&text).map_err(|failure| match failure {
            DecodeFailure::Invalid(error) => error,
            DecodeFailure::LoneSurrogate { kind, .. } => ParseError::Payload { kind },
        })
    }

    /// Takes the text of an event without attachments, as nearly every packet is.
    fn text_event(&mut self, text: &str) -> Result<Option<Packet>, DecodeFailure> {
        let header = HeaderLayout::after_kind(PacketKind::Event, 0, text, 1)?;
        self.check_namespace(&header)?;
        self.event(text, &header, IgnorePlaceholders).map(Some)
    }

    /// Takes the text of an event with attachments.
    #[inline(never)]
    fn binary_event(&mut self, text: &str) -> Result<Option<Packet>, DecodeFailure> {
        let (attachments, at) = read_attachments(text.as_bytes(), 1)?;
        let header = HeaderLayout::after_kind(PacketKind::BinaryEvent, attachments, text, at)?;
        self.check_namespace(&header)?;
        self.check_attachments(attachments)?;
        let event = self.event(text, &header, CheckIndices(attachments))?;
        self.await_attachments(Some(event), attachments, text.len());
        Ok(None)
    }

    /// Takes the text of any packet.
    #[inline(never)]
    fn other_packet(&mut self, text: &str) -> Result<Option<Packet>, DecodeFailure> {
        let header = HeaderLayout::read(text)?;
        self.check_namespace(&header)?;
        match header.kind {
            PacketKind::Event => self.text_event(text),
            PacketKind::BinaryEvent => self.binary_event(text),
            PacketKind::Ack => ack(text, &header, IgnorePlaceholders),
            PacketKind::Connect => connect(text, &header).map(Some),
            PacketKind::Disconnect => Ok(disconnect(text, &header).map(Some)?),
            PacketKind::ConnectError => Err(ParseError::ConnectError.into()),
            PacketKind::BinaryAck => {
                self.check_attachments(header.attachments)?;
                let ack = ack(text, &header, CheckIndices(header.attachments))?;
                self.await_attachments(ack, header.attachments, text.len());
                Ok(None)
            }
        }
    }

    /// Keeps a packet until its attachments have been received.
    #[inline]
    fn await_attachments(&mut self, packet: Option<Packet>, missing: usize, bytes: usize) {
        self.pending = Some(Pending {
            packet,
            missing,
            bytes,
        });
    }

    /// Takes a binary message, which is the next attachment of the packet that waits for
    /// attachments. Returns the packet when its last attachment has been received.
    pub fn binary(&mut self, data: &[u8]) -> Result<Option<Packet>, ParseError> {
        let pending = self.pending.as_mut().ok_or(ParseError::UnexpectedBinary)?;
        pending.bytes = pending.bytes.saturating_add(data.len());
        if let Err(error) = self.limits.check_size(pending.bytes) {
            self.pending = None;
            return Err(error);
        }
        match &mut pending.packet {
            Some(Packet::Event(event)) => PacketBuf::attach(&mut event.0, data),
            Some(Packet::Ack(ack)) => PacketBuf::attach(&mut ack.packet, data),
            Some(Packet::Connect(_) | Packet::Disconnect(_)) | None => {}
        }
        pending.missing -= 1;
        if pending.missing > 0 {
            return Ok(None);
        }
        Ok(self.pending.take().and_then(|pending| pending.packet))
    }

    /// Whether a packet waits for attachments.
    pub fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// The number of bytes that the decoder holds of a packet that waits for attachments.
    #[inline]
    pub fn buffered_bytes(&self) -> usize {
        self.pending.as_ref().map_or(0, |pending| pending.bytes)
    }

    /// Drops a packet that waits for attachments.
    pub fn reset(&mut self) {
        self.pending = None;
    }

    fn check_namespace(&self, header: &HeaderLayout) -> Result<(), ParseError> {
        let length = header.namespace.len();
        let max = self.limits.max_namespace_len;
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
        header: &HeaderLayout,
        placeholders: P,
    ) -> Result<Packet, DecodeFailure> {
        let cached = self.prefix_cache.find(text, header.data);
        let (name, elements) = match cached {
            Some((name, first_arg)) => {
                let elements = scanner::args_after_name(text, first_arg, placeholders)
                    .map_err(|error| parse_error(error, header))?;
                (EventName::Raw(name), elements)
            }
            None => self.read_event(text, header, placeholders)?,
        };
        let layout = PacketLayout {
            namespace: header.namespace,
            name,
            id: header.id,
            elements,
        };
        Ok(Packet::Event(EventPacket(PacketBuf::new(text, layout))))
    }

    /// Reads the data of an event from its start on.
    #[inline(never)]
    fn read_event<P: PlaceholderVisitor>(
        &mut self,
        text: &str,
        header: &HeaderLayout,
        placeholders: P,
    ) -> Result<(EventName, ArgSpan), DecodeFailure> {
        let (name, elements) = scanner::event(text, header.data, placeholders)
            .map_err(|error| parse_error(error, header))?;
        let length = name.len();
        if length > self.limits.max_event_name_len {
            let max = self.limits.max_event_name_len;
            return Err(ParseError::EventNameLength { length, max }.into());
        }
        if has_reserved_length(length) && is_reserved(name.of(text)) {
            return Err(ParseError::ReservedName.into());
        }
        if let EventName::Raw(span) = name {
            self.prefix_cache.store(text, header.data, span);
        }
        Ok((name, elements))
    }
}

/// Decodes an acknowledgement. Returns `None` if it has no id, because then it acknowledges
/// nothing.
fn ack<P: PlaceholderVisitor>(
    text: &str,
    header: &HeaderLayout,
    placeholders: P,
) -> Result<Option<Packet>, DecodeFailure> {
    let elements = scanner::array(text, header.data, placeholders)
        .map_err(|error| parse_error(error, header))?;
    Ok(header.id.map(|id| {
        let layout = PacketLayout {
            namespace: header.namespace,
            name: EventName::default(),
            id: Some(id),
            elements,
        };
        let packet = PacketBuf::new(text, layout);
        Packet::Ack(AckPacket { packet, id })
    }))
}

fn connect(text: &str, header: &HeaderLayout) -> Result<Packet, DecodeFailure> {
    let auth = if header.data == text.len() {
        None
    } else {
        let auth = scanner::object(text, header.data);
        Some(auth.map_err(|error| parse_error(error, header))?)
    };
    let namespace = header.namespace;
    Ok(Packet::Connect(ConnectPacket(Box::new(Connect {
        text: text.into(),
        namespace,
        auth,
    }))))
}

fn disconnect(text: &str, header: &HeaderLayout) -> Result<Packet, ParseError> {
    if header.data < text.len() {
        return Err(ParseError::Payload { kind: header.kind });
    }
    let namespace = header.namespace_of(text).into();
    Ok(Packet::Disconnect(DisconnectPacket { namespace }))
}

/// The reason why a text could not be decoded.
enum DecodeFailure {
    /// The text breaks a rule.
    Invalid(ParseError),
    /// The text's data, which begins at `data`, has a lone surrogate, which can be repaired.
    LoneSurrogate { kind: PacketKind, data: usize },
}

impl From<ParseError> for DecodeFailure {
    fn from(error: ParseError) -> Self {
        Self::Invalid(error)
    }
}

#[cold]
fn parse_error(error: ScanError, header: &HeaderLayout) -> DecodeFailure {
    let kind = header.kind;
    DecodeFailure::Invalid(match error {
        ScanError::Syntax => ParseError::Payload { kind },
        ScanError::TooDeep => ParseError::Depth,
        ScanError::Placeholder => ParseError::Placeholder,
        ScanError::EventName => ParseError::EventName,
        ScanError::LoneSurrogate => {
            let data = header.data;
            return DecodeFailure::LoneSurrogate { kind, data };
        }
    })
}
