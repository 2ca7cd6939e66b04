//! Finds out whether a value is `()`, which as arguments is no argument at all.

use std::fmt;

use serde::Serialize;
use serde::ser::{Impossible, Serializer};

/// Whether `value` is `()`, or references and boxes around it. As arguments, such a value is no
/// argument.
///
/// Another value that serializes as a unit, such as the null of a `serde_json::Value`, is one
/// argument.
///
/// ```
/// use specter_proto::socketio::is_unit;
///
/// assert!(is_unit(&()) && is_unit(&Box::new(())));
/// assert!(!is_unit(&None::<()>) && !is_unit(&serde_json::Value::Null));
/// ```
#[inline]
pub fn is_unit<T: Serialize>(value: &T) -> bool {
    // A type that is larger than a pointer is neither `()` nor a pointer to it.
    size_of::<T>() <= size_of::<usize>()
        && is_unit_name(std::any::type_name::<T>())
        && value.serialize(UnitSerializer).is_ok()
}

/// Whether the name is that of `()` or of a pointer to it. Call it only for a type of which a value
/// serializes as a unit.
///
/// serde does not distinguish a null of `serde_json::Value` from `()`, but the name does. Other
/// types with such a name serialize as a unit only if they stand for `()`.
#[inline]
pub(super) fn is_unit_name(type_name: &str) -> bool {
    // The compiler computes this condition, which is false for most types.
    let may_be_unit = matches!(type_name.as_bytes().last(), Some(b')' | b'>'));
    may_be_unit && type_name.trim_end_matches('>').ends_with("()")
}

/// Serializes `()` and nothing else.
struct UnitSerializer;

#[derive(Debug)]
struct NotUnit;

impl fmt::Display for NotUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a unit")
    }
}

impl std::error::Error for NotUnit {}

impl serde::ser::Error for NotUnit {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

type Never = Impossible<(), NotUnit>;

macro_rules! not_unit {
    ($($method:ident($($argument:ty),*) -> $ok:ty;)*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<$ok, NotUnit> { Err(NotUnit) })*
    };
}

impl Serializer for UnitSerializer {
    type Ok = ();
    type Error = NotUnit;
    type SerializeSeq = Never;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Never;
    type SerializeStructVariant = Never;

    fn serialize_unit(self) -> Result<(), NotUnit> {
        Ok(())
    }

    not_unit! {
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_u8(u8) -> ();
        serialize_u16(u16) -> ();
        serialize_u32(u32) -> ();
        serialize_u64(u64) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_str(&str) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_none() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_seq(Option<usize>) -> Never;
        serialize_tuple(usize) -> Never;
        serialize_tuple_struct(&'static str, usize) -> Never;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Never;
        serialize_map(Option<usize>) -> Never;
        serialize_struct(&'static str, usize) -> Never;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Never;
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), NotUnit> {
        Err(NotUnit)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: &T,
    ) -> Result<(), NotUnit> {
        Err(NotUnit)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), NotUnit> {
        Err(NotUnit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_units_are_no_argument() {
        #[derive(Serialize)]
        struct Marker;

        assert!(is_unit(&()));
        assert!(is_unit(&&()) && is_unit(&Box::new(())));
        assert!(!is_unit(&serde_json::Value::Null) && !is_unit(&vec![(); 0]));
        assert!(!is_unit(&Marker));
        assert!(!is_unit(&[(); 0]));
        assert!(!is_unit(&1));
        assert!(!is_unit(&None::<()>));
    }
}
