//! Reads all arguments as one value, the reverse of `args_serializer`: a tuple or an array takes
//! several arguments, `()` takes none, and every other type takes one.

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};

use super::lenient;
use super::lenient::Leniency;
use super::unread::UnreadArgument;
use crate::socketio::args::Arguments;
use crate::socketio::attachment_scope;
use crate::socketio::error::ArgumentError;

impl<'a> Arguments<'a> {
    /// Reads the remaining arguments as one value, by the rule of the encoder: a tuple takes
    /// several arguments, `()` none, and any other type one. Further arguments are dropped.
    pub fn decode<T: Deserialize<'a>>(self) -> Result<T, ArgumentError> {
        attachment_scope::read_with_attachments(self.packet, || decode(&self))
    }
}

fn decode<'a, T: Deserialize<'a>>(arguments: &Arguments<'a>) -> Result<T, ArgumentError> {
    read(arguments, None).or_else(|unread| retry_leniently(arguments, unread))
}

fn read<'a, T: Deserialize<'a>>(
    arguments: &Arguments<'a>,
    leniency: Option<&Leniency>,
) -> Result<T, UnreadArgument<'a>> {
    let mut failure = None;
    T::deserialize(ArgsDeserializer {
        arguments: &mut arguments.clone(),
        leniency,
        failure: &mut failure,
    })
    .map_err(|error| {
        // No single argument was rejected, so the type has rejected the arguments as a whole.
        failure.unwrap_or_else(|| UnreadArgument::rejected(arguments.index(), "", error, None))
    })
}

/// Reads arguments again in which integers may have been sent as floats.
#[cold]
fn retry_leniently<'a, T: Deserialize<'a>>(
    arguments: &Arguments<'a>,
    unread: UnreadArgument<'a>,
) -> Result<T, ArgumentError> {
    if !lenient::may_hold_float(arguments.remaining_json()) {
        return Err(unread.into());
    }
    lenient::retry(|leniency| read(arguments, Some(leniency))).map_err(ArgumentError::from)
}

/// A deserializer that reads arguments. Its errors only signal a failure: the error of the argument
/// is in `failure`.
struct ArgsDeserializer<'b, 'a> {
    arguments: &'b mut Arguments<'a>,
    /// How leniently the arguments are read. `None` if integers must be sent as integers.
    leniency: Option<&'b Leniency>,
    failure: &'b mut Option<UnreadArgument<'a>>,
}

impl<'a> ArgsDeserializer<'_, 'a> {
    fn next<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Result<S::Value, serde_json::Error> {
        let read = match self.leniency {
            None => self.arguments.read(seed),
            Some(leniency) => self.arguments.read_leniently(seed, leniency),
        };
        read.map_err(|unread| {
            self.failure.get_or_insert(unread);
            serde_json::Error::custom("an argument could not be read")
        })
    }
}

/// Methods that read one argument by the same method of the argument's deserializer.
macro_rules! one_argument {
    ($($method:ident($($hint:ident: $type:ty),*);)*) => {$(
        fn $method<V: Visitor<'a>>(
            mut self,
            $($hint: $type,)*
            visitor: V,
        ) -> Result<V::Value, Self::Error> {
            struct Seed<V> { visitor: V, $($hint: $type,)* }
            impl<'a, V: Visitor<'a>> DeserializeSeed<'a> for Seed<V> {
                type Value = V::Value;

                fn deserialize<D: Deserializer<'a>>(
                    self,
                    deserializer: D,
                ) -> Result<V::Value, D::Error> {
                    deserializer.$method($(self.$hint,)* self.visitor)
                }
            }
            self.next(Seed { visitor, $($hint,)* })
        }
    )*};
}

impl<'a> Deserializer<'a> for ArgsDeserializer<'_, 'a> {
    type Error = serde_json::Error;

    fn deserialize_unit<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    fn deserialize_tuple<V: Visitor<'a>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_seq(TupleAccess {
            arguments: self,
            remaining: len,
        })
    }

    one_argument! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_option();
        deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
        deserialize_ignored_any();
    }
}

/// The arguments that are the elements of a tuple.
struct TupleAccess<'b, 'a> {
    arguments: ArgsDeserializer<'b, 'a>,
    remaining: usize,
}

impl<'a> SeqAccess<'a> for TupleAccess<'_, 'a> {
    type Error = serde_json::Error;

    fn next_element_seed<S: DeserializeSeed<'a>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Self::Error> {
        if self.remaining == 0 {
            return Ok(None);
        }
        self.remaining -= 1;
        self.arguments.next(seed).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.remaining)
    }
}
