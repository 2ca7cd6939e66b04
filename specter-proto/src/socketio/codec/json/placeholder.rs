//! Visitors of the placeholders that the scanner finds. They ignore, check or collect the numbers
//! of the placeholders.
//!
//! A placeholder stands for an attachment. It is an object with `"_placeholder": true` and the
//! attachment's number as `num`. It may have other members, as in the clients' own parsers.

use super::scan_error::ScanError;
use crate::socketio::span::Span;

/// A visitor of the placeholders of a text.
pub(in crate::socketio) trait PlaceholderVisitor {
    /// Whether the scanner must look for placeholders at all.
    const NEEDS_PLACEHOLDERS: bool;

    /// Visits an object with `"_placeholder": true`. `number` is the range of the value of its
    /// `num`.
    fn visit(&mut self, text: &str, number: Option<Span>) -> Result<(), ScanError>;
}

/// Ignores placeholders, which are plain data in a packet without attachments.
pub(in crate::socketio) struct IgnorePlaceholders;

impl PlaceholderVisitor for IgnorePlaceholders {
    const NEEDS_PLACEHOLDERS: bool = false;

    fn visit(&mut self, _: &str, _: Option<Span>) -> Result<(), ScanError> {
        Ok(())
    }
}

/// Checks that each placeholder names one of this many attachments.
pub(in crate::socketio) struct CheckIndices(pub(in crate::socketio) usize);

impl PlaceholderVisitor for CheckIndices {
    const NEEDS_PLACEHOLDERS: bool = true;

    fn visit(&mut self, text: &str, number: Option<Span>) -> Result<(), ScanError> {
        match number.and_then(|span| index(text, span)) {
            Some(index) if index < self.0 => Ok(()),
            _ => Err(ScanError::Placeholder),
        }
    }
}

/// Collects the numbers of the placeholders and their ranges, so that other numbers can replace
/// them.
#[derive(Default)]
pub(in crate::socketio) struct CollectIndices(Vec<(Span, usize)>);

impl PlaceholderVisitor for CollectIndices {
    const NEEDS_PLACEHOLDERS: bool = true;

    fn visit(&mut self, text: &str, number: Option<Span>) -> Result<(), ScanError> {
        let span = number.ok_or(ScanError::Placeholder)?;
        let index = index(text, span).ok_or(ScanError::Placeholder)?;
        self.0.push((span, index));
        Ok(())
    }
}

impl CollectIndices {
    /// Appends `text`, in which the numbers were found, to `out`, with `offset` added to each
    /// number.
    pub(in crate::socketio) fn shift(mut self, text: &str, offset: usize, out: &mut Vec<u8>) {
        // A placeholder inside another one is visited before it, although its number may come after
        // it.
        self.0.sort_unstable_by_key(|(span, _)| span.start());
        let mut copied = 0;
        for (span, index) in self.0 {
            let before = Span::new(copied, span.start());
            out.extend_from_slice(before.of(text).as_bytes());
            out.extend_from_slice(index.saturating_add(offset).to_string().as_bytes());
            copied = span.end();
        }
        out.extend_from_slice(text.get(copied..).unwrap_or_default().as_bytes());
    }
}

/// The number of an attachment, which is written in decimal digits only.
fn index(text: &str, span: Span) -> Option<usize> {
    let digits = span.of(text);
    if let [digit @ b'0'..=b'9'] = digits.as_bytes() {
        return Some(usize::from(digit - b'0'));
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        digits.parse().ok()
    } else {
        None
    }
}
