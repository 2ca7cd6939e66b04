//! The positional arguments of an event or an acknowledgement: [`Args`], which owns them unread,
//! and [`Arguments`], a cursor that reads them one by one into the types of a handler.
//!
//! The text was checked when its packet was decoded. Nothing here checks it again, and no value is
//! built that was not asked for.

use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{DeserializeOwned, DeserializeSeed, IgnoredAny};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;
use triomphe::Arc;

use super::attachment_scope;
use super::error::ArgumentError;
use super::packet_buf::PacketBuf;
use super::span::Span;
use crate::socketio::codec::json::args_deserializer;
use crate::socketio::codec::json::lenient;
use crate::socketio::codec::json::lenient::{Leniency, Lenient};
use crate::socketio::codec::json::placeholder::CollectIndices;
use crate::socketio::codec::json::scanner;
use crate::socketio::codec::json::scanner::ArgSpan;
use crate::socketio::codec::json::unread::Unread;

/// The name by which [`Args`] make themselves known to the writer of a packet.
pub(super) const ARGS_NAME: &str = "$specter::Args";

/// Arguments as they came: unread, with their attachments. Only text that was cut inside a
/// character is repaired, so that every client can read what is passed on.
///
/// They can be emitted again. Given to `emit` or returned as an acknowledgement they are the
/// arguments; inside another value they are a list. Attachments go with them. (Elsewhere, as in
/// `serde_json::to_string`, they are a list too, but their placeholders are no more than data.)
///
/// Cloning is cheap: what came is shared.
#[derive(Clone, Default)]
pub struct Args {
    /// The packet that they are a part of. None came with none.
    came: Option<Arc<PacketBuf>>,
    elements: ArgSpan,
}

impl Args {
    /// Those of a packet.
    #[inline]
    pub(super) fn of(came: Arc<PacketBuf>) -> Self {
        Self {
            elements: came.places().elements,
            came: Some(came),
        }
    }

    /// The packet that they are a part of.
    #[inline]
    pub(super) fn packet(&self) -> Option<&Arc<PacketBuf>> {
        self.came.as_ref()
    }

    #[inline]
    pub(super) fn into_packet(self) -> Option<Arc<PacketBuf>> {
        self.came
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.elements.count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.elements.count() == 0
    }

    /// The argument at `index`, from 0, as a `T`. One that is missing is `None` to an `Option`,
    /// else an error.
    pub fn get<T: DeserializeOwned>(&self, index: usize) -> Result<T, ArgumentError> {
        let mut arguments = self.arguments();
        for _ in 0..index.min(self.len()) {
            arguments.skip();
        }
        arguments.index = index;
        arguments.next()
    }

    /// Reads them from the first on.
    pub fn arguments(&self) -> Arguments<'_> {
        Arguments {
            came: self.came.as_ref(),
            elements: self.elements,
            rest: self.json(),
            index: 0,
        }
    }

    /// Their JSON, joined by commas, without brackets around them. Bytes are placeholders in it.
    pub fn json(&self) -> &str {
        let text = self.came.as_ref().map_or("", |came| came.text());
        self.elements.span.of(text)
    }

    /// Their JSON as one array. Bytes are placeholders in it.
    pub fn to_json(&self) -> String {
        let elements = self.json();
        let mut json = String::with_capacity(elements.len() + 2);
        json.push('[');
        json.push_str(elements);
        json.push(']');
        json
    }

    /// The attachments that came with them, in the order of their numbers.
    pub fn attachments(&self) -> &[Bytes] {
        self.came.as_ref().map_or(&[], |came| came.attachments())
    }

    /// Appends the arguments, joined by commas, to a packet's JSON, in which `offset` attachments
    /// stand before those of these arguments.
    pub(super) fn write_json(
        &self,
        offset: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), serde_json::Error> {
        if offset == 0 || self.attachments().is_empty() {
            out.extend_from_slice(self.json().as_bytes());
            return Ok(());
        }
        let numbers = scanner::joined(self.json(), CollectIndices::default())
            .map_err(|_| serde_json::Error::custom("arguments that are not valid JSON"))?;
        numbers.shift(self.json(), offset, out);
        Ok(())
    }
}

impl fmt::Debug for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Args")
            .field(&self.json())
            .field(&self.attachments())
            .finish()
    }
}

impl Serialize for Args {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(ARGS_NAME, &List(self))
    }
}

/// [`Args`] below their own name.
struct List<'a>(&'a Args);

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if attachment_scope::give_args(self.0.len()) {
            if let Some(came) = &self.0.came
                && !came.attachments().is_empty()
            {
                attachment_scope::attach_all(came);
            }
            return serializer.serialize_bytes(self.0.json().as_bytes());
        }
        let offset = match self.0.attachments() {
            [] => 0,
            attachments => attachment_scope::attach(attachments).unwrap_or(0),
        };
        let mut json = Vec::with_capacity(self.0.json().len() + 2);
        json.push(b'[');
        self.0
            .write_json(offset, &mut json)
            .map_err(S::Error::custom)?;
        json.push(b']');
        let json = String::from_utf8(json).map_err(S::Error::custom)?;
        RawValue::from_string(json)
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}

/// A cursor over the arguments of a packet.
///
/// Each [`next`](Self::next) reads one, in one pass over its bytes. What it gives may borrow from
/// the packet; a string with escapes cannot be lent, so borrow strings as `Cow<str>`.
#[derive(Clone, Debug)]
pub struct Arguments<'a> {
    /// The packet that they are a part of.
    came: Option<&'a Arc<PacketBuf>>,
    /// All of its arguments.
    elements: ArgSpan,
    /// Begins with the next argument.
    rest: &'a str,
    index: usize,
}

impl<'a> Arguments<'a> {
    /// Those of a packet.
    #[inline]
    pub(super) fn of(came: &'a Arc<PacketBuf>) -> Self {
        let elements = came.places().elements;
        Self {
            came: Some(came),
            elements,
            rest: elements.span.of(came.text()),
            index: 0,
        }
    }

    /// Reads the next argument as a `T`. If there is none, an `Option` is `None`, and anything else
    /// an error. After an error the cursor stands behind the argument all the same.
    ///
    /// An integer may have been sent as a float, such as `1.0` or `1e3`; `1.5` is an error.
    #[expect(
        clippy::should_implement_trait,
        reason = "each argument has a type of its own, so an iterator cannot give them"
    )]
    pub fn next<T: Deserialize<'a>>(&mut self) -> Result<T, ArgumentError> {
        self.next_seed(PhantomData)
    }

    /// As [`next`](Self::next), with a seed. It is cloned for each attempt to read the argument.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "serde takes seeds by value, and so do its users"
    )]
    pub fn next_seed<S: DeserializeSeed<'a> + Clone>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, ArgumentError> {
        self.read(seed.clone())
            .or_else(|unread| self.read_again(&seed, unread))
    }

    /// Reads the next argument as it stands.
    pub(super) fn read<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Result<S::Value, Unread<'a>> {
        let index = self.index;
        self.index += 1;
        let text = self.rest;
        if text.is_empty() {
            return Unread::missing(index, seed);
        }
        let mut json = serde_json::Deserializer::from_str(text);
        let read = attachment_scope::reading(self.came, || seed.deserialize(&mut json));
        match read {
            Ok(value) => {
                // What the iterator would have read next tells how far the value went.
                let end = json.into_iter::<IgnoredAny>().byte_offset();
                if let Some(rest) = behind(text, end) {
                    self.rest = rest;
                    return Ok(value);
                }
                // A `Deserialize` that reads nothing leaves the cursor before the argument. Inside
                // of it the cursor is left by an integer of 128 bits that was sent as a float.
                let argument = self.pass(text);
                if end == 0 {
                    return Ok(value);
                }
                let error = serde_json::Error::custom("only a part of the value was read");
                Err(Unread::refused(index, argument, error, None))
            }
            Err(error) => Err(Unread::refused(index, self.pass(text), error, None)),
        }
    }

    /// Moves on to what stands behind the argument that `text` begins with, and gives that
    /// argument.
    #[cold]
    fn pass(&mut self, text: &'a str) -> &'a str {
        let end = scanner::skip(text);
        self.rest = behind(text, end).unwrap_or_default();
        text.get(..end).unwrap_or_default()
    }

    /// Reads an argument again that could not be read as it stands.
    #[cold]
    fn read_again<S: DeserializeSeed<'a> + Clone>(
        &self,
        seed: &S,
        unread: Unread<'a>,
    ) -> Result<S::Value, ArgumentError> {
        if !unread.may_hold_float() {
            return Err(unread.into());
        }
        let read = lenient::again(|leniency| {
            let mut arguments = Self {
                rest: unread.text,
                index: unread.index,
                ..self.clone()
            };
            arguments.read_leniently(seed.clone(), leniency)
        });
        read.map_err(ArgumentError::from)
    }

    /// Reads the next argument, in which integers may have been sent as floats.
    #[cold]
    pub(super) fn read_leniently<S: DeserializeSeed<'a>>(
        &mut self,
        seed: S,
        leniency: &Leniency,
    ) -> Result<S::Value, Unread<'a>> {
        let index = self.index;
        self.index += 1;
        let text = self.pass(self.rest);
        if text.is_empty() {
            return Unread::missing(index, seed);
        }
        let mut json = serde_json::Deserializer::from_str(text);
        let seed = || seed.deserialize(Lenient::new(&mut json, leniency));
        attachment_scope::reading(self.came, seed)
            .map_err(|error| Unread::refused(index, text, error, leniency.refused_in(text)))
    }

    /// Reads everything that remains as one value, by the rule by which a value becomes arguments:
    /// a tuple takes several, `()` none, and any other type one. What remains is dropped.
    pub fn decode<T: Deserialize<'a>>(self) -> Result<T, ArgumentError> {
        attachment_scope::reading(self.came, || args_deserializer::decode(&self))
    }

    /// Passes the next argument by. Whether there was one.
    pub fn skip(&mut self) -> bool {
        let there = !self.is_empty();
        self.rest = behind(self.rest, scanner::skip(self.rest)).unwrap_or_default();
        self.index += 1;
        there
    }

    /// Whether none remains.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// How many remain.
    pub fn len(&self) -> usize {
        if self.is_empty() {
            0
        } else {
            self.elements.count().saturating_sub(self.index)
        }
    }

    /// The position of the next argument, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The JSON of what remains, joined by commas.
    pub fn remaining_json(&self) -> &'a str {
        self.rest
    }

    /// What remains, to be kept or sent on. Shares the packet.
    pub fn rest(&self) -> Args {
        let end = self.elements.span.end();
        let span = Span::new(end.saturating_sub(self.rest.len()), end);
        Args {
            came: self.came.cloned(),
            elements: ArgSpan::new(span, self.len()),
        }
    }
}

/// What begins with the next argument, the last one having ended at `end`. `None` if no argument
/// ends there.
fn behind(text: &str, end: usize) -> Option<&str> {
    let rest = text.get(end..)?.trim_start_matches(is_white_space);
    match rest.strip_prefix(',') {
        Some(next) => Some(next.trim_start_matches(is_white_space)),
        None if rest.is_empty() => Some(rest),
        None => None,
    }
}

fn is_white_space(character: char) -> bool {
    matches!(character, ' ' | '\n' | '\t' | '\r')
}
