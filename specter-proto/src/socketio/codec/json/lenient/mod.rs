//! Decodes integers that were sent as floats.
//!
//! Python and others write `1.0` where a JavaScript client writes `1`, and serde's integer types
//! refuse it. A value that could not be decoded is decoded once more, with integral floats accepted
//! wherever a type asks for an integer. Values that decode at once never come here.
//!
//! Types that buffer what they read (flattened structs, tagged and untagged enums) ask for an
//! integer only later. If the second attempt fails too, a third one puts integers into their
//! buffers.

mod access;
mod number;

use std::any::type_name;
use std::cell::Cell;

use memchr::memchr3;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, Visitor};
use serde_json::value::RawValue;

use self::access::Through;
use self::number::{Integer, is_float};
use super::error_path;

/// Reads JSON from a client, such as the payload of its CONNECT, into a `T`.
///
/// What `serde_json` reads is read by it. Beyond that, an integer may have been sent as a float:
///
/// ```
/// use specter_proto::socketio::decode_json;
///
/// let ports: Vec<u16> = decode_json("[80, 443.0, 8e3]").unwrap();
/// assert_eq!(ports, [80, 443, 8000]);
/// assert!(decode_json::<u16>("1.5").is_err());
/// assert_eq!(decode_json::<f64>("1.0").unwrap(), 1.0);
/// ```
pub fn decode_json<'a, T: Deserialize<'a>>(json: &'a str) -> serde_json::Result<T> {
    serde_json::from_str(json).or_else(|error| decode_json_again(json, error))
}

#[cold]
fn decode_json_again<'a, T: Deserialize<'a>>(
    json: &'a str,
    error: serde_json::Error,
) -> serde_json::Result<T> {
    if !may_hold_float(json) {
        return Err(error);
    }
    again(|leniency| {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let value = T::deserialize(Lenient::new(&mut deserializer, leniency))?;
        deserializer.end()?;
        Ok(value)
    })
}

/// Whether reading `json` again may go another way.
pub(in crate::socketio) fn may_hold_float(json: &str) -> bool {
    memchr3(b'.', b'e', b'E', json.as_bytes()).is_some()
}

/// Attempts to read leniently what could not be read as it stands: at most twice.
#[cold]
pub(in crate::socketio) fn again<R, E>(
    mut attempt: impl FnMut(&Leniency) -> Result<R, E>,
) -> Result<R, E> {
    let leniency = Leniency::default();
    let read = attempt(&leniency);
    if read.is_err() && leniency.has_buffered_float.get() {
        let wider = Leniency {
            includes_buffers: true,
            ..Leniency::default()
        };
        return attempt(&wider).or(read);
    }
    read
}

/// What one attempt allows, and what it met.
#[derive(Debug, Default)]
pub(in crate::socketio) struct Leniency {
    /// Integral floats are integers in buffers too.
    includes_buffers: bool,
    /// There was one in a buffer.
    has_buffered_float: Cell<bool>,
    /// The address where the number ends that was refused last.
    refused: Cell<Option<usize>>,
}

impl Leniency {
    /// Where in `text`, which was being read, the refused number ends.
    pub(in crate::socketio) fn refused_in(&self, text: &str) -> Option<usize> {
        let at = self.refused.get()?.checked_sub(text.as_ptr().addr())?;
        (at <= text.len()).then_some(at)
    }
}

/// A deserializer, or a seed of one, below which integral floats are integers.
pub(in crate::socketio) struct Lenient<'c, T> {
    inner: T,
    leniency: &'c Leniency,
}

impl<'c, T> Lenient<'c, T> {
    /// `inner` is one of `serde_json`, which can give a value's text.
    pub(in crate::socketio) fn new(inner: T, leniency: &'c Leniency) -> Self {
        Self { inner, leniency }
    }
}

/// The deserializer of the text of one number, as which it is read if it is no integral float.
type OfNumber<'a, 'de> = &'a mut serde_json::Deserializer<serde_json::de::StrRead<'de>>;

impl<'c, 'de, D: Deserializer<'de>> Lenient<'c, D> {
    /// Reads an integer of `bits`; `usual` is how `serde_json` does it.
    fn integer<V: Visitor<'de>>(
        self,
        visitor: V,
        bits: Bits,
        usual: impl FnOnce(OfNumber<'_, 'de>, V) -> serde_json::Result<V::Value>,
    ) -> Result<V::Value, D::Error> {
        let text = <&RawValue>::deserialize(self.inner)?.get();
        let mut json = serde_json::Deserializer::from_str(text);
        let read = match (Integer::of_float(text), bits) {
            (Some(Integer::Positive(value)), Bits::Many) => visitor.visit_u128(value),
            (Some(Integer::Negative(value)), Bits::Many) => visitor.visit_i128(value),
            // Read as an integer of 128 bits it would be cut before its fraction.
            (None, Bits::Many) if is_float(text) => json.deserialize_any(visitor),
            (Some(Integer::Positive(value)), Bits::Few) if u64::try_from(value).is_ok() => {
                visitor.visit_u64(u64::try_from(value).unwrap_or_default())
            }
            (Some(Integer::Negative(value)), Bits::Few) if i64::try_from(value).is_ok() => {
                visitor.visit_i64(i64::try_from(value).unwrap_or_default())
            }
            _ => usual(&mut json, visitor),
        };
        read.map_err(|error| {
            let end = text.as_ptr().addr().saturating_add(text.len());
            self.leniency.refused.set(Some(end));
            D::Error::custom(error_path::without_position(&error))
        })
    }

    fn through<V>(visitor: V, leniency: &'c Leniency) -> Through<'c, V> {
        Through::new(visitor, leniency)
    }
}

/// How many bits the integer has that a type asks for.
#[derive(Clone, Copy)]
enum Bits {
    /// 64 or fewer.
    Few,
    /// 128.
    Many,
}

/// Methods for integers, by the method of the same name on `serde_json`'s deserializer.
macro_rules! integers {
    ($($method:ident: $bits:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.integer(visitor, Bits::$bits, |json, visitor| json.$method(visitor))
        }
    )*};
}

/// Methods for values that hold no others.
macro_rules! as_they_are {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method(visitor)
        }
    )*};
}

/// Methods for values that may hold others.
macro_rules! through {
    ($($method:ident($($hint:ident: $type:ty),*);)*) => {$(
        fn $method<V: Visitor<'de>>(
            self,
            $($hint: $type,)*
            visitor: V,
        ) -> Result<V::Value, D::Error> {
            self.inner.$method($($hint,)* Self::through(visitor, self.leniency))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Lenient<'_, D> {
    type Error = D::Error;

    integers! {
        deserialize_i8: Few;
        deserialize_i16: Few;
        deserialize_i32: Few;
        deserialize_i64: Few;
        deserialize_i128: Many;
        deserialize_u8: Few;
        deserialize_u16: Few;
        deserialize_u32: Few;
        deserialize_u64: Few;
        deserialize_u128: Many;
    }

    as_they_are! {
        deserialize_bool
        deserialize_f32
        deserialize_f64
        deserialize_char
        deserialize_str
        deserialize_string
        deserialize_unit
        deserialize_identifier
        deserialize_ignored_any
    }

    through! {
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_option();
        deserialize_unit_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let through = Self::through(visitor, self.leniency);
        self.inner.deserialize_any(if is_buffer::<V::Value>() {
            through.of_buffer()
        } else {
            through
        })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        // By such names `serde_json` hands over raw values, which are what was sent.
        if name.starts_with("$serde_json::") {
            return self.inner.deserialize_newtype_struct(name, visitor);
        }
        let through = Self::through(visitor, self.leniency);
        self.inner.deserialize_newtype_struct(name, through)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Lenient<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.inner
            .deserialize(Lenient::new(deserializer, self.leniency))
    }
}

/// Whether `T` is what the code that serde derives buffers values in. Nothing but its name tells.
/// If the name were another one, buffers would be read as they are.
fn is_buffer<T>() -> bool {
    let name = type_name::<T>().split('<').next().unwrap_or_default();
    matches!(name.rsplit("::").next(), Some("Content" | "TagOrContent"))
}

#[cfg(test)]
mod tests;
