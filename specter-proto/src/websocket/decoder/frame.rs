//! Reads the header of one frame, and checks every rule that can be checked before the payload has
//! arrived.
//!
//! Rules are checked in the order of the bytes that break them. Which violation is reported
//! therefore does not depend on how the stream is cut into reads.

use super::Limits;
use super::assembly::Assembly;
use crate::websocket::control::MAX_CONTROL;
use crate::websocket::header::Opcode;
use crate::websocket::violation::Violation;

/// The shortest header of a client's frame: two bytes and a mask.
const MIN_HEADER: usize = 2 + MASK_LEN;
/// The length of a mask, in bytes.
const MASK_LEN: usize = 4;

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const OPCODE: u8 = 0x0F;
const MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7F;

/// A header that breaks no rule.
#[derive(Debug)]
pub(super) struct FrameHeader {
    pub(super) fin: bool,
    pub(super) opcode: Opcode,
    pub(super) mask: [u8; MASK_LEN],
    /// The length of the header, in bytes.
    pub(super) size: usize,
    /// The length of the payload, in bytes.
    pub(super) length: usize,
}

impl FrameHeader {
    /// Whether the frame is a whole message or a whole control frame, and not a fragment.
    pub(super) fn is_whole_message(&self) -> bool {
        self.fin && self.opcode != Opcode::Continuation
    }
}

/// The result of [`parse`].
pub(super) enum ParsedHeader {
    Complete(FrameHeader),
    /// At least this many bytes of the frame have not arrived yet.
    Missing(usize),
}

/// A frame that is a whole message, has arrived completely, and is within the limits. Nearly all
/// frames are like this.
pub(super) struct SingleFrame {
    pub(super) is_text: bool,
    pub(super) mask: [u8; MASK_LEN],
    /// The indices in the input at which the payload begins and ends.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Reads the header of a frame that is a whole message, with the fewest steps. Returns `None` for
/// any other input, which [`parse`] must read.
#[inline]
pub(super) fn parse_single_frame(input: &[u8], limits: &Limits) -> Option<SingleFrame> {
    let [first, second, mask @ ..] = *input.first_chunk::<MIN_HEADER>()?;
    let is_text = first == FIN | Opcode::Text.bits();
    if !is_text && first != FIN | Opcode::Binary.bits() {
        return None;
    }
    let (start, length, mask) = match second.checked_sub(MASKED)? {
        short @ ..126 => (MIN_HEADER, usize::from(short), mask),
        126 => {
            let [_, _, high, low, mask @ ..] = *input.first_chunk::<{ MIN_HEADER + 2 }>()?;
            let length = usize::from(u16::from_be_bytes([high, low]));
            if length < 126 {
                return None;
            }
            (MIN_HEADER + 2, length, mask)
        }
        _ => return None,
    };
    let end = start + length;
    (length <= limits.max_message && end <= input.len()).then_some(SingleFrame {
        is_text,
        mask,
        start,
        end,
    })
}

/// Reads the header at the start of `input`. `message` has the fragments before it, if there are
/// any.
pub(super) fn parse(
    input: &[u8],
    limits: &Limits,
    message: Option<&Assembly>,
) -> Result<ParsedHeader, Violation> {
    let Some((&first, rest)) = input.split_first() else {
        return Ok(ParsedHeader::Missing(MIN_HEADER));
    };
    let (fin, opcode) = read_first(first)?;
    check_order(fin, opcode, limits, message)?;
    let Some((&second, rest)) = rest.split_first() else {
        return Ok(ParsedHeader::Missing(MIN_HEADER - 1));
    };
    if second & MASKED == 0 {
        return Err(Violation::Unmasked);
    }
    let short = second & LENGTH;
    if opcode.is_control() && usize::from(short) > MAX_CONTROL {
        return Err(Violation::LongControl);
    }
    let Some((length, rest)) = read_length(short, rest)? else {
        let size = if short == 126 { 2 } else { 8 };
        return Ok(ParsedHeader::Missing(size + MASK_LEN - rest.len()));
    };
    let length = check_length(opcode, length, limits, message)?;
    let Some((mask, payload)) = rest.split_first_chunk() else {
        return Ok(ParsedHeader::Missing(
            length.saturating_add(MASK_LEN - rest.len()),
        ));
    };
    Ok(ParsedHeader::Complete(FrameHeader {
        fin,
        opcode,
        mask: *mask,
        size: input.len() - payload.len(),
        length,
    }))
}

fn read_first(byte: u8) -> Result<(bool, Opcode), Violation> {
    if byte & RESERVED != 0 {
        return Err(Violation::ReservedBits);
    }
    let bits = byte & OPCODE;
    let opcode = Opcode::from_bits(bits).ok_or(Violation::ReservedOpcode { opcode: bits })?;
    Ok((byte & FIN != 0, opcode))
}

/// Checks whether a frame with this opcode may come after the fragments in `message`.
fn check_order(
    fin: bool,
    opcode: Opcode,
    limits: &Limits,
    message: Option<&Assembly>,
) -> Result<(), Violation> {
    let fragments = match (opcode, message) {
        _ if opcode.is_control() => {
            return if fin {
                Ok(())
            } else {
                Err(Violation::FragmentedControl)
            };
        }
        (Opcode::Continuation, None) => return Err(Violation::UnexpectedContinuation),
        (Opcode::Continuation, Some(message)) => message.fragments(),
        (_, Some(_)) => return Err(Violation::InterruptedMessage),
        (_, None) if fin => return Ok(()),
        (_, None) => 0,
    };
    if fragments >= limits.max_fragments {
        return Err(Violation::TooManyFragments {
            limit: limits.max_fragments,
        });
    }
    Ok(())
}

/// Returns the payload's length and the bytes after it, or `None` if the length has not arrived
/// completely.
fn read_length(short: u8, rest: &[u8]) -> Result<Option<(u64, &[u8])>, Violation> {
    let (length, rest, min_length) = match short {
        126 => match rest.split_first_chunk() {
            Some((bytes, rest)) => (u16::from_be_bytes(*bytes).into(), rest, 126),
            None => return Ok(None),
        },
        127 => match rest.split_first_chunk() {
            Some((bytes, rest)) => (u64::from_be_bytes(*bytes), rest, 65_536),
            None => return Ok(None),
        },
        _ => (short.into(), rest, 0),
    };
    if length >> 63 != 0 {
        return Err(Violation::LengthOutOfRange);
    }
    if length < min_length {
        return Err(Violation::LongLength);
    }
    Ok(Some((length, rest)))
}

/// Checks whether a payload of this length may follow, counting the fragments before it.
fn check_length(
    opcode: Opcode,
    length: u64,
    limits: &Limits,
    message: Option<&Assembly>,
) -> Result<usize, Violation> {
    let too_long = Violation::TooLong {
        limit: limits.max_message,
    };
    let length = usize::try_from(length).map_err(|_| too_long)?;
    let before = message.map_or(0, Assembly::len);
    if opcode.is_control() || length <= limits.max_message.saturating_sub(before) {
        Ok(length)
    } else {
        Err(too_long)
    }
}
