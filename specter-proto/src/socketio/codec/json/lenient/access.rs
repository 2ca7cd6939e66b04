//! Wraps visitors and accessors so that values inside other values are decoded leniently too. Map
//! keys and variant names are read unchanged.

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use crate::socketio::codec::json::lenient::{Leniency, Lenient};

/// 2^53, up to which a float represents every integer exactly.
const MAX_EXACT_INTEGER: f64 = 9_007_199_254_740_992.0;

/// Wraps a visitor, or an accessor of a value's parts, so that the parts are read leniently.
pub(super) struct LenientAccess<'c, T> {
    inner: T,
    leniency: &'c Leniency,
    is_buffer: bool,
}

impl<'c, T> LenientAccess<'c, T> {
    pub(super) fn new(inner: T, leniency: &'c Leniency) -> Self {
        Self {
            inner,
            leniency,
            is_buffer: false,
        }
    }

    /// Marks the visitor as one that buffers the value, for a type that is not known yet.
    pub(super) fn into_buffer(mut self) -> Self {
        self.is_buffer = true;
        self
    }
}

/// Methods that forward a value unchanged.
macro_rules! forward_unchanged {
    ($($method:ident: $type:ty;)*) => {$(
        fn $method<E: serde::de::Error>(self, value: $type) -> Result<V::Value, E> {
            self.inner.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for LenientAccess<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    forward_unchanged! {
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
        reason = "the value is an integer that an `i64` can represent"
    )]
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<V::Value, E> {
        let is_integer = self.is_buffer && value.abs() <= MAX_EXACT_INTEGER && value.fract() == 0.0;
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
        self.inner.visit_seq(LenientAccess::new(seq, self.leniency))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(LenientAccess::new(map, self.leniency))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.inner
            .visit_enum(LenientAccess::new(variant, self.leniency))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for LenientAccess<'_, A> {
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

impl<'de, A: MapAccess<'de>> MapAccess<'de> for LenientAccess<'_, A> {
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

impl<'c, 'de, A: EnumAccess<'de>> EnumAccess<'de> for LenientAccess<'c, A> {
    type Error = A::Error;
    type Variant = LenientAccess<'c, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        let (name, variant) = self.inner.variant_seed(seed)?;
        Ok((name, LenientAccess::new(variant, self.leniency)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for LenientAccess<'_, A> {
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
            .tuple_variant(len, LenientAccess::new(visitor, self.leniency))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.inner
            .struct_variant(fields, LenientAccess::new(visitor, self.leniency))
    }
}
