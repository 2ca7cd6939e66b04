//! Reads a client's frames: bytes go in, messages and control frames come out.
//!
//! A frame stays unchanged in the caller's buffer until all of it has arrived. If it arrives byte
//! by byte, only its header is read again for each byte. A message of one frame is returned from
//! the caller's buffer, or, if it is a short text, from the copy in which it was checked. Only
//! fragmented messages are assembled here. They never exceed the limits, because lengths are
//! checked before their bytes have arrived.

mod assembly;
mod frame;
mod short_text;
#[cfg(test)]
mod single_frame_tests;
#[cfg(test)]
mod tests;

use std::ops::Range;

use self::assembly::Assembly;
use self::frame::{FrameHeader, ParsedHeader};
use self::short_text::ShortText;
use super::control::is_valid_close_code;
use super::header::Opcode;
use super::mask::unmask;
use super::violation::Violation;

/// The limits of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The longest message, in bytes, over all its fragments. A longer message is
    /// [`Violation::TooLong`].
    pub max_message: usize,
    /// The largest number of fragments of a message, empty ones included. A message with more
    /// fragments is [`Violation::TooManyFragments`]. Default, in [`Limits::new`]: 4,096.
    pub max_fragments: usize,
}

impl Limits {
    /// Limits of `max_message` bytes and 4,096 fragments. Browsers send far fewer fragments, and
    /// the headers of 4,096 fragments are small in comparison with a message of 1 MB.
    pub const fn new(max_message: usize) -> Self {
        Self {
            max_message,
            max_fragments: 4096,
        }
    }
}

/// A message or a control frame of a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event<'b> {
    /// A text message.
    Text(&'b str),
    /// A binary message.
    Binary(&'b [u8]),
    /// A ping. Answer it with a pong of the same payload.
    Ping(&'b [u8]),
    /// A pong.
    Pong(&'b [u8]),
    /// The client closes the connection. The decoder skips everything after this frame.
    Close {
        /// The reason as a code that a peer may send. `None` if the frame has no code.
        code: Option<u16>,
        /// The reason in words.
        reason: &'b str,
    },
}

/// The result of a call of [`Decoder::decode`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decoded<'b> {
    /// The number of input bytes that were decoded. Pass only the bytes after them to the next
    /// call.
    pub consumed: usize,
    /// The message or control frame that was decoded. `None` if more bytes are needed.
    pub event: Option<Event<'b>>,
    /// If more bytes are needed, the least number of bytes that must be appended to the input.
    /// Otherwise 0.
    pub wanted: usize,
}

/// Decodes the frames of one client.
///
/// ```
/// use specter_proto::websocket::{Decoder, Event, Limits};
///
/// let mut decoder = Decoder::new(Limits::new(1_000_000));
/// // The masked text "Hello", and the first byte of another frame.
/// let mut input = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x81";
///
/// let decoded = decoder.decode(&mut input)?;
/// assert_eq!(decoded.event, Some(Event::Text("Hello")));
/// assert_eq!(decoded.consumed, 11);
///
/// let decoded = decoder.decode(&mut input[11..])?;
/// assert_eq!((decoded.consumed, decoded.event), (0, None));
/// # Ok::<(), specter_proto::websocket::Violation>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    /// The fragments of a message so far. A message that was returned stays here until the next
    /// call.
    assembly: Option<Assembly>,
    /// The copy in which the last short text was checked.
    short_text: ShortText,
    end: End,
}

/// Whether the end of the input was reached, and how.
#[derive(Clone, Copy, Debug)]
enum End {
    NotYet,
    /// The client has sent a close frame.
    Closed,
    /// The client has broken a rule.
    Broken(Violation),
}

/// The frames that were read from the input, up to the first one that completes an event.
struct Step {
    consumed: usize,
    result: StepResult,
}

/// The end of a [`Step`].
enum StepResult {
    /// A frame that is an event by itself. The range of the input has its unmasked payload.
    Frame(Opcode, Range<usize>),
    /// The last fragment of the message in the assembly.
    Message,
    /// An incomplete frame, of which at least this many bytes are missing.
    Missing(usize),
}

impl Decoder {
    /// Creates a decoder for a connection that has just been upgraded.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            assembly: None,
            short_text: ShortText::new(),
            end: End::NotYet,
        }
    }

    /// Decodes the first message or control frame in `input`, and unmasks it in place.
    ///
    /// Call it again with the bytes that were not consumed until it returns no event. Then the
    /// decoder holds no more memory than an unfinished message takes. Pass the bytes that were not
    /// consumed again in the next call, followed by further bytes. After a violation every call
    /// returns the same violation.
    pub fn decode<'b>(&'b mut self, input: &'b mut [u8]) -> Result<Decoded<'b>, Violation> {
        match self.end {
            End::NotYet => {}
            End::Closed => {
                return Ok(Decoded {
                    consumed: input.len(),
                    event: None,
                    wanted: 0,
                });
            }
            End::Broken(violation) => return Err(violation),
        }
        self.release();
        if self.assembly.is_none()
            && let Some(frame) = frame::parse_single_frame(input, &self.limits)
        {
            let payload = input.get_mut(frame.start..frame.end).unwrap_or_default();
            unmask(payload, frame.mask);
            let event = if !frame.is_text {
                Event::Binary(payload)
            } else if payload.len() > short_text::MAX_LEN {
                match read_text(payload) {
                    Ok(text) => Event::Text(text),
                    Err(violation) => return self.fail(violation),
                }
            } else if let Some(text) = self.short_text.check(payload) {
                Event::Text(text)
            } else {
                self.end = End::Broken(Violation::NotUtf8);
                return Err(Violation::NotUtf8);
            };
            return Ok(Decoded {
                consumed: frame.end,
                event: Some(event),
                wanted: 0,
            });
        }
        self.decode_any(input)
    }

    /// Decodes input that does not begin with a whole message in one frame, and checks every rule.
    #[inline(never)]
    fn decode_any<'b>(&'b mut self, input: &'b mut [u8]) -> Result<Decoded<'b>, Violation> {
        let Step { consumed, result } = match self.step(input) {
            Ok(step) => step,
            Err(violation) => return self.fail(violation),
        };
        let event = match result {
            StepResult::Missing(wanted) => {
                return Ok(Decoded {
                    consumed,
                    event: None,
                    wanted,
                });
            }
            StepResult::Frame(opcode, payload) => {
                match read_frame(opcode, input.get(payload).unwrap_or_default()) {
                    Ok(event) => event,
                    Err(violation) => return self.fail(violation),
                }
            }
            StepResult::Message => {
                let message = self.assembly.as_ref();
                return Ok(Decoded {
                    consumed,
                    event: message.map(Assembly::event).transpose()?,
                    wanted: 0,
                });
            }
        };
        if let Event::Close { .. } = event {
            self.end = End::Closed;
        }
        Ok(Decoded {
            consumed,
            event: Some(event),
            wanted: 0,
        })
    }

    /// The number of bytes of an unfinished message that the decoder holds.
    #[inline]
    pub fn buffered_bytes(&self) -> usize {
        self.assembly.as_ref().map_or(0, Assembly::len)
    }

    /// Frees the message that was returned last, if it was assembled here. The next
    /// [`decode`](Self::decode) does that too; this is for a caller that has nothing to decode yet.
    #[inline]
    pub fn release(&mut self) {
        self.assembly.take_if(|message| message.is_complete());
    }

    #[cold]
    fn fail(&mut self, violation: Violation) -> Result<Decoded<'_>, Violation> {
        self.end = End::Broken(violation);
        self.assembly = None;
        Err(violation)
    }

    /// Reads frames from the input up to the first one that completes an event.
    fn step(&mut self, input: &mut [u8]) -> Result<Step, Violation> {
        let mut consumed = 0;
        loop {
            let rest = input.get_mut(consumed..).unwrap_or_default();
            let step = |consumed, result| Ok(Step { consumed, result });
            let header = match frame::parse(rest, &self.limits, self.assembly.as_ref())? {
                ParsedHeader::Complete(header) => header,
                ParsedHeader::Missing(wanted) => {
                    return step(consumed, StepResult::Missing(wanted));
                }
            };
            let end = header.size.saturating_add(header.length);
            let available = rest.len();
            let Some(payload) = rest.get_mut(header.size..end) else {
                return step(consumed, StepResult::Missing(end - available));
            };
            unmask(payload, header.mask);
            let start = consumed + header.size;
            consumed += end;
            if header.opcode.is_control() || header.is_whole_message() {
                return step(consumed, StepResult::Frame(header.opcode, start..consumed));
            }
            if self.add_fragment(&header, payload)? {
                return step(consumed, StepResult::Message);
            }
        }
    }

    /// Adds a fragment to its message. Returns whether it was the last one.
    fn add_fragment(&mut self, header: &FrameHeader, payload: &[u8]) -> Result<bool, Violation> {
        let message = match header.opcode {
            Opcode::Continuation => self.assembly.as_mut(),
            opcode => Some(self.assembly.insert(Assembly::new(opcode))),
        };
        let message = message.ok_or(Violation::UnexpectedContinuation)?;
        message.add(payload, header.fin)?;
        Ok(header.fin)
    }
}

/// Converts a frame into the event that it is by itself.
fn read_frame(opcode: Opcode, payload: &[u8]) -> Result<Event<'_>, Violation> {
    Ok(match opcode {
        Opcode::Text => Event::Text(read_text(payload)?),
        Opcode::Ping => Event::Ping(payload),
        Opcode::Pong => Event::Pong(payload),
        Opcode::Close => read_close(payload)?,
        Opcode::Binary | Opcode::Continuation => Event::Binary(payload),
    })
}

fn read_close(payload: &[u8]) -> Result<Event<'_>, Violation> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return match payload {
            [] => Ok(Event::Close {
                code: None,
                reason: "",
            }),
            _ => Err(Violation::ShortClose),
        };
    };
    let code = u16::from_be_bytes(*code);
    if !is_valid_close_code(code) {
        return Err(Violation::CloseCode { code });
    }
    Ok(Event::Close {
        code: Some(code),
        reason: read_text(reason)?,
    })
}

fn read_text(payload: &[u8]) -> Result<&str, Violation> {
    simdutf8::compat::from_utf8(payload).map_err(|_| Violation::NotUtf8)
}
