//! Reading a client's frames: bytes in, messages and control frames out.
//!
//! A frame stays in the caller's buffer until all of it is there; nothing of it is touched before,
//! so a frame that arrives byte by byte costs no more than its headers' reading. A message of one
//! frame is handed out from that buffer, or where it is a short text from the place where it was
//! checked. Only fragmented messages are gathered here, and never more than the limits allow:
//! lengths are checked before their bytes are waited for.

mod assembly;
mod frame;
mod short_text;
#[cfg(test)]
mod single_frame_tests;
#[cfg(test)]
mod tests;

use std::ops::Range;

use self::assembly::Assembly;
use self::frame::{FrameHeader, Parsed};
use self::short_text::Short;
use super::control::is_valid_close_code;
use super::header::Opcode;
use super::mask::unmask;
use super::violation::Violation;

/// What bounds a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The longest message, in bytes, over all its fragments.
    pub max_message: usize,
    /// How many fragments a message may have, empty ones included.
    pub max_fragments: usize,
}

impl Limits {
    /// Messages of `max_message` bytes, in up to 4,096 fragments: far more than browsers make, and
    /// few enough that headers cannot outweigh a message of the default size by much.
    pub const fn new(max_message: usize) -> Self {
        Self {
            max_message,
            max_fragments: 4096,
        }
    }
}

/// Something that a client sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event<'b> {
    /// A text message.
    Text(&'b str),
    /// A binary message.
    Binary(&'b [u8]),
    /// A ping, to be answered with a pong of the same payload.
    Ping(&'b [u8]),
    /// A pong.
    Pong(&'b [u8]),
    /// The client closes. Whatever follows is skipped.
    Close {
        /// Why, as a code that a peer may send.
        code: Option<u16>,
        /// Why, in words.
        reason: &'b str,
    },
}

/// How far a call of [`Decoder::decode`] came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decoded<'b> {
    /// How many bytes of the input are done with. The next call gets what stands behind them.
    pub consumed: usize,
    /// What was found. `None`: more bytes are needed.
    pub event: Option<Event<'b>>,
    /// Where there is no event, how many bytes, at least, are missing behind those of the input.
    pub wanted: usize,
}

/// Reads what one client sends.
///
/// ```
/// use specter_proto::websocket::{Decoder, Event, Limits};
///
/// let mut decoder = Decoder::new(Limits::new(1_000_000));
/// // "Hello", masked, and the first byte of what comes next.
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
    /// The fragments so far. Of a message that was handed out, all of them, until the next call.
    assembly: Option<Assembly>,
    /// The last short text.
    short: Short,
    end: End,
}

/// Whether there is anything left to read.
#[derive(Clone, Copy, Debug)]
enum End {
    NotYet,
    Closed,
    Broken(Violation),
}

/// How far the frames in the input reach.
struct Step {
    consumed: usize,
    found: Found,
}

enum Found {
    /// A frame that is complete in itself; its payload, unmasked, is this part of the input.
    Frame(Opcode, Range<usize>),
    /// The last fragment of the message in the assembly.
    Message,
    /// The beginning of a frame, or nothing.
    Missing(usize),
}

impl Decoder {
    /// A decoder for a connection that has just been upgraded.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            assembly: None,
            short: Short::new(),
            end: End::NotYet,
        }
    }

    /// Decodes the first message or control frame in `input`, unmasking it in place.
    ///
    /// Call it again with what is not consumed until it gives no event; then it holds no more
    /// memory than an unfinished message takes. What it does not consume must come again, followed
    /// by further bytes. After a violation every call repeats it.
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
            && let Some(frame) = frame::whole(input, &self.limits)
        {
            let payload = input.get_mut(frame.start..frame.end).unwrap_or_default();
            unmask(payload, frame.mask);
            let event = if !frame.is_text {
                Event::Binary(payload)
            } else if payload.len() > short_text::LONGEST {
                match read_text(payload) {
                    Ok(text) => Event::Text(text),
                    Err(violation) => return self.fail(violation),
                }
            } else if let Some(text) = self.short.check(payload) {
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

    /// Decodes what is not one whole frame of a message, with every rule.
    #[inline(never)]
    fn decode_any<'b>(&'b mut self, input: &'b mut [u8]) -> Result<Decoded<'b>, Violation> {
        let Step { consumed, found } = match self.step(input) {
            Ok(step) => step,
            Err(violation) => return self.fail(violation),
        };
        let event = match found {
            Found::Missing(wanted) => {
                return Ok(Decoded {
                    consumed,
                    event: None,
                    wanted,
                });
            }
            Found::Frame(opcode, payload) => {
                match read_frame(opcode, input.get(payload).unwrap_or_default()) {
                    Ok(event) => event,
                    Err(violation) => return self.fail(violation),
                }
            }
            Found::Message => {
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

    /// How many bytes of an unfinished message it holds.
    #[inline]
    pub fn buffered_bytes(&self) -> usize {
        self.assembly.as_ref().map_or(0, Assembly::len)
    }

    /// Frees the message that was handed out last, if it was gathered here. Decoding further does
    /// that too; this is for a caller that has nothing further to decode yet.
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

    /// Takes frames from the input until one of them makes an event.
    fn step(&mut self, input: &mut [u8]) -> Result<Step, Violation> {
        let mut consumed = 0;
        loop {
            let rest = input.get_mut(consumed..).unwrap_or_default();
            let found = |consumed, found| Ok(Step { consumed, found });
            let header = match frame::parse(rest, &self.limits, self.assembly.as_ref())? {
                Parsed::Header(header) => header,
                Parsed::Missing(wanted) => return found(consumed, Found::Missing(wanted)),
            };
            let end = header.size.saturating_add(header.length);
            let available = rest.len();
            let Some(payload) = rest.get_mut(header.size..end) else {
                return found(consumed, Found::Missing(end - available));
            };
            unmask(payload, header.mask);
            let start = consumed + header.size;
            consumed += end;
            if header.opcode.is_control() || header.is_whole_message() {
                return found(consumed, Found::Frame(header.opcode, start..consumed));
            }
            if self.add_fragment(&header, payload)? {
                return found(consumed, Found::Message);
            }
        }
    }

    /// Adds a fragment to its message, and says whether it was the last.
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

/// Reads a frame that is an event by itself.
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
