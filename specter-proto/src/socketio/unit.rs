//! Telling `()` from other values: it stands for no argument at all.

use std::fmt;

use serde::Serialize;
use serde::ser::{Impossible, Serializer};

/// Whether `value` is `()`, perhaps behind references and boxes: as arguments it is none.
///
/// Everything else is at least one argument, also a value that serializes as a unit, such as the
/// null of a `serde_json::Value`.
///
/// ```
/// use specter_proto::socketio::is_unit;
///
/// assert!(is_unit(&()) && is_unit(&Box::new(())));
/// assert!(!is_unit(&None::<()>) && !is_unit(&serde_json::Value::Null));
/// ```
#[inline]
pub fn is_unit<T: Serialize>(value: &T) -> bool {
    // Larger types than a pointer need not be asked.
    size_of::<T>() <= size_of::<usize>()
        && names_unit(std::any::type_name::<T>())
        && value.serialize(Probe).is_ok()
}

/// Whether a type, of which a value serializes as a unit, is `()`, perhaps behind pointers. serde
/// does not tell a null of `serde_json::Value` from it, but the type's name does; no other type
/// whose name ends like this serializes as a unit unless it stands for one.
#[inline]
pub(super) fn names_unit(type_name: &str) -> bool {
    // Known to the compiler, which is done with most types here.
    let may_be_unit = matches!(type_name.as_bytes().last(), Some(b')' | b'>'));
    may_be_unit && type_name.trim_end_matches('>').ends_with("()")
}

/// Serializes `()` and nothing else.
struct Probe;

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

type No = Impossible<(), NotUnit>;

macro_rules! not_unit {
    ($($method:ident($($argument:ty),*) -> $ok:ty;)*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<$ok, NotUnit> { Err(NotUnit) })*
    };
}

impl Serializer for Probe {
    type Ok = ();
    type Error = NotUnit;
    type SerializeSeq = No;
    type SerializeTuple = No;
    type SerializeTupleStruct = No;
    type SerializeTupleVariant = No;
    type SerializeMap = No;
    type SerializeStruct = No;
    type SerializeStructVariant = No;

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
        serialize_seq(Option<usize>) -> No;
        serialize_tuple(usize) -> No;
        serialize_tuple_struct(&'static str, usize) -> No;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> No;
        serialize_map(Option<usize>) -> No;
        serialize_struct(&'static str, usize) -> No;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> No;
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
    fn only_the_unit_is_one() {
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
