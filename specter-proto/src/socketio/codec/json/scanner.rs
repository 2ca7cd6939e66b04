//! One pass over the JSON of a packet, which checks that it is well-formed and not too deep, and
//! finds its arguments.
//!
//! serde reads arguments later, straight into the handler's types; the scanner builds no values. It
//! passes the placeholders of a binary packet to a [`PlaceholderVisitor`]. Every function is linear
//! in the text and recurses at most [`MAX_DEPTH`] levels.

use std::borrow::Cow;

use super::placeholder::{IgnorePlaceholders, PlaceholderVisitor};
use super::string_scan::find_special;
use super::surrogates;
use crate::socketio::span::Span;

/// How deeply one argument may nest: as deep as `serde_json` is willing to read later.
pub(in crate::socketio) const MAX_DEPTH: u8 = 127;

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::socketio) enum ScanError {
    /// Not JSON, or not of the shape that was asked for.
    Syntax,
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// A placeholder whose number names no attachment.
    Placeholder,
    /// An event's data begins with something that is no name.
    EventName,
    /// A string with an escape of half a character. All else may be right: see [`surrogates`].
    LoneSurrogate,
}

/// The first element of an EVENT's data: a string, or a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::socketio) enum EventName {
    /// As it stands in the text, without quotes.
    Raw(Span),
    /// With its escapes undone.
    Unescaped(Box<str>),
}

impl Default for EventName {
    fn default() -> Self {
        Self::Raw(Span::default())
    }
}

impl EventName {
    /// How many bytes it has.
    pub(in crate::socketio) fn len(&self) -> usize {
        match self {
            Self::Raw(span) => span.len(),
            Self::Unescaped(name) => name.len(),
        }
    }

    /// The name; `text` is what it was read from.
    pub(in crate::socketio) fn of<'a>(&'a self, text: &'a str) -> &'a str {
        match self {
            Self::Raw(span) => span.of(text),
            Self::Unescaped(name) => name,
        }
    }
}

/// Where the elements of an array lie, without the brackets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::socketio) struct ArgSpan {
    pub(in crate::socketio) span: Span,
    count: u32,
}

impl ArgSpan {
    pub(in crate::socketio) fn new(span: Span, count: usize) -> Self {
        // Each takes a byte at least, and a text has no more than a span can say.
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Self { span, count }
    }

    /// How many there are.
    pub(in crate::socketio) fn count(self) -> usize {
        self.count as usize
    }
}

/// Reads `[name, …elements]`, which begins at `from`.
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

/// Reads `…elements]`, which stands behind a name and a comma, from there.
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

/// Reads `[…elements]`, which begins at `from`.
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

/// Reads one object, which begins at `from`.
pub(in crate::socketio) fn object(text: &str, from: usize) -> Result<Span, ScanError> {
    let mut scanner = Scanner::new(text, from, IgnorePlaceholders);
    scanner.whitespace();
    let start = scanner.at;
    if scanner.peek() != Some(b'{') {
        return Err(ScanError::Syntax);
    }
    scanner.value()?;
    let end = scanner.at;
    scanner.finish()?;
    Ok(Span::new(start, end))
}

/// Where the value that `text` begins with ends; the end of the text if it is none.
pub(in crate::socketio) fn skip(text: &str) -> usize {
    let mut scanner = Scanner::new(text, 0, IgnorePlaceholders);
    match scanner.value() {
        Ok(()) => scanner.at,
        Err(_) => text.len(),
    }
}

/// Scans `elements`, values joined by commas, and gives back what met their placeholders.
pub(in crate::socketio) fn joined<P: PlaceholderVisitor>(
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

/// A string as it stands in the text, without its quotes.
#[derive(Clone, Copy)]
struct StringToken {
    span: Span,
    escaped: bool,
}

struct Scanner<'a, P> {
    text: &'a str,
    /// The text's: while scanning nobody asks for characters.
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
    fn whitespace(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// The next byte that is not white space, consumed.
    #[inline]
    fn next_token(&mut self) -> Option<u8> {
        self.whitespace();
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

    /// Nothing but white space may follow.
    fn finish(&mut self) -> Result<(), ScanError> {
        if self.next_token().is_none() {
            Ok(())
        } else {
            Err(ScanError::Syntax)
        }
    }

    fn name(&mut self) -> Result<EventName, ScanError> {
        self.whitespace();
        let start = self.at;
        match self.peek() {
            Some(b'"') => {
                let token = self.string()?;
                if !token.escaped {
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

    /// The elements up to and with the closing bracket. `wanted`: a comma came before, so that
    /// there must be one.
    fn elements(&mut self, wanted: bool) -> Result<ArgSpan, ScanError> {
        self.whitespace();
        let start = self.at;
        if !wanted && self.peek() == Some(b']') {
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
        self.whitespace();
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'{') => match self.usual_placeholder() {
                Some(number) => self.placeholders.found(self.text, Some(number)),
                None => self.nested(Self::members),
            },
            Some(b'[') => self.nested(|scanner| scanner.elements(false).map(drop)),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'n') => self.literal(b"null"),
            _ => Err(ScanError::Syntax),
        }
    }

    /// Passes a placeholder by as every client writes it, and says where its number stands. Nothing
    /// where it is another object, or looks different, or must not stand here: then all the rules
    /// apply.
    #[inline]
    fn usual_placeholder(&mut self) -> Option<Span> {
        const WRITTEN: &[u8] = br#"{"_placeholder":true,"num":"#;
        if !P::WATCHED || self.depth == MAX_DEPTH {
            return None;
        }
        let rest = self.bytes.get(self.at..)?.strip_prefix(WRITTEN)?;
        if let [b'0'..=b'9', b'}', ..] = rest {
            let number = self.at + WRITTEN.len();
            self.at = number + 2;
            return Some(Span::new(number, number + 1));
        }
        None
    }

    fn nested(
        &mut self,
        inside: impl FnOnce(&mut Self) -> Result<(), ScanError>,
    ) -> Result<(), ScanError> {
        if self.depth == MAX_DEPTH {
            return Err(ScanError::TooDeep);
        }
        self.depth += 1;
        self.at += 1;
        inside(self)?;
        self.depth -= 1;
        Ok(())
    }

    /// The members of an object up to and with the closing brace.
    fn members(&mut self) -> Result<(), ScanError> {
        let mut marked = false;
        let mut number = None;
        self.whitespace();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.whitespace();
            let key = self.string()?;
            self.expect(b':')?;
            self.whitespace();
            let start = self.at;
            self.value()?;
            if P::WATCHED {
                let value = Span::new(start, self.at);
                // Of equal keys the last one counts, as in every parser of the clients.
                if self.is(key, "_placeholder") {
                    marked = value.of(self.text) == "true";
                } else if self.is(key, "num") {
                    number = Some(value);
                }
            }
            match self.next_token() {
                Some(b',') => {}
                Some(b'}') => break,
                _ => return Err(ScanError::Syntax),
            }
        }
        if marked {
            self.placeholders.found(self.text, number)
        } else {
            Ok(())
        }
    }

    fn is(&self, key: StringToken, name: &str) -> bool {
        if !key.escaped && key.span.len() != name.len() {
            false
        } else if key.escaped {
            self.unescaped(key).is_some_and(|key| key == name)
        } else {
            key.span.of(self.text) == name
        }
    }

    /// What a string stands for.
    fn unescaped(&self, token: StringToken) -> Option<Cow<'a, str>> {
        if !token.escaped {
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
        let escaped = self.peek() != Some(b'"');
        if escaped {
            self.escaped()?;
        }
        let span = Span::new(start, self.at);
        self.at += 1;
        Ok(StringToken { span, escaped })
    }

    /// Moves on from the first character of a string that is not plain to the quote that ends it.
    #[inline(never)]
    fn escaped(&mut self) -> Result<(), ScanError> {
        loop {
            match self.peek() {
                Some(b'"') => return Ok(()),
                Some(b'\\') => self.escape()?,
                // A control character, or the end of the text.
                _ => return Err(ScanError::Syntax),
            }
            self.at = find_special(self.bytes, self.at);
        }
    }

    fn escape(&mut self) -> Result<(), ScanError> {
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
            return self.surrogate();
        }
        self.at += length;
        Ok(())
    }

    /// Passes a pair of surrogates by, which is one character.
    #[inline(never)]
    fn surrogate(&mut self) -> Result<(), ScanError> {
        let escapes = self.bytes.get(self.at..).unwrap_or_default();
        self.at += surrogates::character(escapes).ok_or(ScanError::LoneSurrogate)?;
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

    /// One digit at least.
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
