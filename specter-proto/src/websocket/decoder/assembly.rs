//! Gathering a fragmented message.
//!
//! How much it may gather is checked by whoever reads the headers. Text is validated as it comes,
//! so that a bad message is refused at its first bad fragment; each byte is looked at once for
//! that, apart from the up to three that a fragment may leave of a character.

use super::{Event, read_text};
use crate::websocket::header::Opcode;
use crate::websocket::violation::Violation;

#[derive(Debug)]
pub(super) struct Assembly {
    is_text: bool,
    bytes: Vec<u8>,
    /// Of a text, how many of the bytes are known to be UTF-8.
    checked: usize,
    fragments: usize,
    complete: bool,
}

impl Assembly {
    pub(super) fn new(opcode: Opcode) -> Self {
        Self {
            is_text: opcode == Opcode::Text,
            bytes: Vec::new(),
            checked: 0,
            fragments: 0,
            complete: false,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn fragments(&self) -> usize {
        self.fragments
    }

    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    pub(super) fn add(&mut self, payload: &[u8], last: bool) -> Result<(), Violation> {
        self.bytes.extend_from_slice(payload);
        self.fragments += 1;
        self.complete = last;
        if self.is_text {
            self.check_text()?;
        }
        Ok(())
    }

    /// The whole message.
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
            // Without an error length the text just ends too early: the rest may come.
            Err(error) if error.error_len().is_none() && !self.complete => {
                self.checked += error.valid_up_to();
            }
            Err(_) => return Err(Violation::NotUtf8),
        }
        Ok(())
    }

    /// How many bytes the next fragment's check looks at again.
    #[cfg(test)]
    pub(super) fn unchecked(&self) -> usize {
        self.bytes.len() - self.checked
    }
}
