//! The header of a packet: its kind, number of attachments, namespace and acknowledgement id
//! (Socket.IO v5, "Packet encoding").
//!
//! This module only knows the grammar. The decoder checks which kinds a client may send, and the
//! limits.

use crate::socketio::error::ParseError;
use crate::socketio::packet_kind::PacketKind;
use crate::socketio::span::Span;

/// The largest acknowledgement id: 2^53, up to which every client can count exactly.
pub const MAX_ID: u64 = 1 << 53;

/// A packet's header, and the data after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The kind of the packet.
    pub kind: PacketKind,
    /// The number of attachments that follow. 0 for a kind without attachments.
    pub attachments: usize,
    /// The namespace as it is written, or `/` if none is written. A query, which earlier versions
    /// of the protocol had, is part of the name.
    pub namespace: &'a str,
    /// The acknowledgement id.
    pub id: Option<u64>,
    /// The JSON after the header, unchecked. It may be empty.
    pub data: &'a str,
}

/// Reads a packet's header. `text` is an Engine.IO message, without the `4` in front of it.
///
/// Fails if the kind is unknown, the number of attachments is malformed, or the id is larger than
/// [`MAX_ID`].
///
/// ```
/// let header = specter_proto::socketio::parse_header(r#"2/chat,7["hello"]"#).unwrap();
/// assert_eq!(header.namespace, "/chat");
/// assert_eq!(header.id, Some(7));
/// assert_eq!(header.data, r#"["hello"]"#);
/// ```
pub fn parse_header(text: &str) -> Result<Header<'_>, ParseError> {
    let layout = HeaderLayout::read(text)?;
    Ok(Header {
        kind: layout.kind,
        attachments: layout.attachments,
        namespace: layout.namespace_of(text),
        id: layout.id,
        data: text.get(layout.data..).unwrap_or_default(),
    })
}

/// A header that has ranges instead of references, so that it stays valid for a copy of the text.
#[derive(Clone, Copy, Debug)]
pub(in crate::socketio) struct HeaderLayout {
    pub(in crate::socketio) kind: PacketKind,
    pub(in crate::socketio) attachments: usize,
    /// Empty if no namespace is written.
    pub(in crate::socketio) namespace: Span,
    pub(in crate::socketio) id: Option<u64>,
    /// The index at which the data begins.
    pub(in crate::socketio) data: usize,
}

impl HeaderLayout {
    /// Reads the header at the start of `text`.
    pub(in crate::socketio) fn read(text: &str) -> Result<Self, ParseError> {
        let bytes = text.as_bytes();
        let kind = bytes.first().and_then(|&byte| PacketKind::from_byte(byte));
        let kind = kind.ok_or(ParseError::UnknownKind)?;
        let mut at = 1;
        let mut attachments = 0;
        if kind.is_binary() {
            (attachments, at) = read_attachments(bytes, at)?;
        }
        Self::after_kind(kind, attachments, text, at)
    }

    /// Reads the rest of the header, which begins at `at`, after the kind and the number of
    /// attachments.
    #[inline]
    pub(in crate::socketio) fn after_kind(
        kind: PacketKind,
        attachments: usize,
        text: &str,
        at: usize,
    ) -> Result<Self, ParseError> {
        let (namespace, at) = read_namespace(text, at);
        let (id, data) = read_id(text.as_bytes(), at)?;
        Ok(Self {
            kind,
            attachments,
            namespace,
            id,
            data,
        })
    }

    pub(in crate::socketio) fn namespace_of<'a>(&self, text: &'a str) -> &'a str {
        namespace_of(text, self.namespace)
    }
}

/// The namespace that a packet's range names. An empty range is the root namespace.
pub(in crate::socketio) fn namespace_of(text: &str, span: Span) -> &str {
    if span.len() == 0 { "/" } else { span.of(text) }
}

/// Reads `N-`, and returns the number and the index after it. A number that is too large for a
/// `usize` becomes the largest `usize`.
#[inline]
pub(in crate::socketio) fn read_attachments(
    bytes: &[u8],
    start: usize,
) -> Result<(usize, usize), ParseError> {
    // Most packets have fewer than ten attachments.
    if let Some([digit @ b'0'..=b'9', b'-']) = bytes.get(start..start + 2) {
        return Ok((usize::from(digit - b'0'), start + 2));
    }
    read_many_attachments(bytes, start)
}

/// Reads a number of any length as [`read_attachments`] does.
#[inline(never)]
fn read_many_attachments(bytes: &[u8], start: usize) -> Result<(usize, usize), ParseError> {
    let mut at = start;
    let mut count = 0_usize;
    while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
        count = count
            .saturating_mul(10)
            .saturating_add(usize::from(digit - b'0'));
        at += 1;
    }
    if at == start || bytes.get(at) != Some(&b'-') {
        return Err(ParseError::AttachmentCount);
    }
    Ok((count, at + 1))
}

/// Reads `/name` up to a comma or the end of the text. Returns the range of the name and the index
/// after the comma.
fn read_namespace(text: &str, start: usize) -> (Span, usize) {
    if text.as_bytes().get(start) != Some(&b'/') {
        return (Span::empty(start), start);
    }
    let rest = text.get(start..).unwrap_or_default();
    let (name, next) = match rest.find(',') {
        Some(comma) => (rest.get(..comma).unwrap_or_default(), start + comma + 1),
        None => (rest, text.len()),
    };
    (Span::new(start, start + name.len()), next)
}

/// Reads an id, if there are digits. Returns it and the index after it.
#[inline]
fn read_id(bytes: &[u8], start: usize) -> Result<(Option<u64>, usize), ParseError> {
    let mut at = start;
    let mut id = 0_u64;
    while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
        // The id was at most 2^53 before, so this cannot overflow.
        id = id * 10 + u64::from(digit - b'0');
        if id > MAX_ID {
            return Err(ParseError::AckId);
        }
        at += 1;
    }
    Ok(((at > start).then_some(id), at))
}
