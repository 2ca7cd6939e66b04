//! Integral floats in all kinds of types, and values that must not change.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::socketio::codec::json::lenient::{Leniency, Lenient, decode_json, retry};

fn read<T: DeserializeOwned>(json: &str) -> T {
    decode_json(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn error_of<T: DeserializeOwned>(json: &str) -> String {
    match decode_json::<T>(json) {
        Ok(_) => panic!("{json} was read"),
        Err(error) => error.to_string(),
    }
}

/// Reads JSON by a first lenient attempt, even if `serde_json` could read it.
fn lenient<'a, T: Deserialize<'a>>(json: &'a str) -> serde_json::Result<T> {
    let leniency = Leniency::default();
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let value = T::deserialize(Lenient::new(&mut deserializer, &leniency))?;
    deserializer.end()?;
    Ok(value)
}

#[test]
fn every_integer_type_reads_an_integral_float() {
    fn of<T: DeserializeOwned + PartialEq + std::fmt::Debug + From<u8>>() {
        assert_eq!(read::<T>("1.0"), T::from(1));
        assert_eq!(read::<T>("1e2"), T::from(100));
        assert_eq!(read::<T>("1.20e1"), T::from(12));
        assert_eq!(read::<T>("-0.0"), T::from(0));
        for other in ["1.5", "1e-1", "1e300", "\"1.0\"", "[1.0]", "true"] {
            error_of::<T>(other);
        }
    }
    of::<u8>();
    of::<u16>();
    of::<u32>();
    of::<u64>();
    of::<u128>();
    of::<usize>();
    of::<i16>();
    of::<i32>();
    of::<i64>();
    of::<i128>();
    assert_eq!(read::<i8>("-1.0"), -1);
    assert_eq!(read::<isize>("-1e1"), -10);
    assert_eq!(read::<std::num::NonZeroU8>("7.0").get(), 7);
}

#[test]
fn values_out_of_range_are_rejected() {
    let error = error_of::<u8>("256.0");
    assert!(error.contains("integer `256`, expected u8"), "{error}");
    let error = error_of::<u32>("-1.0");
    assert!(error.contains("integer `-1`, expected u32"), "{error}");
    let error = error_of::<i64>("1e40");
    assert!(error.contains("floating point"), "{error}");
    error_of::<i64>("9223372036854775808.0");
    error_of::<u64>("18446744073709551616.0");
    error_of::<std::num::NonZeroU8>("0.0");
    error_of::<u128>("-1.0");
    assert_eq!(read::<i64>("9223372036854775807.0"), i64::MAX);
    assert_eq!(read::<u64>("18446744073709551615.0"), u64::MAX);
}

#[derive(Debug, PartialEq, Deserialize)]
struct Point {
    x: i32,
    y: f64,
}

#[derive(Debug, PartialEq, Deserialize)]
enum Shape {
    Empty,
    Circle(u8),
    Line(u8, f32),
    Square { side: u16 },
}

#[derive(Debug, PartialEq, Deserialize)]
struct Metres(u32);

#[test]
fn integers_are_read_at_every_place() {
    assert_eq!(read::<Vec<u8>>("[1.0,2,3e0]"), [1, 2, 3]);
    assert_eq!(read::<Option<u8>>("1.0"), Some(1));
    assert_eq!(read::<Option<u8>>("null"), None);
    assert_eq!(read::<(u8, f64)>("[1.0,2.0]"), (1, 2.0));
    assert_eq!(read::<Metres>("4.0"), Metres(4));
    let map = read::<BTreeMap<String, Vec<Option<u8>>>>(r#"{"a":[1.0,null],"b":[]}"#);
    assert_eq!(map["a"], [Some(1), None]);
    // The keys of a JSON object are strings, which are read unchanged.
    assert_eq!(read::<HashMap<u8, u8>>(r#"{"1":2.0}"#), [(1, 2)].into());
    let point = Point { x: 1, y: 2.0 };
    assert_eq!(read::<Point>(r#"{"x":1.0,"y":2.0}"#), point);
    assert_eq!(read::<Vec<Point>>(r#"[{"y":2.0,"x":1.0}]"#), [point]);
    let shapes = r#"["Empty",{"Circle":1.0},{"Line":[2.0,2.0]},{"Square":{"side":3.0}}]"#;
    assert_eq!(
        read::<Vec<Shape>>(shapes),
        [
            Shape::Empty,
            Shape::Circle(1),
            Shape::Line(2, 2.0),
            Shape::Square { side: 3 }
        ]
    );
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Number {
    Integer(i64),
    Float(f64),
}

#[derive(Debug, Deserialize)]
struct Mixed<'a> {
    count: u8,
    value: Value,
    number: Number,
    #[serde(borrow)]
    raw: &'a RawValue,
    text: &'a str,
    large: i128,
}

#[test]
fn floats_change_only_where_integers_are_requested() {
    let json = r#"{"count":1.0,"value":[2.0,{"a":3.0}],"number":4.0,"raw":[5.0, 6],"text":"word",
        "large":170141183460469231731687303715884105727}"#;
    let mixed: Mixed<'_> = decode_json(json).unwrap();
    assert_eq!(mixed.count, 1);
    assert_eq!(mixed.value.to_string(), r#"[2.0,{"a":3.0}]"#);
    assert_eq!(mixed.number, Number::Float(4.0));
    assert_eq!(mixed.raw.get(), "[5.0, 6]");
    assert_eq!((mixed.text, mixed.large), ("word", i128::MAX));
    assert_eq!(read::<Number>("1.0"), Number::Float(1.0));
    assert_eq!(read::<Value>("1.0").to_string(), "1.0");
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Command {
    Move { by: Offset, fast: f32 },
    Stop,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Offset {
    x: i8,
    y: i8,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Page {
    data: Value,
    #[serde(flatten)]
    place: Place,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Place {
    number: u32,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Message {
    Count { count: u8 },
    Text { text: String },
}

#[test]
fn types_that_buffer_accept_integral_floats_if_nothing_else_fits() {
    let command = r#"{"kind":"move","by":{"x":1.0,"y":-2e0},"fast":3.0}"#;
    let by = Offset { x: 1, y: -2 };
    assert_eq!(read::<Command>(command), Command::Move { by, fast: 3.0 });
    assert_eq!(read::<Command>(r#"{"kind":"stop"}"#), Command::Stop);
    let page = read::<Page>(r#"{"data":1.0,"number":2.0}"#);
    assert_eq!(
        (page.data.to_string(), page.place.number),
        ("1.0".into(), 2)
    );
    assert_eq!(
        read::<Message>(r#"{"count":1.0}"#),
        Message::Count { count: 1 }
    );
    for fraction in [r#"{"count":1.5}"#, r#"{"count":300.0}"#] {
        error_of::<Message>(fraction);
    }
}

#[test]
fn the_error_is_that_of_the_value_that_does_not_fit() {
    let error = error_of::<Point>(r#"{"x":1.0,"y":"text"}"#);
    assert!(error.contains("string \"text\", expected f64"), "{error}");
    let error = error_of::<Point>(r#"{"x":1.5,"y":2.0}"#);
    assert!(error.contains("`1.5`, expected i32"), "{error}");
    assert!(error_of::<u8>("1.0 1").contains("trailing characters"));
}

#[test]
fn values_may_nest_as_deeply_as_without_leniency() {
    fn depth(value: &Value) -> usize {
        value.get(0).map_or(1, |value| 1 + depth(value))
    }
    let json = format!("[1.0,{}{}]", "[".repeat(126), "]".repeat(126));
    let (_, value): (u8, Value) = read(&json);
    assert_eq!(depth(&value), 126);
    let json = format!("[1.0,{}{}]", "[".repeat(127), "]".repeat(127));
    assert!(error_of::<(u8, Value)>(&json).contains("recursion limit"));
}

#[test]
fn at_most_two_lenient_attempts_are_made() {
    let mut attempts = 0;
    let read: Result<(), _> = retry(|leniency| {
        attempts += 1;
        leniency.has_buffered_float.set(true);
        Err(attempts)
    });
    assert_eq!((read, attempts), (Err(1), 2));
}

/// JSON of any shape.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i16>().prop_map(|number| Value::from(f64::from(number))),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{0,3}", inner, 0..6).prop_map(Value::from_iter),
        ]
    })
}

/// A type that accepts most JSON values.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Anything {
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Anything>),
    Map(BTreeMap<String, Anything>),
    Other(Value),
}

/// Expects both lenient ways of reading to return the value that `serde_json` reads, if it reads
/// one.
fn assert_same<'a, T: Deserialize<'a> + PartialEq + std::fmt::Debug>(json: &'a str) {
    if let Ok(expected) = serde_json::from_str::<T>(json) {
        assert_eq!(lenient::<T>(json).unwrap(), expected, "{json}");
        assert_eq!(decode_json::<T>(json).unwrap(), expected, "{json}");
    }
}

proptest! {
    #[test]
    fn values_that_serde_json_reads_are_unchanged(value in json()) {
        let json = value.to_string();
        assert_same::<Value>(&json);
        assert_same::<Anything>(&json);
        assert_same::<Vec<Option<i64>>>(&json);
        assert_same::<Vec<Option<f64>>>(&json);
        assert_same::<BTreeMap<String, u64>>(&json);
        assert_same::<BTreeMap<&str, Value>>(&json);
        assert_same::<(i128, u128)>(&json);
        assert_same::<Option<f32>>(&json);
        let as_sent: Value = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(lenient::<Value>(&json).unwrap().to_string(), as_sent.to_string());
    }

    #[test]
    fn integral_floats_become_their_integers(
        values in prop::collection::vec(any::<i64>(), 0..8),
    ) {
        let floats: Vec<_> = values.iter().map(|value| format!("{value}.0")).collect();
        let json = format!("[{}]", floats.join(","));
        prop_assert_eq!(read::<Vec<i64>>(&json), values);
    }
}
