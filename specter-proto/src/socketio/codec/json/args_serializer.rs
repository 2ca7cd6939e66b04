//! Serializes a value as arguments, according to its outermost type.
//!
//! `()` becomes no argument, a tuple or an array several, and [`Args`](crate::socketio::Args) the
//! arguments that they hold. Every other value becomes one argument, which `serde_json` serializes.
//! References and boxes make no difference to serde. A unit that is not `()`, such as the null of a
//! `serde_json::Value`, becomes a null.

use serde::ser::{Serialize, SerializeTuple, Serializer};

use super::string_scan::find_special;
use crate::socketio::args::ARGS_NAME;
use crate::socketio::attachment_scope;
use crate::socketio::unit::is_unit_name;

type Json<'a> = serde_json::Serializer<&'a mut Vec<u8>>;
type JsonSerializer<'a> = &'a mut Json<'a>;
type Error = serde_json::Error;

/// Appends the arguments that `value` becomes to `body`, joined by commas. With `after_name`, a
/// comma also comes before the first argument. Returns the number of arguments.
pub(in crate::socketio) fn write<T: Serialize + ?Sized>(
    value: &T,
    body: &mut Vec<u8>,
    after_name: bool,
) -> Result<usize, Error> {
    let mut count = 0;
    let mut json = None;
    value.serialize(ArgsSerializer {
        body,
        json: &mut json,
        after_name,
        count: &mut count,
        type_name: std::any::type_name::<T>(),
    })?;
    Ok(count)
}

/// Serializes a value as arguments.
struct ArgsSerializer<'a> {
    body: &'a mut Vec<u8>,
    /// The serializer of a single argument, which the argument's compound serializers borrow.
    json: &'a mut Option<Json<'a>>,
    after_name: bool,
    count: &'a mut usize,
    type_name: &'static str,
}

impl<'a> ArgsSerializer<'a> {
    /// Begins a single argument of any type.
    fn single(self) -> JsonSerializer<'a> {
        if self.after_name {
            self.body.push(b',');
        }
        *self.count = 1;
        self.json.insert(serde_json::Serializer::new(self.body))
    }
}

/// Methods that write a single argument by the same method of `serde_json`'s serializer.
macro_rules! single_argument {
    ($($method:ident($($value:ident: $type:ty),*) -> $result:ty;)*) => {$(
        fn $method(self, $($value: $type),*) -> Result<$result, Error> {
            self.single().$method($($value),*)
        }
    )*};
}

impl<'a> Serializer for ArgsSerializer<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = <JsonSerializer<'a> as Serializer>::SerializeSeq;
    type SerializeTuple = TupleSerializer<'a>;
    type SerializeTupleStruct = <JsonSerializer<'a> as Serializer>::SerializeTupleStruct;
    type SerializeTupleVariant = <JsonSerializer<'a> as Serializer>::SerializeTupleVariant;
    type SerializeMap = <JsonSerializer<'a> as Serializer>::SerializeMap;
    type SerializeStruct = <JsonSerializer<'a> as Serializer>::SerializeStruct;
    type SerializeStructVariant = <JsonSerializer<'a> as Serializer>::SerializeStructVariant;

    /// Writes no argument for `()`, and a null for any other unit.
    fn serialize_unit(self) -> Result<(), Error> {
        if is_unit_name(self.type_name) {
            return Ok(());
        }
        self.single().serialize_unit()
    }

    /// Writes a list of numbers, or the JSON of [`Args`](crate::socketio::Args).
    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        let Some(count) = attachment_scope::take_raw_args() else {
            return self.single().serialize_bytes(value);
        };
        if count > 0 {
            if self.after_name {
                self.body.push(b',');
            }
            self.body.extend_from_slice(value);
            *self.count = count;
        }
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        let has_special = find_special(value.as_bytes(), 0) < value.len();
        if has_special {
            return self.single().serialize_str(value);
        }
        // No character needs an escape, which `serde_json` would find out byte by byte.
        *self.count = 1;
        self.body.reserve(value.len() + 3);
        if self.after_name {
            self.body.push(b',');
        }
        self.body.push(b'"');
        self.body.extend_from_slice(value.as_bytes());
        self.body.push(b'"');
        Ok(())
    }

    fn serialize_tuple(self, _: usize) -> Result<TupleSerializer<'a>, Error> {
        Ok(TupleSerializer {
            body: self.body,
            needs_comma: self.after_name,
            count: self.count,
        })
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        if name == ARGS_NAME {
            attachment_scope::accept_raw_args();
            return value.serialize(self);
        }
        value.serialize(self.single())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self.single())
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.single()
            .serialize_newtype_variant(name, index, variant, value)
    }

    fn collect_str<T: std::fmt::Display + ?Sized>(self, value: &T) -> Result<(), Error> {
        self.single().collect_str(value)
    }

    single_argument! {
        serialize_bool(value: bool) -> ();
        serialize_i8(value: i8) -> ();
        serialize_i16(value: i16) -> ();
        serialize_i32(value: i32) -> ();
        serialize_i64(value: i64) -> ();
        serialize_i128(value: i128) -> ();
        serialize_u8(value: u8) -> ();
        serialize_u16(value: u16) -> ();
        serialize_u32(value: u32) -> ();
        serialize_u64(value: u64) -> ();
        serialize_u128(value: u128) -> ();
        serialize_f32(value: f32) -> ();
        serialize_f64(value: f64) -> ();
        serialize_char(value: char) -> ();
        serialize_none() -> ();
        serialize_unit_struct(name: &'static str) -> ();
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str) -> ();
        serialize_seq(len: Option<usize>) -> Self::SerializeSeq;
        serialize_tuple_struct(name: &'static str, len: usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(
            name: &'static str, index: u32, variant: &'static str, len: usize
        ) -> Self::SerializeTupleVariant;
        serialize_map(len: Option<usize>) -> Self::SerializeMap;
        serialize_struct(name: &'static str, len: usize) -> Self::SerializeStruct;
        serialize_struct_variant(
            name: &'static str, index: u32, variant: &'static str, len: usize
        ) -> Self::SerializeStructVariant;
    }
}

/// The elements of a tuple, each of which is an argument.
struct TupleSerializer<'a> {
    body: &'a mut Vec<u8>,
    needs_comma: bool,
    count: &'a mut usize,
}

impl SerializeTuple for TupleSerializer<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        if std::mem::replace(&mut self.needs_comma, true) {
            self.body.push(b',');
        }
        *self.count += 1;
        value.serialize(&mut serde_json::Serializer::new(&mut *self.body))
    }

    fn end(self) -> Result<(), Error> {
        Ok(())
    }
}
