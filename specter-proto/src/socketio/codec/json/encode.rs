//! Encodes outgoing packets, each once, straight into the frame that is sent.
//!
//! The header is written first, as that of a packet without attachments, and corrected if the
//! arguments had any. The outermost shape of a value decides what its arguments are
//! (`args_serializer`): `()` none, a tuple several, [`Args`](crate::socketio::Args) those that they
//! hold, anything else one.
//!
//! A [`Destination`] is the namespace. It is written as it is: whoever names namespaces ensures
//! that the name begins with `/` and contains neither `,` nor `?`.

use bytes::Bytes;
use serde::Serialize;
use serde::ser::Error as _;

use crate::engine::{EncodedPacket, FrameAppender, FrameBuilder, FrameKind};

use super::header::PacketKind;
use super::placeholder::CheckIndices;
use super::scanner;
use super::scanner::ScanError;
use super::string_scan::find_special;
use super::{args_serializer, surrogates};
use crate::socketio::attachment_scope;
use crate::socketio::attachments::Attachments;
pub use crate::socketio::destination::{CLIENT_MAX_ATTACHMENTS, Destination, MAX_ATTACHMENTS};
use crate::socketio::error::EncodeError;
use crate::socketio::packet_writer::{PacketWriter, append_attached};
use crate::socketio::reserved::is_reserved;

/// What arguments are expected to take, in bytes: saves the first few growths of the buffer.
const USUAL_SIZE: usize = 96;

/// Digits of the longest number in a header.
const MAX_DIGITS: usize = 20;

/// An event. With an `id` the client is asked for an acknowledgement.
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

/// The same, left where it was written.
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
    let mut frame = frame(namespace, name.len() + USUAL_SIZE);
    let mut packet = UnfinishedPacket::new(frame.body(), EVENT, namespace, id);
    write_event_start(packet.body, name);
    let (_, attachments) = write_args(args, packet.body, true, to)?;
    packet.end(&attachments);
    Ok(close(frame, attachments))
}

/// The acknowledgement of the event with this `id`.
pub fn ack<'a, T: Serialize + ?Sized>(
    to: impl Into<Destination<'a>>,
    id: u64,
    args: &T,
) -> Result<EncodedPacket, EncodeError> {
    outgoing_ack(to, id, args).map(EncodedPacket::from)
}

/// The same, left where it was written.
pub fn outgoing_ack<'a, T: Serialize + ?Sized>(
    to: impl Into<Destination<'a>>,
    id: u64,
    args: &T,
) -> Result<PacketWriter, EncodeError> {
    let to = to.into();
    let mut frame = frame(to.namespace(), USUAL_SIZE);
    let attachments = write_ack(frame.body(), to, id, args)?;
    Ok(close(frame, attachments))
}

/// The same at the end of `bytes`, as it is sent on a WebSocket. Where it cannot be encoded, or a
/// value panics, they are left as they were.
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
    let mut frame = FrameAppender::new(bytes, header_size(to.namespace()) + USUAL_SIZE);
    let attachments = write_ack(frame.body(), to, id, args)?;
    frame.close(FrameKind::Text);
    if !attachments.is_nothing() {
        append_attached(&attachments, bytes);
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

/// The server's answer to a CONNECT: the client is in the namespace, and `sid` is its public id.
pub fn connect(namespace: &str, sid: &str) -> EncodedPacket {
    let mut frame = frame(namespace, sid.len() + 16);
    let UnfinishedPacket { body, .. } =
        UnfinishedPacket::new(frame.body(), CONNECT, namespace, None);
    body.extend_from_slice(br#"{"sid":"#);
    write_string(body, sid);
    body.push(b'}');
    frame.finish(FrameKind::Text).into()
}

/// The server's rejection of a CONNECT. Bytes in `data` are lists of numbers.
pub fn connect_error<T: Serialize + ?Sized>(
    namespace: &str,
    message: &str,
    data: Option<&T>,
) -> Result<EncodedPacket, EncodeError> {
    let mut frame = frame(namespace, message.len() + USUAL_SIZE);
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

/// The client is no longer in the namespace.
pub fn disconnect(namespace: &str) -> EncodedPacket {
    let mut frame = frame(namespace, 0);
    UnfinishedPacket::new(frame.body(), DISCONNECT, namespace, None);
    frame.finish(FrameKind::Text).into()
}

/// Arguments encoded before it is known in which packets they go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncodedArgs {
    /// Their JSON, joined by commas, without brackets around them.
    pub json: Vec<u8>,
    /// How many there are.
    pub count: usize,
    /// The attachments that placeholders in `json` name.
    pub attachments: Vec<Bytes>,
}

/// Encodes arguments, for [`event_encoded`] and [`ack_encoded`]. Where they will go is not known
/// yet: [`Destination::check_attachments`] tells whether they may.
pub fn args<T: Serialize + ?Sized>(args: &T) -> Result<EncodedArgs, EncodeError> {
    let mut json = Vec::new();
    let anywhere = Destination::from("/");
    let (count, attachments) = write_args(args, &mut json, false, anywhere)?;
    Ok(EncodedArgs {
        json,
        count,
        attachments: attachments.into_vec(),
    })
}

/// An event with arguments that were encoded before. The name is not checked: see
/// [`is_reserved`].
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

/// An acknowledgement with arguments that were encoded before.
pub fn ack_encoded(namespace: &str, id: u64, args: EncodedArgs) -> PacketWriter {
    let mut frame = frame(namespace, args.json.len() + 2);
    let mut packet = UnfinishedPacket::new(frame.body(), ACK, namespace, Some(id));
    packet.body.push(b'[');
    packet.body.extend_from_slice(&args.json);
    let attachments = args.attachments.into();
    packet.end(&attachments);
    close(frame, attachments)
}

/// A kind of packet, without and with attachments.
type Kinds = [PacketKind; 2];

const EVENT: Kinds = [PacketKind::Event, PacketKind::BinaryEvent];
const ACK: Kinds = [PacketKind::Ack, PacketKind::BinaryAck];
/// To these nothing is attached.
const CONNECT: Kinds = [PacketKind::Connect; 2];
const CONNECT_ERROR: Kinds = [PacketKind::ConnectError; 2];
const DISCONNECT: Kinds = [PacketKind::Disconnect; 2];

/// What a header takes at most: Engine.IO type, kind, the namespace and its comma, the id.
fn header_size(namespace: &str) -> usize {
    2 + (namespace.len() + 1) + MAX_DIGITS
}

/// A frame for a packet of this namespace, with room for a header and so many bytes behind it.
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
    /// Where in it the packet begins.
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

    /// Ends the data behind the last argument.
    #[inline]
    fn end(&mut self, attachments: &Attachments) {
        self.body.push(b']');
        if !attachments.is_nothing() {
            self.announce(attachments.len());
        }
    }

    /// Makes the header that of a packet with so many attachments.
    #[inline(never)]
    fn announce(&mut self, attachments: usize) {
        let body = &mut *self.body;
        let kind = self.start + 1;
        if let Some(kind) = body.get_mut(kind) {
            *kind = self.kinds[1].as_byte();
        }
        // Behind the kind goes `N-`.
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

/// Inserts bytes at a place of the text.
fn insert<const N: usize>(text: &mut Vec<u8>, at: usize, bytes: [u8; N]) {
    let behind = at..text.len();
    text.extend_from_slice(&bytes);
    text.copy_within(behind, at + N);
    if let Some(place) = text.get_mut(at..at + N) {
        place.copy_from_slice(&bytes);
    }
}

/// Appends the arguments to `body`: how many they are, and their attachments.
fn write_args<T: Serialize + ?Sized>(
    args: &T,
    body: &mut Vec<u8>,
    after_name: bool,
    to: Destination<'_>,
) -> Result<(usize, Attachments), EncodeError> {
    let start = body.len();
    let (count, attachments) =
        attachment_scope::writing(|| args_serializer::write(args, body, after_name));
    let count = count?;
    if !attachments.is_nothing() {
        let elements = body.get(start + usize::from(after_name)..);
        check_attachments(elements, &attachments, to)?;
    }
    Ok((count, attachments))
}

/// Clients fail on a placeholder that names no attachment, and data from one client can look like
/// one to all others. Only packets with attachments can hold them, so only these are looked
/// through.
#[inline(never)]
fn check_attachments(
    elements: Option<&[u8]>,
    attached: &Attachments,
    to: Destination<'_>,
) -> Result<(), EncodeError> {
    let count = attached.len();
    to.check_attachments(count)?;
    if matches!(attached, Attachments::Shared(_)) {
        return Ok(());
    }
    let not_json = || EncodeError::Json(serde_json::Error::custom("a value that is not JSON"));
    let elements = std::str::from_utf8(elements.unwrap_or_default()).map_err(|_| not_json())?;
    let mut checked = scanner::joined(elements, CheckIndices(count)).map(drop);
    if checked == Err(ScanError::LoneSurrogate) {
        // A raw value may hold one. It is sent as it is, and the rest is checked all the same.
        checked =
            scanner::joined(&surrogates::repaired(elements, 0), CheckIndices(count)).map(drop);
    }
    checked.map_err(|error| match error {
        ScanError::Placeholder => EncodeError::ForgedPlaceholder,
        ScanError::TooDeep => EncodeError::Depth,
        ScanError::Syntax | ScanError::EventName | ScanError::LoneSurrogate => not_json(),
    })
}

/// `["name"`
fn write_event_start(body: &mut Vec<u8>, name: &str) {
    body.push(b'[');
    write_string(body, name);
}

/// A JSON string.
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

/// An acknowledgement id.
#[inline]
fn write_id(body: &mut Vec<u8>, id: u64) {
    /// Below it a number has no more than eight digits, which are one word.
    const SHORT: u32 = 100_000_000;
    let Some(mut rest) = u32::try_from(id).ok().filter(|id| *id < SHORT) else {
        body.extend_from_slice(decimal(id, &mut [0; MAX_DIGITS]));
        return;
    };
    // The last digit is found first, so each one found goes before the others.
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

/// The digits of a number.
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
