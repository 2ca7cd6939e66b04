//! Visitors of the placeholders that the scanner finds: they ignore, check or collect their
//! numbers.
//!
//! A placeholder stands for an attachment. It is an object with `"_placeholder": true` and the
//! attachment's number as `num`, whatever else it holds, as in the clients' own parsers.

use super::scanner::ScanError;
use crate::socketio::span::Span;

/// What happens to the placeholders of a text.
pub(in crate::socketio) trait PlaceholderVisitor {
    /// Whether objects are looked into at all.
    const WATCHED: bool;

    /// An object with `"_placeholder": true`, and where its `num` stands.
    fn found(&mut self, text: &str, number: Option<Span>) -> Result<(), ScanError>;
}

/// In a packet without attachments a placeholder is plain data.
pub(in crate::socketio) struct IgnorePlaceholders;

impl PlaceholderVisitor for IgnorePlaceholders {
    const WATCHED: bool = false;

    fn found(&mut self, _: &str, _: Option<Span>) -> Result<(), ScanError> {
        Ok(())
    }
}

/// Each placeholder names one of this many attachments.
pub(in crate::socketio) struct CheckIndices(pub(in crate::socketio) usize);

impl PlaceholderVisitor for CheckIndices {
    const WATCHED: bool = true;

    fn found(&mut self, text: &str, number: Option<Span>) -> Result<(), ScanError> {
        match number.and_then(|span| index(text, span)) {
            Some(index) if index < self.0 => Ok(()),
            _ => Err(ScanError::Placeholder),
        }
    }
}

/// Collects where the numbers stand, to write others in their place.
#[derive(Default)]
pub(in crate::socketio) struct CollectIndices(Vec<(Span, usize)>);

impl PlaceholderVisitor for CollectIndices {
    const WATCHED: bool = true;

    fn found(&mut self, text: &str, number: Option<Span>) -> Result<(), ScanError> {
        let span = number.ok_or(ScanError::Placeholder)?;
        let index = index(text, span).ok_or(ScanError::Placeholder)?;
        self.0.push((span, index));
        Ok(())
    }
}

impl CollectIndices {
    /// Appends `text`, which they were found in, to `out`, with `offset` added to each.
    pub(in crate::socketio) fn shift(mut self, text: &str, offset: usize, out: &mut Vec<u8>) {
        // A placeholder inside another is found first but stands later.
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

/// The number of an attachment: decimal digits and nothing else.
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
