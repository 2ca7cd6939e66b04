//! Wraps deserializers so that values nested in a type are decoded leniently too. Map keys and
//! variant names are read as they are.

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use crate::socketio::codec::json::lenient::{Leniency, Lenient};

/// Up to here every integer is a float of its own: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A visitor, or what a visitor is given of a value's parts.
pub(super) struct Through<'c, T> {
    inner: T,
    leniency: &'c Leniency,
    is_of_buffer: bool,
}

impl<'c, T> Through<'c, T> {
    pub(super) fn new(inner: T, leniency: &'c Leniency) -> Self {
        Self {
            inner,
            leniency,
            is_of_buffer: false,
        }
    }

    /// It buffers the value, for a type that is not known yet.
    pub(super) fn of_buffer(mut self) -> Self {
        self.is_of_buffer = true;
        self
    }
}

/// Methods that are given a value as it is.
macro_rules! as_they_are {
    ($($method:ident: $type:ty;)*) => {$(
        fn $method<E: serde::de::Error>(self, value: $type) -> Result<V::Value, E> {
            self.inner.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Through<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    as_they_are! {
        visit_bool: bool;
        visit_i8: i8;
        visit_i16: i16;
        visit_i32: i32;
        visit_i64: i64;
        visit_i128: i128;
        visit_u8: u8;
        visit_u16: u16;
        visit_u32: u32;
        visit_u64: u64;
        visit_u128: u128;
        visit_f32: f32;
        visit_char: char;
        visit_str: &str;
        visit_borrowed_str: &'de str;
        visit_string: String;
        visit_bytes: &[u8];
        visit_borrowed_bytes: &'de [u8];
        visit_byte_buf: Vec<u8>;
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is an integer, and small enough"
    )]
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<V::Value, E> {
        let is_integer = self.is_of_buffer && value.abs() <= EXACT && value.fract() == 0.0;
        if !is_integer {
            return self.inner.visit_f64(value);
        }
        self.leniency.has_buffered_float.set(true);
        if !self.leniency.includes_buffers {
            return self.inner.visit_f64(value);
        }
        let value = value as i64;
        match u64::try_from(value) {
            Ok(value) => self.inner.visit_u64(value),
            Err(_) => self.inner.visit_i64(value),
        }
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.inner
            .visit_some(Lenient::new(deserializer, self.leniency))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<V::Value, D::Error> {
        self.inner
            .visit_newtype_struct(Lenient::new(deserializer, self.leniency))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<V::Value, A::Error> {
        self.inner.visit_seq(Through::new(seq, self.leniency))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(Through::new(map, self.leniency))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(Through::new(variant, self.leniency))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Through<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.inner
            .next_element_seed(Lenient::new(seed, self.leniency))
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Through<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.inner.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.inner
            .next_value_seed(Lenient::new(seed, self.leniency))
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'c, 'de, A: EnumAccess<'de>> EnumAccess<'de> for Through<'c, A> {
    type Error = A::Error;
    type Variant = Through<'c, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        let (name, variant) = self.inner.variant_seed(seed)?;
        Ok((name, Through::new(variant, self.leniency)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Through<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.inner
            .newtype_variant_seed(Lenient::new(seed, self.leniency))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.inner
            .tuple_variant(len, Through::new(visitor, self.leniency))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.inner
            .struct_variant(fields, Through::new(visitor, self.leniency))
    }
}
