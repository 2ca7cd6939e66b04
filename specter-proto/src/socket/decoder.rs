//! Messages of one connection into packets: what each must look like, within which limits, and
//! which attachments belong to it.
//!
//! Everything a client can get wrong in a packet by itself is found here, before anybody acts on
//! it. It must not know which namespaces there are or who has joined them.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::args::Args;
use super::error::ParseError;
use super::header::{Layout, PacketKind};
use super::json::{self, Elements, Name, ScanError};
use super::packet::{AckPacket, ConnectPacket, DisconnectPacket, EventPacket, Packet};
use super::placeholder::{Below, Placeholders, PlainData};
use super::reserved::is_reserved;
use super::span::{MAX_TEXT, Span};

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
    pub max_event_name: usize,
}

impl Default for DecoderLimits {
    /// 10 attachments and 1 MB, as in Socket.IO; names of 256 bytes.
    fn default() -> Self {
        Self {
            max_attachments: 10,
            max_bytes: 1_000_000,
            max_namespace: 256,
            max_event_name: 256,
        }
    }
}

/// Makes packets of a connection's messages. After an error the connection is to be closed.
///
/// ```
/// use specter_proto::socket::{Decoder, DecoderLimits, Packet};
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
    packet: Unassembled,
    expected: usize,
    attachments: Vec<Bytes>,
    /// Of the text and the attachments so far.
    bytes: usize,
}

/// An event or an acknowledgement without its attachments.
struct Unassembled {
    text: Arc<str>,
    namespace: Span,
    id: Option<u64>,
    elements: Elements,
    /// An acknowledgement has none.
    name: Option<Name>,
}

impl Unassembled {
    /// The packet; nothing if it is an acknowledgement that answers nothing.
    fn assemble(self, attachments: Vec<Bytes>) -> Option<Packet> {
        let args = Args::new(self.text, self.elements, attachments);
        let namespace = self.namespace;
        match self.name {
            Some(name) => Some(Packet::Event(EventPacket {
                args,
                namespace,
                name,
                id: self.id,
            })),
            None => self.id.map(|id| {
                Packet::Ack(AckPacket {
                    args,
                    namespace,
                    id,
                })
            }),
        }
    }
}

impl Decoder {
    /// For one connection.
    pub fn new(mut limits: DecoderLimits) -> Self {
        limits.max_bytes = limits.max_bytes.min(MAX_TEXT);
        Self {
            limits,
            pending: None,
        }
    }

    /// Takes a text message, without the Engine.IO type before it. `None`: the packet's attachments
    /// are still to come, or there is nothing to do (an acknowledgement without an id).
    pub fn text(&mut self, text: &str) -> Result<Option<Packet>, ParseError> {
        if self.pending.take().is_some() {
            return Err(ParseError::UnexpectedText);
        }
        self.check_size(text.len())?;
        let layout = Layout::read(text)?;
        let length = layout.namespace.len();
        if length > self.limits.max_namespace {
            let max = self.limits.max_namespace;
            return Err(ParseError::NamespaceLength { length, max });
        }
        let (elements, name) = match layout.kind {
            PacketKind::Connect => return connect(text, &layout).map(Some),
            PacketKind::Disconnect => return disconnect(text, &layout).map(Some),
            PacketKind::ConnectError => return Err(ParseError::ConnectError),
            PacketKind::Event => self.event(text, &layout, PlainData)?,
            PacketKind::BinaryEvent => {
                self.check_attachments(layout.attachments)?;
                self.event(text, &layout, Below(layout.attachments))?
            }
            PacketKind::Ack => ack(text, &layout, PlainData)?,
            PacketKind::BinaryAck => {
                self.check_attachments(layout.attachments)?;
                ack(text, &layout, Below(layout.attachments))?
            }
        };
        let Layout { namespace, id, .. } = layout;
        let packet = Unassembled {
            text: text.into(),
            namespace,
            id,
            elements,
            name,
        };
        if layout.attachments == 0 {
            return Ok(packet.assemble(Vec::new()));
        }
        self.pending = Some(Pending {
            packet,
            expected: layout.attachments,
            attachments: Vec::new(),
            bytes: text.len(),
        });
        Ok(None)
    }

    /// Takes a binary message: the next attachment of the packet that waits for some.
    pub fn binary(&mut self, data: &[u8]) -> Result<Option<Packet>, ParseError> {
        let mut pending = self.pending.take().ok_or(ParseError::UnexpectedBinary)?;
        pending.bytes = pending.bytes.saturating_add(data.len());
        self.check_size(pending.bytes)?;
        if pending.attachments.is_empty() {
            // One is the rule; how many are announced says nothing of how many come.
            pending.attachments.reserve_exact(1);
        }
        pending.attachments.push(Bytes::copy_from_slice(data));
        if pending.attachments.len() < pending.expected {
            self.pending = Some(pending);
            return Ok(None);
        }
        Ok(pending.packet.assemble(pending.attachments))
    }

    /// Whether attachments are still to come.
    pub fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Forgets a packet whose attachments have not all come.
    pub fn reset(&mut self) {
        self.pending = None;
    }

    fn check_size(&self, size: usize) -> Result<(), ParseError> {
        let max = self.limits.max_bytes;
        if size > max {
            Err(ParseError::Size { size, max })
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

    fn event<P: Placeholders>(
        &self,
        text: &str,
        layout: &Layout,
        placeholders: P,
    ) -> Result<(Elements, Option<Name>), ParseError> {
        let (name, elements) = json::event(text, layout.data, placeholders)
            .map_err(|error| refusal(error, layout.kind))?;
        let length = name.of(text).len();
        if length > self.limits.max_event_name {
            return Err(ParseError::EventNameLength {
                length,
                max: self.limits.max_event_name,
            });
        }
        if is_reserved(name.of(text)) {
            return Err(ParseError::ReservedName);
        }
        Ok((elements, Some(name)))
    }
}

fn ack<P: Placeholders>(
    text: &str,
    layout: &Layout,
    placeholders: P,
) -> Result<(Elements, Option<Name>), ParseError> {
    let elements = json::array(text, layout.data, placeholders)
        .map_err(|error| refusal(error, layout.kind))?;
    Ok((elements, None))
}

fn connect(text: &str, layout: &Layout) -> Result<Packet, ParseError> {
    let auth = if layout.data == text.len() {
        None
    } else {
        let auth = json::object(text, layout.data);
        Some(auth.map_err(|error| refusal(error, layout.kind))?)
    };
    Ok(Packet::Connect(ConnectPacket {
        text: text.into(),
        namespace: layout.namespace,
        auth,
    }))
}

fn disconnect(text: &str, layout: &Layout) -> Result<Packet, ParseError> {
    if layout.data < text.len() {
        return Err(ParseError::Payload { kind: layout.kind });
    }
    let namespace = layout.namespace_of(text).into();
    Ok(Packet::Disconnect(DisconnectPacket { namespace }))
}

fn refusal(error: ScanError, kind: PacketKind) -> ParseError {
    match error {
        ScanError::Syntax => ParseError::Payload { kind },
        ScanError::TooDeep => ParseError::Depth,
        ScanError::Placeholder => ParseError::Placeholder,
        ScanError::Name => ParseError::EventName,
    }
}
