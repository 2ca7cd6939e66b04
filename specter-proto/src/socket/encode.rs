//! Outgoing packets, each encoded once, straight into the frame that is sent.
//!
//! Arguments are written behind the event's name, and the header, which counts the attachments that
//! writing them brought up, is put in front. A value's outermost shape decides what its arguments
//! are (module `shape`): `()` none, a tuple several, [`Args`](super::Args) those that they hold,
//! anything else one.
//!
//! A namespace is written as it is: it begins with `/` and holds neither `,` nor `?`, which whoever
//! names namespaces sees to.

use bytes::Bytes;
use serde::Serialize;
use serde::ser::Error as _;

use crate::engine::{Frame, FrameBuilder, FrameKind, Prepared};

use super::error::EncodeError;
use super::header::PacketKind;
use super::json::{self, ScanError};
use super::placeholder::Below;
use super::reserved::is_reserved;
use super::{scope, shape};

/// How many attachments a packet may have. Socket.IO's own clients, by default, take 10.
pub const MAX_ATTACHMENTS: usize = 255;

/// What arguments are expected to take, in bytes: saves the first few growths of the buffer.
const USUAL_SIZE: usize = 96;

/// Digits of the longest number in a header.
const MAX_DIGITS: usize = 20;

/// An event. With an `id` the client is asked for an acknowledgement.
///
/// ```
/// use specter_proto::socket::encode;
///
/// let packet = encode::event("/chat", None, "hello", &("world", 1)).unwrap();
/// let frame = packet.frames().next().unwrap();
/// assert_eq!(frame.payload(), br#"42/chat,["hello","world",1]"#);
/// ```
pub fn event<T: Serialize + ?Sized>(
    namespace: &str,
    id: Option<u64>,
    name: &str,
    args: &T,
) -> Result<Prepared, EncodeError> {
    if is_reserved(name) {
        return Err(EncodeError::ReservedName {
            name: name.to_owned(),
        });
    }
    let mut draft = Draft::new(namespace, name.len() + USUAL_SIZE);
    write_event_start(draft.body(), name);
    let (_, attachments) = write_args(args, draft.body(), true)?;
    draft.body().push(b']');
    Ok(draft.finish(
        [PacketKind::Event, PacketKind::BinaryEvent],
        id,
        &attachments,
    ))
}

/// The acknowledgement of the event with this `id`.
pub fn ack<T: Serialize + ?Sized>(
    namespace: &str,
    id: u64,
    args: &T,
) -> Result<Prepared, EncodeError> {
    let mut draft = Draft::new(namespace, USUAL_SIZE);
    draft.body().push(b'[');
    let (_, attachments) = write_args(args, draft.body(), false)?;
    draft.body().push(b']');
    Ok(draft.finish(
        [PacketKind::Ack, PacketKind::BinaryAck],
        Some(id),
        &attachments,
    ))
}

/// The server's answer to a CONNECT: the client is in the namespace, and `sid` is its public id.
pub fn connect(namespace: &str, sid: &str) -> Prepared {
    let mut draft = Draft::new(namespace, sid.len() + 16);
    let body = draft.body();
    body.extend_from_slice(br#"{"sid":"#);
    write_string(body, sid);
    body.push(b'}');
    draft.finish([PacketKind::Connect; 2], None, &[])
}

/// The server's refusal of a CONNECT. Bytes in `data` are lists of numbers.
pub fn connect_error<T: Serialize + ?Sized>(
    namespace: &str,
    message: &str,
    data: Option<&T>,
) -> Result<Prepared, EncodeError> {
    let mut draft = Draft::new(namespace, message.len() + USUAL_SIZE);
    let body = draft.body();
    body.extend_from_slice(br#"{"message":"#);
    write_string(body, message);
    if let Some(data) = data {
        body.extend_from_slice(br#","data":"#);
        serde_json::to_writer(&mut *body, data)?;
    }
    body.push(b'}');
    Ok(draft.finish([PacketKind::ConnectError; 2], None, &[]))
}

/// The client is no longer in the namespace.
pub fn disconnect(namespace: &str) -> Prepared {
    Draft::new(namespace, 0).finish([PacketKind::Disconnect; 2], None, &[])
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

/// Encodes arguments, for [`event_encoded`] and [`ack_encoded`].
pub fn args<T: Serialize + ?Sized>(args: &T) -> Result<EncodedArgs, EncodeError> {
    let mut json = Vec::new();
    let (count, attachments) = write_args(args, &mut json, false)?;
    Ok(EncodedArgs {
        json,
        count,
        attachments,
    })
}

/// An event with arguments that were encoded before. The name is not checked: see
/// [`is_reserved`].
pub fn event_encoded(namespace: &str, id: Option<u64>, name: &str, args: &EncodedArgs) -> Prepared {
    let mut draft = Draft::new(namespace, name.len() + args.json.len() + 8);
    let body = draft.body();
    write_event_start(body, name);
    if args.count > 0 {
        body.push(b',');
        body.extend_from_slice(&args.json);
    }
    body.push(b']');
    draft.finish(
        [PacketKind::Event, PacketKind::BinaryEvent],
        id,
        &args.attachments,
    )
}

/// An acknowledgement with arguments that were encoded before.
pub fn ack_encoded(namespace: &str, id: u64, args: &EncodedArgs) -> Prepared {
    let mut draft = Draft::new(namespace, args.json.len() + 2);
    let body = draft.body();
    body.push(b'[');
    body.extend_from_slice(&args.json);
    body.push(b']');
    draft.finish(
        [PacketKind::Ack, PacketKind::BinaryAck],
        Some(id),
        &args.attachments,
    )
}

/// A packet without its header.
struct Draft<'a> {
    namespace: &'a str,
    frame: FrameBuilder,
}

impl<'a> Draft<'a> {
    fn new(namespace: &'a str, capacity: usize) -> Self {
        // Engine.IO type, kind, `N-`, the namespace and its comma, the id.
        let headroom = 2 + (MAX_DIGITS + 1) + (namespace.len() + 1) + MAX_DIGITS;
        Self {
            namespace,
            frame: FrameBuilder::new(headroom, capacity),
        }
    }

    fn body(&mut self) -> &mut Vec<u8> {
        self.frame.body()
    }

    /// Puts the header in front, last part first. `kinds`: without and with attachments.
    fn finish(
        mut self,
        [plain, binary]: [PacketKind; 2],
        id: Option<u64>,
        attachments: &[Bytes],
    ) -> Prepared {
        let mut digits = [0; MAX_DIGITS];
        if let Some(id) = id {
            self.frame.prepend(decimal(id, &mut digits));
        }
        if self.namespace != "/" {
            self.frame.prepend(b",");
            self.frame.prepend(self.namespace.as_bytes());
        }
        if attachments.is_empty() {
            self.frame.prepend(&[b'4', plain.as_byte()]);
            return Prepared::from(self.frame.finish(FrameKind::Text));
        }
        self.frame.prepend(b"-");
        self.frame
            .prepend(decimal(attachments.len() as u64, &mut digits));
        self.frame.prepend(&[b'4', binary.as_byte()]);
        let attachments = attachments
            .iter()
            .map(|data| Frame::binary_message(data))
            .collect();
        Prepared::new(self.frame.finish(FrameKind::Text), attachments)
    }
}

/// Appends the arguments to `body`: how many they are, and their attachments.
fn write_args<T: Serialize + ?Sized>(
    args: &T,
    body: &mut Vec<u8>,
    after_name: bool,
) -> Result<(usize, Vec<Bytes>), EncodeError> {
    let start = body.len();
    let (count, attachments) = scope::writing(|| shape::write(args, body, after_name));
    let count = count?;
    if !attachments.is_empty() {
        check_attachments(
            body.get(start + usize::from(after_name)..),
            attachments.len(),
        )?;
    }
    Ok((count, attachments))
}

/// Clients fail on a placeholder that names no attachment, and data from one client can look like
/// one to all others. Only packets with attachments can hold them, so only these are looked through.
fn check_attachments(elements: Option<&[u8]>, count: usize) -> Result<(), EncodeError> {
    if count > MAX_ATTACHMENTS {
        return Err(EncodeError::TooManyAttachments {
            count,
            max: MAX_ATTACHMENTS,
        });
    }
    let not_json = || EncodeError::Json(serde_json::Error::custom("a value that is not JSON"));
    let elements = std::str::from_utf8(elements.unwrap_or_default()).map_err(|_| not_json())?;
    let checked = json::joined(elements, Below(count));
    checked.map(drop).map_err(|error| match error {
        ScanError::Placeholder => EncodeError::ForgedPlaceholder,
        ScanError::TooDeep => EncodeError::Depth,
        ScanError::Syntax | ScanError::Name => not_json(),
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
    for &byte in text.as_bytes() {
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
