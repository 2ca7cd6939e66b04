//! Encodes outgoing packets, each once and directly into the frame that is sent.
//!
//! The header is written first, as the header of a packet without attachments. It is corrected if
//! the arguments have attachments. The outermost type of a value decides which arguments it becomes
//! (`args_serializer`): `()` becomes no argument, a tuple several, [`Args`](crate::socketio::Args)
//! the arguments that they hold, and every other value one.
//!
//! A [`Destination`] has the name of a namespace, which is written unchanged. The caller must
//! ensure that the name begins with `/` and contains neither `,` nor `?`.

use bytes::Bytes;
use serde::Serialize;
use serde::ser::Error as _;

use crate::engine::{EncodedPacket, FrameAppender, FrameBuilder, FrameKind};

use super::placeholder::CheckIndices;
use super::scan_error::ScanError;
use super::scanner;
use super::string_scan::find_special;
use super::{args_serializer, surrogates};
pub use crate::socketio::attachment_limits::{CLIENT_MAX_ATTACHMENTS, MAX_ATTACHMENTS};
use crate::socketio::attachment_scope;
use crate::socketio::attachments::Attachments;
pub use crate::socketio::destination::Destination;
use crate::socketio::error::EncodeError;
use crate::socketio::packet_kind::PacketKind;
use crate::socketio::packet_writer::{PacketWriter, append_attachments};
use crate::socketio::reserved::is_reserved;

/// The expected size of arguments, in bytes. Reserving it saves the first few growths of the
/// buffer.
const EXPECTED_ARGS_SIZE: usize = 96;

/// The number of digits of the largest number in a header.
const MAX_DIGITS: usize = 20;

/// Encodes an event. With an `id` it asks the client for an acknowledgement.
///
/// Fails if the name is [reserved](is_reserved), if the arguments cannot be written as JSON, if
/// they have more attachments than the destination accepts, or if they have attachments and also
/// contain a forged placeholder or are nested too deeply.
///
/// ```
/// use specter_proto::socketio::encode;
///
/// let packet = encode::event("/chat", None, "hello", &("world", 1)).unwrap();
/// let frame = packet.frames().next().unwrap();
/// assert_eq!(frame.payload(), br#"42/chat,["hello","world",1]"#);
/// ```
pub fn event<'a, T: Serialize + ?Sized>(
    to: impl Into<Destination<'a>>,
    id: Option<u64>,
    name: &str,
    args: &T,
) -> Result<EncodedPacket, EncodeError> {
    outgoing_event(to, id, name, args).map(EncodedPacket::from)
}

/// Encodes an event as [`event`] does, but leaves it in the buffer in which it was written.
pub fn outgoing_event<'a, T: Serialize + ?Sized>(
    to: impl Into<Destination<'a>>,
    id: Option<u64>,
    name: &str,
    args: &T,
) -> Result<PacketWriter, EncodeError> {
    if is_reserved(name) {
        return Err(EncodeError::ReservedName {
            name: name.to_owned(),
        });
    }
    let to = to.into();
    let namespace = to.namespace();
    let mut frame = frame(namespace, name.len() + EXPECTED_ARGS_SIZE);
    let mut packet = UnfinishedPacket::new(frame.body(), EVENT, namespace, id);
    write_event_start(packet.body, name);
    let (_, attachments) = write_args(args, packet.body, true, to)?;
    packet.end(&attachments);
    Ok(close(frame, attachments))
}

/// Encodes the acknowledgement of the event with this `id`. Fails as [`event`] does, apart from the
/// name.
pub fn ack<'a, T: Serialize + ?Sized>(
    to: impl Into<Destination<'a>>,
    id: u64,
    args: &T,
) -> Result<EncodedPacket, EncodeError> {
    outgoing_ack(to, id, args).map(EncodedPacket::from)
}

/// Encodes an acknowledgement as [`ack`] does, but leaves it in the buffer in which it was written.
pub fn outgoing_ack<'a, T: Serialize + ?Sized>(
    to: impl Into<Destination<'a>>,
    id: u64,
    args: &T,
) -> Result<PacketWriter, EncodeError> {
    let to = to.into();
    let mut frame = frame(to.namespace(), EXPECTED_ARGS_SIZE);
    let attachments = write_ack(frame.body(), to, id, args)?;
    Ok(close(frame, attachments))
}

/// Encodes an acknowledgement at the end of `bytes`, as it is sent on a WebSocket. If that fails,
/// or a value panics, `bytes` is unchanged.
///
/// ```
/// use specter_proto::socketio::encode;
///
/// let mut bytes = Vec::new();
/// encode::append_ack(&mut bytes, "/", 7, &"yes").unwrap();
/// assert_eq!(bytes, b"\x81\x0a437[\"yes\"]");
/// ```
pub fn append_ack<'a, T: Serialize + ?Sized>(
    bytes: &mut Vec<u8>,
    to: impl Into<Destination<'a>>,
    id: u64,
    args: &T,
) -> Result<(), EncodeError> {
    let to = to.into();
    let mut frame = FrameAppender::new(bytes, header_size(to.namespace()) + EXPECTED_ARGS_SIZE);
    let attachments = write_ack(frame.body(), to, id, args)?;
    frame.close(FrameKind::Text);
    if !attachments.is_nothing() {
        append_attachments(&attachments, bytes);
    }
    Ok(())
}

#[inline]
fn write_ack<T: Serialize + ?Sized>(
    body: &mut Vec<u8>,
    to: Destination<'_>,
    id: u64,
    args: &T,
) -> Result<Attachments, EncodeError> {
    let mut packet = UnfinishedPacket::new(body, ACK, to.namespace(), Some(id));
    packet.body.push(b'[');
    let (_, attachments) = write_args(args, packet.body, false, to)?;
    packet.end(&attachments);
    Ok(attachments)
}

/// Encodes the server's answer to a CONNECT: the client has joined the namespace, and `sid` is the
/// socket's public id.
pub fn connect(namespace: &str, sid: &str) -> EncodedPacket {
    let mut frame = frame(namespace, sid.len() + 16);
    let UnfinishedPacket { body, .. } =
        UnfinishedPacket::new(frame.body(), CONNECT, namespace, None);
    body.extend_from_slice(br#"{"sid":"#);
    write_string(body, sid);
    body.push(b'}');
    frame.finish(FrameKind::Text).into()
}

/// Encodes the server's rejection of a CONNECT. Bytes in `data` are written as lists of numbers.
/// Fails if `data` cannot be written as JSON.
pub fn connect_error<T: Serialize + ?Sized>(
    namespace: &str,
    message: &str,
    data: Option<&T>,
) -> Result<EncodedPacket, EncodeError> {
    let mut frame = frame(namespace, message.len() + EXPECTED_ARGS_SIZE);
    let UnfinishedPacket { body, .. } =
        UnfinishedPacket::new(frame.body(), CONNECT_ERROR, namespace, None);
    body.extend_from_slice(br#"{"message":"#);
    write_string(body, message);
    if let Some(data) = data {
        body.extend_from_slice(br#","data":"#);
        serde_json::to_writer(&mut *body, data)?;
    }
    body.push(b'}');
    Ok(frame.finish(FrameKind::Text).into())
}

/// Encodes a DISCONNECT: the client is no longer in the namespace.
pub fn disconnect(namespace: &str) -> EncodedPacket {
    let mut frame = frame(namespace, 0);
    UnfinishedPacket::new(frame.body(), DISCONNECT, namespace, None);
    frame.finish(FrameKind::Text).into()
}

/// Arguments that were encoded before their packets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncodedArgs {
    /// The JSON of the arguments, joined by commas, without brackets around them.
    pub json: Vec<u8>,
    /// The number of arguments.
    pub count: usize,
    /// The attachments to which placeholders in `json` refer.
    pub attachments: Vec<Bytes>,
}

/// Encodes arguments for [`event_encoded`] and [`ack_encoded`]. Their destination is not known yet,
/// so only [`MAX_ATTACHMENTS`] limits their attachments; check each destination later with
/// [`Destination::check_attachments`]. Fails as [`event`] does, apart from the name.
pub fn args<T: Serialize + ?Sized>(args: &T) -> Result<EncodedArgs, EncodeError> {
    let mut json = Vec::new();
    let to = Destination::from("/");
    let (count, attachments) = write_args(args, &mut json, false, to)?;
    Ok(EncodedArgs {
        json,
        count,
        attachments: attachments.into_vec(),
    })
}

/// Encodes an event with arguments that were encoded before. Checks neither the name (see
/// [`is_reserved`]) nor the number of attachments.
pub fn event_encoded(
    namespace: &str,
    id: Option<u64>,
    name: &str,
    args: EncodedArgs,
) -> PacketWriter {
    let mut frame = frame(namespace, name.len() + args.json.len() + 8);
    let mut packet = UnfinishedPacket::new(frame.body(), EVENT, namespace, id);
    write_event_start(packet.body, name);
    if args.count > 0 {
        packet.body.push(b',');
        packet.body.extend_from_slice(&args.json);
    }
    let attachments = args.attachments.into();
    packet.end(&attachments);
    close(frame, attachments)
}

/// Encodes an acknowledgement with arguments that were encoded before. Does not check the number of
/// attachments.
pub fn ack_encoded(namespace: &str, id: u64, args: EncodedArgs) -> PacketWriter {
    let mut frame = frame(namespace, args.json.len() + 2);
    let mut packet = UnfinishedPacket::new(frame.body(), ACK, namespace, Some(id));
    packet.body.push(b'[');
    packet.body.extend_from_slice(&args.json);
    let attachments = args.attachments.into();
    packet.end(&attachments);
    close(frame, attachments)
}

/// The two kinds of a packet: without attachments, and with attachments.
type Kinds = [PacketKind; 2];

const EVENT: Kinds = [PacketKind::Event, PacketKind::BinaryEvent];
const ACK: Kinds = [PacketKind::Ack, PacketKind::BinaryAck];
/// A packet of this kind has no attachments.
const CONNECT: Kinds = [PacketKind::Connect; 2];
/// A packet of this kind has no attachments.
const CONNECT_ERROR: Kinds = [PacketKind::ConnectError; 2];
/// A packet of this kind has no attachments.
const DISCONNECT: Kinds = [PacketKind::Disconnect; 2];

/// The largest size of a header: Engine.IO type, kind, the namespace and its comma, the id.
fn header_size(namespace: &str) -> usize {
    2 + (namespace.len() + 1) + MAX_DIGITS
}

/// A frame for a packet to this namespace, with room for a header and `capacity` bytes after it.
fn frame(namespace: &str, capacity: usize) -> FrameBuilder {
    FrameBuilder::new(header_size(namespace) + capacity)
}

#[inline]
fn close(frame: FrameBuilder, attachments: Attachments) -> PacketWriter {
    PacketWriter::new(frame.close(FrameKind::Text), attachments)
}

/// A packet that is being written.
struct UnfinishedPacket<'a> {
    kinds: Kinds,
    body: &'a mut Vec<u8>,
    /// The index in `body` at which the packet begins.
    start: usize,
}

impl<'a> UnfinishedPacket<'a> {
    /// Writes the header at the end of `body`.
    #[inline]
    fn new(body: &'a mut Vec<u8>, kinds: Kinds, namespace: &str, id: Option<u64>) -> Self {
        let start = body.len();
        body.extend_from_slice(&[b'4', kinds[0].as_byte()]);
        if namespace != "/" {
            body.extend_from_slice(namespace.as_bytes());
            body.push(b',');
        }
        if let Some(id) = id {
            write_id(body, id);
        }
        Self { kinds, body, start }
    }

    /// Ends the data after the last argument.
    #[inline]
    fn end(&mut self, attachments: &Attachments) {
        self.body.push(b']');
        if !attachments.is_nothing() {
            self.set_attachment_count(attachments.len());
        }
    }

    /// Changes the header to that of a packet with this number of attachments.
    #[inline(never)]
    fn set_attachment_count(&mut self, attachments: usize) {
        let body = &mut *self.body;
        let kind = self.start + 1;
        if let Some(kind) = body.get_mut(kind) {
            *kind = self.kinds[1].as_byte();
        }
        // The number and a hyphen come after the kind.
        let at = kind + 1;
        if let Some(&digit) = b"0123456789".get(attachments) {
            insert(body, at, [digit, b'-']);
        } else {
            let mut digits = [0; MAX_DIGITS];
            let count = decimal(attachments as u64, &mut digits);
            body.splice(at..at, count.iter().copied().chain([b'-']));
        }
    }
}

/// Inserts bytes into the text at an index.
fn insert<const N: usize>(text: &mut Vec<u8>, at: usize, bytes: [u8; N]) {
    let after = at..text.len();
    text.extend_from_slice(&bytes);
    text.copy_within(after, at + N);
    if let Some(target) = text.get_mut(at..at + N) {
        target.copy_from_slice(&bytes);
    }
}

/// Appends the arguments to `body`. Returns their number and their attachments.
fn write_args<T: Serialize + ?Sized>(
    args: &T,
    body: &mut Vec<u8>,
    after_name: bool,
    to: Destination<'_>,
) -> Result<(usize, Attachments), EncodeError> {
    let start = body.len();
    let (count, attachments) =
        attachment_scope::collect_attachments(|| args_serializer::write(args, body, after_name));
    let count = count?;
    if !attachments.is_nothing() {
        let elements = body.get(start + usize::from(after_name)..);
        check_attachments(elements, &attachments, to)?;
    }
    Ok((count, attachments))
}

/// Checks the number of attachments, and that every placeholder names one of them.
///
/// Clients fail on a placeholder that names no attachment, and data from one client could look like
/// such a placeholder to all others. Clients look for placeholders only in packets with
/// attachments, so only such packets are checked.
#[inline(never)]
fn check_attachments(
    elements: Option<&[u8]>,
    attachments: &Attachments,
    to: Destination<'_>,
) -> Result<(), EncodeError> {
    let count = attachments.len();
    to.check_attachments(count)?;
    if matches!(attachments, Attachments::Shared(_)) {
        return Ok(());
    }
    let not_json = || EncodeError::Json(serde_json::Error::custom("a raw value is not valid JSON"));
    let elements = std::str::from_utf8(elements.unwrap_or_default()).map_err(|_| not_json())?;
    let mut checked = scanner::scan_joined(elements, CheckIndices(count)).map(drop);
    if checked == Err(ScanError::LoneSurrogate) {
        // A raw value may contain a lone surrogate. It is sent unchanged, but the text after it
        // must be checked too.
        checked =
            scanner::scan_joined(&surrogates::repair(elements, 0), CheckIndices(count)).map(drop);
    }
    checked.map_err(|error| match error {
        ScanError::Placeholder => EncodeError::ForgedPlaceholder,
        ScanError::TooDeep => EncodeError::Depth,
        ScanError::Syntax | ScanError::EventName | ScanError::LoneSurrogate => not_json(),
    })
}

/// Writes `["name"`.
fn write_event_start(body: &mut Vec<u8>, name: &str) {
    body.push(b'[');
    write_string(body, name);
}

/// Writes a JSON string.
fn write_string(body: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    body.push(b'"');
    let bytes = text.as_bytes();
    let (plain, rest) = bytes.split_at(find_special(bytes, 0));
    body.extend_from_slice(plain);
    for &byte in rest {
        match byte {
            b'"' | b'\\' => body.extend_from_slice(&[b'\\', byte]),
            0..0x20 => {
                body.extend_from_slice(b"\\u00");
                body.push(HEX[usize::from(byte >> 4)]);
                body.push(HEX[usize::from(byte & 15)]);
            }
            _ => body.push(byte),
        }
    }
    body.push(b'"');
}

/// Writes an acknowledgement id.
#[inline]
fn write_id(body: &mut Vec<u8>, id: u64) {
    /// A smaller number has at most eight digits, which fit one 64-bit word.
    const MAX_SHORT_ID: u32 = 100_000_000;
    let Some(mut rest) = u32::try_from(id).ok().filter(|id| *id < MAX_SHORT_ID) else {
        body.extend_from_slice(decimal(id, &mut [0; MAX_DIGITS]));
        return;
    };
    // The division finds the last digit first, so each further digit is put in front.
    let mut digits = 0_u64;
    let mut end = body.len();
    loop {
        digits = (digits << 8) | u64::from(b'0') | u64::from(rest % 10);
        rest /= 10;
        end += 1;
        if rest == 0 {
            break;
        }
    }
    body.extend_from_slice(&digits.to_le_bytes());
    body.truncate(end);
}

/// The decimal digits of a number, at the end of `digits`.
fn decimal(mut number: u64, digits: &mut [u8; MAX_DIGITS]) -> &[u8] {
    let mut start = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        start -= 1;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    digits.get(start..).unwrap_or_default()
}
