//! The positional arguments of an event or an acknowledgement: [`Args`], which owns them unread,
//! and [`Arguments`], a cursor that reads them one by one into the types of a handler.
//!
//! The decoder has checked the text already, so nothing here checks it again, and only values that
//! are read are built.

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
use crate::socketio::codec::json::lenient;
use crate::socketio::codec::json::lenient::{Leniency, Lenient};
use crate::socketio::codec::json::placeholder::CollectIndices;
use crate::socketio::codec::json::scanner;
use crate::socketio::codec::json::scanner::ArgSpan;
use crate::socketio::codec::json::unread::UnreadArgument;

/// The name of the newtype struct as which [`Args`] are serialized. The packet encoder recognizes
/// them by it.
pub(super) const ARGS_NAME: &str = "$specter::Args";

/// The arguments of a received packet, unread, with their attachments. They are unchanged, except
/// that each lone surrogate is replaced by U+FFFD, so that every client can read arguments that are
/// passed on.
///
/// They can be sent again. Passed to `emit` or returned as an acknowledgement, they become the
/// arguments of the new packet. Inside another value they become a list. Their attachments are sent
/// with them. Serialized without a packet, as by `serde_json::to_string`, they also become a list,
/// but their placeholders are plain data there.
///
/// Cloning is cheap, because clones share the packet.
#[derive(Clone, Default)]
pub struct Args {
    /// The packet that has the arguments. `None` if there are no arguments.
    packet: Option<Arc<PacketBuf>>,
    elements: ArgSpan,
}

impl Args {
    /// The arguments of a packet.
    #[inline]
    pub(super) fn of(packet: Arc<PacketBuf>) -> Self {
        Self {
            elements: packet.layout().elements,
            packet: Some(packet),
        }
    }

    /// The packet that has the arguments.
    #[inline]
    pub(super) fn packet(&self) -> Option<&Arc<PacketBuf>> {
        self.packet.as_ref()
    }

    #[inline]
    pub(super) fn into_packet(self) -> Option<Arc<PacketBuf>> {
        self.packet
    }

    /// The number of arguments.
    pub fn len(&self) -> usize {
        self.elements.count()
    }

    /// Whether there are no arguments.
    pub fn is_empty(&self) -> bool {
        self.elements.count() == 0
    }

    /// Reads the argument at `index`, counted from 0, as a `T`. A missing argument is `None` for an
    /// `Option` and an error for any other type.
    pub fn get<T: DeserializeOwned>(&self, index: usize) -> Result<T, ArgumentError> {
        let mut arguments = self.arguments();
        for _ in 0..index.min(self.len()) {
            arguments.skip();
        }
        arguments.index = index;
        arguments.next()
    }

    /// Returns a cursor at the first argument.
    pub fn arguments(&self) -> Arguments<'_> {
        Arguments {
            packet: self.packet.as_ref(),
            elements: self.elements,
            rest: self.json(),
            index: 0,
        }
    }

    /// The JSON of the arguments, joined by commas, without brackets around them. Attachments are
    /// placeholders in it.
    pub fn json(&self) -> &str {
        let text = self.packet.as_ref().map_or("", |packet| packet.text());
        self.elements.span.of(text)
    }

    /// The JSON of the arguments as one array. Attachments are placeholders in it.
    pub fn to_json(&self) -> String {
        let elements = self.json();
        let mut json = String::with_capacity(elements.len() + 2);
        json.push('[');
        json.push_str(elements);
        json.push(']');
        json
    }

    /// The attachments of the packet, in the order of their numbers.
    pub fn attachments(&self) -> &[Bytes] {
        self.packet
            .as_ref()
            .map_or(&[], |packet| packet.attachments())
    }

    /// Appends the arguments, joined by commas, to the JSON of a packet that has `offset`
    /// attachments before those of these arguments.
    pub(super) fn write_json(
        &self,
        offset: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), serde_json::Error> {
        if offset == 0 || self.attachments().is_empty() {
            out.extend_from_slice(self.json().as_bytes());
            return Ok(());
        }
        let indices = scanner::scan_joined(self.json(), CollectIndices::default())
            .map_err(|_| serde_json::Error::custom("the arguments are not valid JSON"))?;
        indices.shift(self.json(), offset, out);
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
        serializer.serialize_newtype_struct(ARGS_NAME, &ArgsContent(self))
    }
}

/// The content of the newtype struct as which [`Args`] are serialized.
struct ArgsContent<'a>(&'a Args);

impl Serialize for ArgsContent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if attachment_scope::send_raw_args(self.0.len()) {
            if let Some(packet) = &self.0.packet
                && !packet.attachments().is_empty()
            {
                attachment_scope::attach_shared(packet);
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
/// Each call of [`next`](Self::next) reads one argument, in one pass over its bytes. The value may
/// borrow from the packet. A string with escapes cannot be borrowed, so read strings that may have
/// escapes as `Cow<str>`.
#[derive(Clone, Debug)]
pub struct Arguments<'a> {
    /// The packet that has the arguments.
    pub(super) packet: Option<&'a Arc<PacketBuf>>,
    /// All arguments of the packet.
    elements: ArgSpan,
    /// The JSON of the packet's arguments, from the next argument on.
    rest: &'a str,
    index: usize,
}

impl<'a> Arguments<'a> {
    /// Returns a cursor at the first argument of a packet.
    #[inline]
    pub(super) fn of(packet: &'a Arc<PacketBuf>) -> Self {
        let elements = packet.layout().elements;
        Self {
            packet: Some(packet),
            elements,
            rest: elements.span.of(packet.text()),
            index: 0,
        }
    }

    /// Reads the next argument as a `T`. If there is none, an `Option` is `None` and any other type
    /// is an error. The cursor moves to the argument after it, also if reading it fails.
    ///
    /// An integer may have been sent as a float with an integral value, such as `1.0` or `1e3`. A
    /// fraction, such as `1.5`, is an error.
    #[expect(
        clippy::should_implement_trait,
        reason = "each argument has its own type, so an iterator cannot return them"
    )]
    pub fn next<T: Deserialize<'a>>(&mut self) -> Result<T, ArgumentError> {
        self.next_seed(PhantomData)
    }

    /// Reads the next argument as [`next`](Self::next) does, with a seed. The seed is cloned for
    /// each attempt to read the argument.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "serde takes seeds by value, and so do its users"
    )]
    pub fn next_seed<S: DeserializeSeed<'a> + Clone>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, ArgumentError> {
        self.read(seed.clone())
            .or_else(|unread| self.retry_leniently(&seed, unread))
    }

    /// Reads the next argument without leniency for integers.
    pub(super) fn read<S: DeserializeSeed<'a>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, UnreadArgument<'a>> {
        let index = self.index;
        self.index += 1;
        let text = self.rest;
        if text.is_empty() {
            return UnreadArgument::missing(index, seed);
        }
        let mut json = serde_json::Deserializer::from_str(text);
        let read =
            attachment_scope::read_with_attachments(self.packet, || seed.deserialize(&mut json));
        match read {
            Ok(value) => {
                // The offset at which an iterator would continue is the end of the value.
                let end = json.into_iter::<IgnoredAny>().byte_offset();
                if let Some(rest) = after_argument(text, end) {
                    self.rest = rest;
                    return Ok(value);
                }
                // The value does not end with the argument. A `Deserialize` that reads nothing
                // leaves the deserializer in front of the argument. One that reads an integer of
                // 128 bits from a float leaves it inside the argument.
                let argument = self.skip_to_next(text);
                if end == 0 {
                    return Ok(value);
                }
                let error = serde_json::Error::custom("the type read only a part of the value");
                Err(UnreadArgument::rejected(index, argument, error, None))
            }
            Err(error) => Err(UnreadArgument::rejected(
                index,
                self.skip_to_next(text),
                error,
                None,
            )),
        }
    }

    /// Skips the argument with which `text` begins: moves the cursor to the next argument, and
    /// returns the JSON of the skipped one.
    #[cold]
    fn skip_to_next(&mut self, text: &'a str) -> &'a str {
        let end = scanner::skip(text);
        self.rest = after_argument(text, end).unwrap_or_default();
        text.get(..end).unwrap_or_default()
    }

    /// Reads an argument again in which integers may have been sent as floats.
    #[cold]
    fn retry_leniently<S: DeserializeSeed<'a> + Clone>(
        &self,
        seed: &S,
        unread: UnreadArgument<'a>,
    ) -> Result<S::Value, ArgumentError> {
        if !unread.may_hold_float() {
            return Err(unread.into());
        }
        let read = lenient::retry(|leniency| {
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
    ) -> Result<S::Value, UnreadArgument<'a>> {
        let index = self.index;
        self.index += 1;
        let text = self.skip_to_next(self.rest);
        if text.is_empty() {
            return UnreadArgument::missing(index, seed);
        }
        let mut json = serde_json::Deserializer::from_str(text);
        let seed = || seed.deserialize(Lenient::new(&mut json, leniency));
        attachment_scope::read_with_attachments(self.packet, seed).map_err(|error| {
            UnreadArgument::rejected(index, text, error, leniency.rejected_end(text))
        })
    }

    /// Skips the next argument. Returns whether there was one.
    pub fn skip(&mut self) -> bool {
        let is_present = !self.is_empty();
        self.rest = after_argument(self.rest, scanner::skip(self.rest)).unwrap_or_default();
        self.index += 1;
        is_present
    }

    /// Whether no argument remains.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The number of remaining arguments.
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

    /// The JSON of the remaining arguments, joined by commas.
    pub fn remaining_json(&self) -> &'a str {
        self.rest
    }

    /// The remaining arguments, to be kept or passed on. They share the packet.
    pub fn rest(&self) -> Args {
        let end = self.elements.span.end();
        let span = Span::new(end.saturating_sub(self.rest.len()), end);
        Args {
            packet: self.packet.cloned(),
            elements: ArgSpan::new(span, self.len()),
        }
    }
}

/// The JSON after an argument that ends at `end`, from the next argument on. `None` if no argument
/// ends there.
fn after_argument(text: &str, end: usize) -> Option<&str> {
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
