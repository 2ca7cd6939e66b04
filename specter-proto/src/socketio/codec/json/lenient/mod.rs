//! Decodes integers that were sent as floats.
//!
//! Python and other clients write `1.0` where a JavaScript client writes `1`, and serde's integer
//! types reject it. A value that could not be decoded is therefore decoded once more, with integral
//! floats accepted wherever a type requests an integer. Values that can be decoded at once are not
//! affected.
//!
//! Types that buffer what they read (flattened structs, tagged and untagged enums) request an
//! integer only later, from the buffer. If the second attempt fails too, a third one converts
//! integral floats in the buffers into integers.
//!
//! `access` and this file need each other: a lenient deserializer wraps the accessors of a value's
//! parts, which deserialize the parts leniently again.

mod access;
mod number;

use std::any::type_name;
use std::cell::Cell;

use memchr::memchr3;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, Visitor};
use serde_json::value::RawValue;

use self::access::LenientAccess;
use self::number::{Integer, is_float};
use super::error_path;

/// Reads JSON from a client, such as the payload of its CONNECT, into a `T`.
///
/// JSON that `serde_json` can read is read by it. In addition, an integer may have been sent as a
/// float:
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
    retry(|leniency| {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let value = T::deserialize(Lenient::new(&mut deserializer, leniency))?;
        deserializer.end()?;
        Ok(value)
    })
}

/// Whether `json` may contain a float, so that reading it leniently may succeed.
pub(in crate::socketio) fn may_hold_float(json: &str) -> bool {
    memchr3(b'.', b'e', b'E', json.as_bytes()).is_some()
}

/// Makes up to two lenient attempts to read a value that could not be read otherwise. The error is
/// that of the first attempt.
#[cold]
pub(in crate::socketio) fn retry<R, E>(
    mut attempt: impl FnMut(&Leniency) -> Result<R, E>,
) -> Result<R, E> {
    let leniency = Leniency::default();
    let read = attempt(&leniency);
    if read.is_err() && leniency.has_buffered_float.get() {
        let with_buffers = Leniency {
            includes_buffers: true,
            ..Leniency::default()
        };
        return attempt(&with_buffers).or(read);
    }
    read
}

/// The rules of one attempt, and its observations.
#[derive(Debug, Default)]
pub(in crate::socketio) struct Leniency {
    /// Whether integral floats in buffers are converted into integers too.
    includes_buffers: bool,
    /// Whether there was an integral float in a buffer.
    has_buffered_float: Cell<bool>,
    /// The address at which the last rejected number ends.
    rejected_end: Cell<Option<usize>>,
}

impl Leniency {
    /// The index in `text`, which was being read, at which the rejected number ends.
    pub(in crate::socketio) fn rejected_end(&self, text: &str) -> Option<usize> {
        let at = self.rejected_end.get()?.checked_sub(text.as_ptr().addr())?;
        (at <= text.len()).then_some(at)
    }
}

/// Wraps a deserializer or a seed, so that integral floats are read where integers are requested.
pub(in crate::socketio) struct Lenient<'c, T> {
    inner: T,
    leniency: &'c Leniency,
}

impl<'c, T> Lenient<'c, T> {
    /// Wraps `inner`, which must be a deserializer of `serde_json`, because only that can return
    /// the text of a value.
    pub(in crate::socketio) fn new(inner: T, leniency: &'c Leniency) -> Self {
        Self { inner, leniency }
    }
}

/// The deserializer of the text of one number that is not an integral float.
type NumberDeserializer<'a, 'de> = &'a mut serde_json::Deserializer<serde_json::de::StrRead<'de>>;

impl<'c, 'de, D: Deserializer<'de>> Lenient<'c, D> {
    /// Reads an integer of `bits`. `read_exactly` reads it as `serde_json` does.
    fn integer<V: Visitor<'de>>(
        self,
        visitor: V,
        bits: Bits,
        read_exactly: impl FnOnce(NumberDeserializer<'_, 'de>, V) -> serde_json::Result<V::Value>,
    ) -> Result<V::Value, D::Error> {
        let text = <&RawValue>::deserialize(self.inner)?.get();
        let mut json = serde_json::Deserializer::from_str(text);
        let read = match (Integer::of_float(text), bits) {
            (Some(Integer::Positive(value)), Bits::Is128) => visitor.visit_u128(value),
            (Some(Integer::Negative(value)), Bits::Is128) => visitor.visit_i128(value),
            // `serde_json` would read only the part before the fraction as an integer of 128 bits.
            (None, Bits::Is128) if is_float(text) => json.deserialize_any(visitor),
            (Some(Integer::Positive(value)), Bits::UpTo64) if u64::try_from(value).is_ok() => {
                visitor.visit_u64(u64::try_from(value).unwrap_or_default())
            }
            (Some(Integer::Negative(value)), Bits::UpTo64) if i64::try_from(value).is_ok() => {
                visitor.visit_i64(i64::try_from(value).unwrap_or_default())
            }
            _ => read_exactly(&mut json, visitor),
        };
        read.map_err(|error| {
            let end = text.as_ptr().addr().saturating_add(text.len());
            self.leniency.rejected_end.set(Some(end));
            D::Error::custom(error_path::without_position(&error))
        })
    }

    fn wrap<V>(visitor: V, leniency: &'c Leniency) -> LenientAccess<'c, V> {
        LenientAccess::new(visitor, leniency)
    }
}

/// The size of the integer that a type requests.
#[derive(Clone, Copy)]
enum Bits {
    /// 64 bits or fewer.
    UpTo64,
    /// 128 bits.
    Is128,
}

/// Methods that read integers. A value that is not an integral float is read by the same method of
/// `serde_json`'s deserializer.
macro_rules! integers {
    ($($method:ident: $bits:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.integer(visitor, Bits::$bits, |json, visitor| json.$method(visitor))
        }
    )*};
}

/// Methods that read values without values inside them.
macro_rules! forward_unchanged {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method(visitor)
        }
    )*};
}

/// Methods that read values that may have values inside them.
macro_rules! forward_wrapped {
    ($($method:ident($($hint:ident: $type:ty),*);)*) => {$(
        fn $method<V: Visitor<'de>>(
            self,
            $($hint: $type,)*
            visitor: V,
        ) -> Result<V::Value, D::Error> {
            self.inner.$method($($hint,)* Self::wrap(visitor, self.leniency))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Lenient<'_, D> {
    type Error = D::Error;

    integers! {
        deserialize_i8: UpTo64;
        deserialize_i16: UpTo64;
        deserialize_i32: UpTo64;
        deserialize_i64: UpTo64;
        deserialize_i128: Is128;
        deserialize_u8: UpTo64;
        deserialize_u16: UpTo64;
        deserialize_u32: UpTo64;
        deserialize_u64: UpTo64;
        deserialize_u128: Is128;
    }

    forward_unchanged! {
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

    forward_wrapped! {
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
        let visitor = Self::wrap(visitor, self.leniency);
        self.inner.deserialize_any(if is_buffer::<V::Value>() {
            visitor.into_buffer()
        } else {
            visitor
        })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        // `serde_json` returns raw values by such a name. They must be unchanged.
        if name.starts_with("$serde_json::") {
            return self.inner.deserialize_newtype_struct(name, visitor);
        }
        let visitor = Self::wrap(visitor, self.leniency);
        self.inner.deserialize_newtype_struct(name, visitor)
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

/// Whether `T` is one of the types in which the code that serde derives buffers values. Only the
/// name identifies these types. If serde renamed them, floats in buffers would not be converted.
fn is_buffer<T>() -> bool {
    let name = type_name::<T>().split('<').next().unwrap_or_default();
    matches!(name.rsplit("::").next(), Some("Content" | "TagOrContent"))
}

#[cfg(test)]
mod tests;
