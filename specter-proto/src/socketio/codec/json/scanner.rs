//! Scans the JSON of a packet in one pass: checks that it is well-formed and not nested too deeply,
//! and finds its arguments.
//!
//! The scanner builds no values: serde reads the arguments later, directly into the handler's
//! types. The scanner passes the placeholders of a packet with attachments to a
//! [`PlaceholderVisitor`]. Every function takes linear time and recurses at most [`MAX_DEPTH`]
//! levels.

use std::borrow::Cow;

use super::placeholder::{IgnorePlaceholders, PlaceholderVisitor};
use super::scan_error::ScanError;
use super::string_scan::find_special;
use super::surrogates;
use crate::socketio::span::Span;

/// The deepest nesting of one argument, which is the deepest that `serde_json` reads later.
pub(in crate::socketio) const MAX_DEPTH: u8 = 127;

/// The name of an event, which is the first element of its data: a string or a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::socketio) enum EventName {
    /// The name as it is in the text, without quotes.
    Raw(Span),
    /// The name without its escapes.
    Unescaped(Box<str>),
}

impl Default for EventName {
    fn default() -> Self {
        Self::Raw(Span::default())
    }
}

impl EventName {
    /// The length of the name, in bytes.
    pub(in crate::socketio) fn len(&self) -> usize {
        match self {
            Self::Raw(span) => span.len(),
            Self::Unescaped(name) => name.len(),
        }
    }

    /// The name, which was read from `text`.
    pub(in crate::socketio) fn of<'a>(&'a self, text: &'a str) -> &'a str {
        match self {
            Self::Raw(span) => span.of(text),
            Self::Unescaped(name) => name,
        }
    }
}

/// The range of an array's elements, without the brackets, and their number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::socketio) struct ArgSpan {
    pub(in crate::socketio) span: Span,
    count: u32,
}

impl ArgSpan {
    pub(in crate::socketio) fn new(span: Span, count: usize) -> Self {
        // Each element takes at least one byte, so there are no more than the length of a span.
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Self { span, count }
    }

    /// The number of elements.
    pub(in crate::socketio) fn count(self) -> usize {
        self.count as usize
    }
}

/// Scans `[name, …elements]`, which begins at `from`.
pub(in crate::socketio) fn event<P: PlaceholderVisitor>(
    text: &str,
    from: usize,
    placeholders: P,
) -> Result<(EventName, ArgSpan), ScanError> {
    let mut scanner = Scanner::new(text, from, placeholders);
    scanner.expect(b'[')?;
    let name = scanner.name()?;
    let elements = match scanner.next_token() {
        Some(b',') => scanner.elements(true)?,
        Some(b']') => ArgSpan::new(Span::empty(scanner.at), 0),
        _ => return Err(ScanError::Syntax),
    };
    scanner.finish()?;
    Ok((name, elements))
}

/// Scans `…elements]`, which begins at `from`, after a name and a comma.
pub(in crate::socketio) fn args_after_name<P: PlaceholderVisitor>(
    text: &str,
    from: usize,
    placeholders: P,
) -> Result<ArgSpan, ScanError> {
    let mut scanner = Scanner::new(text, from, placeholders);
    let elements = scanner.elements(true)?;
    scanner.finish()?;
    Ok(elements)
}

/// Scans `[…elements]`, which begins at `from`.
pub(in crate::socketio) fn array<P: PlaceholderVisitor>(
    text: &str,
    from: usize,
    placeholders: P,
) -> Result<ArgSpan, ScanError> {
    let mut scanner = Scanner::new(text, from, placeholders);
    scanner.expect(b'[')?;
    let elements = scanner.elements(false)?;
    scanner.finish()?;
    Ok(elements)
}

/// Scans one object, which begins at `from`, possibly after white space.
pub(in crate::socketio) fn object(text: &str, from: usize) -> Result<Span, ScanError> {
    let mut scanner = Scanner::new(text, from, IgnorePlaceholders);
    scanner.skip_whitespace();
    let start = scanner.at;
    if scanner.peek() != Some(b'{') {
        return Err(ScanError::Syntax);
    }
    scanner.value()?;
    let end = scanner.at;
    scanner.finish()?;
    Ok(Span::new(start, end))
}

/// The index after the value with which `text` begins, or the end of the text if it begins with
/// none.
pub(in crate::socketio) fn skip(text: &str) -> usize {
    let mut scanner = Scanner::new(text, 0, IgnorePlaceholders);
    match scanner.value() {
        Ok(()) => scanner.at,
        Err(_) => text.len(),
    }
}

/// Scans values that are joined by commas, and returns the visitor of their placeholders.
pub(in crate::socketio) fn scan_joined<P: PlaceholderVisitor>(
    elements: &str,
    placeholders: P,
) -> Result<P, ScanError> {
    let mut scanner = Scanner::new(elements, 0, placeholders);
    while scanner.at < elements.len() {
        scanner.value()?;
        match scanner.next_token() {
            Some(b',') => {}
            None => break,
            Some(_) => return Err(ScanError::Syntax),
        }
    }
    Ok(scanner.placeholders)
}

/// A string as it is in the text, without its quotes.
#[derive(Clone, Copy)]
struct StringToken {
    span: Span,
    has_escapes: bool,
}

struct Scanner<'a, P> {
    text: &'a str,
    /// The bytes of `text`, because scanning needs no characters.
    bytes: &'a [u8],
    at: usize,
    depth: u8,
    placeholders: P,
}

impl<'a, P: PlaceholderVisitor> Scanner<'a, P> {
    fn new(text: &'a str, at: usize, placeholders: P) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at,
            depth: 0,
            placeholders,
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Takes the next byte that is not white space.
    #[inline]
    fn next_token(&mut self) -> Option<u8> {
        self.skip_whitespace();
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Result<(), ScanError> {
        if self.next_token() == Some(byte) {
            Ok(())
        } else {
            Err(ScanError::Syntax)
        }
    }

    /// Checks that only white space follows.
    fn finish(&mut self) -> Result<(), ScanError> {
        if self.next_token().is_none() {
            Ok(())
        } else {
            Err(ScanError::Syntax)
        }
    }

    fn name(&mut self) -> Result<EventName, ScanError> {
        self.skip_whitespace();
        let start = self.at;
        match self.peek() {
            Some(b'"') => {
                let token = self.string()?;
                if !token.has_escapes {
                    return Ok(EventName::Raw(token.span));
                }
                match self.unescaped(token) {
                    Some(Cow::Borrowed(_)) => Ok(EventName::Raw(token.span)),
                    Some(Cow::Owned(name)) => Ok(EventName::Unescaped(name.into())),
                    None => Err(ScanError::EventName),
                }
            }
            Some(b'-' | b'0'..=b'9') => {
                self.number()?;
                Ok(EventName::Raw(Span::new(start, self.at)))
            }
            _ => Err(ScanError::EventName),
        }
    }

    /// Scans elements up to and including the closing bracket. `after_comma` means that a comma
    /// came before, so there must be an element.
    fn elements(&mut self, after_comma: bool) -> Result<ArgSpan, ScanError> {
        self.skip_whitespace();
        let start = self.at;
        if !after_comma && self.peek() == Some(b']') {
            self.at += 1;
            return Ok(ArgSpan::new(Span::empty(start), 0));
        }
        let mut count = 0;
        loop {
            self.value()?;
            count += 1;
            let end = self.at;
            match self.next_token() {
                Some(b',') => {}
                Some(b']') => {
                    return Ok(ArgSpan::new(Span::new(start, end), count));
                }
                _ => return Err(ScanError::Syntax),
            }
        }
    }

    fn value(&mut self) -> Result<(), ScanError> {
        self.skip_whitespace();
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'{') => match self.common_placeholder() {
                Some(number) => self.placeholders.visit(self.text, Some(number)),
                None => self.nested(Self::members),
            },
            Some(b'[') => self.nested(|scanner| scanner.elements(false).map(drop)),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'n') => self.literal(b"null"),
            _ => Err(ScanError::Syntax),
        }
    }

    /// Skips a placeholder in the form in which every client writes it, and returns the range of
    /// its number. Returns `None` for every other object or form, and if the nesting is too deep.
    /// The object must then be scanned by [`members`](Self::members).
    #[inline]
    fn common_placeholder(&mut self) -> Option<Span> {
        const START: &[u8] = br#"{"_placeholder":true,"num":"#;
        if !P::NEEDS_PLACEHOLDERS || self.depth == MAX_DEPTH {
            return None;
        }
        let rest = self.bytes.get(self.at..)?.strip_prefix(START)?;
        if let [b'0'..=b'9', b'}', ..] = rest {
            let number = self.at + START.len();
            self.at = number + 2;
            return Some(Span::new(number, number + 1));
        }
        None
    }

    /// Scans an object or array with `scan_content`, one level deeper.
    fn nested(
        &mut self,
        scan_content: impl FnOnce(&mut Self) -> Result<(), ScanError>,
    ) -> Result<(), ScanError> {
        if self.depth == MAX_DEPTH {
            return Err(ScanError::TooDeep);
        }
        self.depth += 1;
        self.at += 1;
        scan_content(self)?;
        self.depth -= 1;
        Ok(())
    }

    /// Scans the members of an object up to and including the closing brace.
    fn members(&mut self) -> Result<(), ScanError> {
        let mut is_placeholder = false;
        let mut number = None;
        self.skip_whitespace();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.skip_whitespace();
            let key = self.string()?;
            self.expect(b':')?;
            self.skip_whitespace();
            let start = self.at;
            self.value()?;
            if P::NEEDS_PLACEHOLDERS {
                let value = Span::new(start, self.at);
                // If a key occurs more than once, its last value counts, as in every client's
                // parser.
                if self.is_key(key, "_placeholder") {
                    is_placeholder = value.of(self.text) == "true";
                } else if self.is_key(key, "num") {
                    number = Some(value);
                }
            }
            match self.next_token() {
                Some(b',') => {}
                Some(b'}') => break,
                _ => return Err(ScanError::Syntax),
            }
        }
        if is_placeholder {
            self.placeholders.visit(self.text, number)
        } else {
            Ok(())
        }
    }

    fn is_key(&self, key: StringToken, name: &str) -> bool {
        if !key.has_escapes && key.span.len() != name.len() {
            false
        } else if key.has_escapes {
            self.unescaped(key).is_some_and(|key| key == name)
        } else {
            key.span.of(self.text) == name
        }
    }

    /// The text that a string stands for.
    fn unescaped(&self, token: StringToken) -> Option<Cow<'a, str>> {
        if !token.has_escapes {
            return Some(Cow::Borrowed(token.span.of(self.text)));
        }
        let quoted = Span::new(token.span.start().checked_sub(1)?, token.span.end() + 1);
        serde_json::from_str(quoted.of(self.text))
            .ok()
            .map(Cow::Owned)
    }

    #[inline]
    fn string(&mut self) -> Result<StringToken, ScanError> {
        if self.peek() != Some(b'"') {
            return Err(ScanError::Syntax);
        }
        let start = self.at + 1;
        self.at = find_special(self.bytes, start);
        let has_escapes = self.peek() != Some(b'"');
        if has_escapes {
            self.skip_escapes()?;
        }
        let span = Span::new(start, self.at);
        self.at += 1;
        Ok(StringToken { span, has_escapes })
    }

    /// Moves from the first special character of a string to the quote that ends the string.
    #[inline(never)]
    fn skip_escapes(&mut self) -> Result<(), ScanError> {
        loop {
            match self.peek() {
                Some(b'"') => return Ok(()),
                Some(b'\\') => self.skip_escape()?,
                // A control character must not be in a string, and the end of the text comes too
                // early.
                _ => return Err(ScanError::Syntax),
            }
            self.at = find_special(self.bytes, self.at);
        }
    }

    fn skip_escape(&mut self) -> Result<(), ScanError> {
        let bytes = self.bytes;
        let length = match bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') => 6,
            _ => return Err(ScanError::Syntax),
        };
        let digits = bytes
            .get(self.at + 2..self.at + length)
            .ok_or(ScanError::Syntax)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(ScanError::Syntax);
        }
        if let [b'd' | b'D', b'8'..=b'f', ..] = digits {
            return self.skip_surrogates();
        }
        self.at += length;
        Ok(())
    }

    /// Skips a pair of surrogates, which is one character.
    #[inline(never)]
    fn skip_surrogates(&mut self) -> Result<(), ScanError> {
        let escapes = self.bytes.get(self.at..).unwrap_or_default();
        self.at += surrogates::character_len(escapes).ok_or(ScanError::LoneSurrogate)?;
        Ok(())
    }

    fn number(&mut self) -> Result<(), ScanError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// Skips at least one digit.
    fn digits(&mut self) -> Result<(), ScanError> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start {
            Err(ScanError::Syntax)
        } else {
            Ok(())
        }
    }

    fn literal(&mut self, word: &[u8]) -> Result<(), ScanError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.starts_with(word) {
            self.at += word.len();
            Ok(())
        } else {
            Err(ScanError::Syntax)
        }
    }
}
