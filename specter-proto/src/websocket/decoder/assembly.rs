//! Assembles a fragmented message.
//!
//! `frame` checks the limits of a message when it reads a header. Text is checked with each
//! fragment, so that an invalid message is rejected at its first invalid fragment. Each byte is
//! checked once, apart from the up to three bytes of an unfinished character at the end of a
//! fragment.

use super::{Event, read_text};
use crate::websocket::header::Opcode;
use crate::websocket::violation::Violation;

/// The fragments of a message so far.
#[derive(Debug)]
pub(super) struct Assembly {
    is_text: bool,
    bytes: Vec<u8>,
    /// The number of bytes of a text that are known to be UTF-8.
    checked: usize,
    fragments: usize,
    is_complete: bool,
}

impl Assembly {
    pub(super) fn new(opcode: Opcode) -> Self {
        Self {
            is_text: opcode == Opcode::Text,
            bytes: Vec::new(),
            checked: 0,
            fragments: 0,
            is_complete: false,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn fragments(&self) -> usize {
        self.fragments
    }

    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }

    pub(super) fn add(&mut self, payload: &[u8], is_last: bool) -> Result<(), Violation> {
        self.bytes.extend_from_slice(payload);
        self.fragments += 1;
        self.is_complete = is_last;
        if self.is_text {
            self.check_text()?;
        }
        Ok(())
    }

    /// Returns the message.
    pub(super) fn event(&self) -> Result<Event<'_>, Violation> {
        if self.is_text {
            read_text(&self.bytes).map(Event::Text)
        } else {
            Ok(Event::Binary(&self.bytes))
        }
    }

    fn check_text(&mut self) -> Result<(), Violation> {
        let unchecked = self.bytes.get(self.checked..).unwrap_or_default();
        match simdutf8::compat::from_utf8(unchecked) {
            Ok(text) => self.checked += text.len(),
            // Without an error length the text ends inside a character, which the next fragment may
            // complete.
            Err(error) if error.error_len().is_none() && !self.is_complete => {
                self.checked += error.valid_up_to();
            }
            Err(_) => return Err(Violation::NotUtf8),
        }
        Ok(())
    }

    /// The number of bytes that are checked again with the next fragment.
    #[cfg(test)]
    pub(super) fn unchecked_len(&self) -> usize {
        self.bytes.len() - self.checked
    }
}
