//! Reading one frame's header, and every rule that can be checked before its payload is there.
//!
//! Rules are checked in the order of the bytes that break them, so that how a stream is cut into
//! reads never changes what is wrong with it.

use super::Limits;
use super::assembly::Assembly;
use crate::websocket::control::MAX_CONTROL;
use crate::websocket::header::Opcode;
use crate::websocket::violation::Violation;

/// A client's frame begins with two bytes and a mask at least.
const MIN_HEADER: usize = 2 + MASK;
/// The length of a mask.
const MASK: usize = 4;

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const OPCODE: u8 = 0x0F;
const MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7F;

/// A header whose frame breaks no rule so far.
#[derive(Debug)]
pub(super) struct FrameHeader {
    pub(super) fin: bool,
    pub(super) opcode: Opcode,
    pub(super) mask: [u8; MASK],
    /// The header's own length.
    pub(super) size: usize,
    /// The payload's length.
    pub(super) length: usize,
}

impl FrameHeader {
    /// Whether it is a message that has no other fragment.
    pub(super) fn is_whole_message(&self) -> bool {
        self.fin && self.opcode != Opcode::Continuation
    }
}

pub(super) enum Parsed {
    Header(FrameHeader),
    /// So many bytes, at least, of the frame are not there yet.
    Missing(usize),
}

/// A whole message in one frame, all of it there and within the limits: what nearly every frame is.
pub(super) struct Whole {
    pub(super) is_text: bool,
    pub(super) mask: [u8; MASK],
    /// Where the payload begins and ends.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Reads such a frame's header in one glance. `None`: whatever else it is, [`parse`] says.
#[inline]
pub(super) fn whole(input: &[u8], limits: &Limits) -> Option<Whole> {
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
    (length <= limits.max_message && end <= input.len()).then_some(Whole {
        is_text,
        mask,
        start,
        end,
    })
}

/// Reads the header at the start of `input`. `message` is what fragments came before.
pub(super) fn parse(
    input: &[u8],
    limits: &Limits,
    message: Option<&Assembly>,
) -> Result<Parsed, Violation> {
    let Some((&first, rest)) = input.split_first() else {
        return Ok(Parsed::Missing(MIN_HEADER));
    };
    let (fin, opcode) = read_first(first)?;
    check_order(fin, opcode, limits, message)?;
    let Some((&second, rest)) = rest.split_first() else {
        return Ok(Parsed::Missing(MIN_HEADER - 1));
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
        return Ok(Parsed::Missing(size + MASK - rest.len()));
    };
    let length = check_length(opcode, length, limits, message)?;
    let Some((mask, payload)) = rest.split_first_chunk() else {
        return Ok(Parsed::Missing(length.saturating_add(MASK - rest.len())));
    };
    Ok(Parsed::Header(FrameHeader {
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

/// Whether such a frame may stand here.
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

/// The payload's length, and what stands behind it; `None` where it is not all there.
fn read_length(short: u8, rest: &[u8]) -> Result<Option<(u64, &[u8])>, Violation> {
    let (length, rest, least) = match short {
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
    if length < least {
        return Err(Violation::LongLength);
    }
    Ok(Some((length, rest)))
}

/// Whether that much may follow, counting the fragments before it.
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
