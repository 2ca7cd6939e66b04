//! Arguments that are read into the types of a handler, and the errors of those that do not fit.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use specter_proto::socketio::{
    Args, ArgumentError, Binary, Decoder, DecoderLimits, EventPacket, Packet,
};

fn decode(text: &str, attachments: &[&[u8]]) -> EventPacket {
    let mut decoder = Decoder::new(DecoderLimits::default());
    let mut packet = decoder.text(text).unwrap();
    for attachment in attachments {
        packet = decoder.binary(attachment).unwrap();
    }
    match packet {
        Some(Packet::Event(event)) => event,
        other => panic!("{text}: {other:?}"),
    }
}

fn event(elements: &str) -> EventPacket {
    decode(&format!(r#"2["m",{elements}]"#), &[])
}

/// The path and the message of the error of reading a `T`.
fn error<T: for<'a> Deserialize<'a>>(elements: &str) -> (String, String) {
    let event = event(elements);
    let outcome = event.args().next::<T>().map(drop);
    match outcome.expect_err(elements) {
        ArgumentError::Invalid {
            index: 0,
            path,
            message,
        } => (path, message),
        other => panic!("{elements}: {other:?}"),
    }
}

#[derive(Debug, PartialEq, Deserialize)]
struct Post {
    room: String,
    text: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Tag {
    name: String,
    weight: u8,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Borrowed<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
    plain: &'a str,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Upload {
    name: String,
    parts: Vec<Binary>,
    thumbnail: Option<Binary>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Content {
    Bytes(Binary),
    Text(String),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "type")]
enum Command {
    Put { data: Binary },
}

#[test]
fn each_argument_goes_into_its_own_type() {
    let event = event(r#"{"room":"a","text":"hi"},-3,"x\ty",[1,2],null,true,1.5"#);
    let mut args = event.args();
    let post: Post = args.next().unwrap();
    assert_eq!((post.room.as_str(), post.text.as_str()), ("a", "hi"));
    assert_eq!(args.next::<i64>(), Ok(-3));
    assert_eq!(args.next::<String>(), Ok("x\ty".into()));
    assert_eq!(args.next::<(u8, u8)>(), Ok((1, 2)));
    assert_eq!(args.len(), 3);
    assert_eq!(args.next::<Option<u8>>(), Ok(None));
    assert_eq!(args.next::<bool>(), Ok(true));
    assert_eq!(args.remaining_json(), "1.5");
    assert_eq!(args.next::<f64>(), Ok(1.5));
    assert!(args.is_empty());
    assert_eq!(args.index(), 7);
}

#[test]
fn missing_argument_is_none_or_an_error() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Wrapped(Option<u8>);

    let event = event("1");
    let mut args = event.args();
    assert_eq!(args.next::<u8>(), Ok(1));
    assert_eq!(args.next::<Option<String>>(), Ok(None));
    assert_eq!(args.next::<Wrapped>(), Ok(Wrapped(None)));
    assert_eq!(
        args.next::<String>(),
        Err(ArgumentError::Missing { index: 3 })
    );
    assert_eq!(
        args.next::<serde_json::Value>(),
        Err(ArgumentError::Missing { index: 4 })
    );
    assert_eq!(args.next::<()>().unwrap_err().code(), "missing_argument");
}

#[test]
fn text_is_borrowed_from_the_packet() {
    let event = event(r#"{"text":"a\nb","plain":"é"},"plain","esc\"aped","num\u0041""#);
    let mut args = event.args();
    let borrowed: Borrowed<'_> = args.next().unwrap();
    assert_eq!(
        borrowed,
        Borrowed {
            text: "a\nb".into(),
            plain: "é"
        }
    );
    let plain: &str = args.next().unwrap();
    assert_eq!(plain, "plain");
    // A `&str` cannot represent a string with escapes; a `Cow` can.
    assert_eq!(args.clone().next::<&str>().unwrap_err().index(), 2);
    assert_eq!(args.next::<Cow<'_, str>>().unwrap(), "esc\"aped");
    assert_eq!(args.next::<String>().unwrap(), "numA");
}

#[test]
fn bytes_are_found_anywhere_in_an_argument() {
    let upload = r#"{"name":"n","parts":[{"_placeholder":true,"num":1},{"num":0,"_placeholder":true}],"thumbnail":null}"#;
    let tagged = r#"{"type":"Put","data":{"_placeholder":true,"num":1}}"#;
    let bare = r#"{"_placeholder":true,"num":0}"#;
    let text = format!(r#"52-["m",{upload},{tagged},{bare},"text",{bare},{bare}]"#);
    let event = decode(&text, &[b"zero", b"one"]);
    let (zero, one) = (Binary::from(b"zero"), Binary::from(b"one"));
    let mut args = event.args();
    let upload: Upload = args.next().unwrap();
    assert_eq!(upload.parts, [one.clone(), zero.clone()]);
    assert_eq!(upload.thumbnail, None);
    assert_eq!(args.next::<Command>().unwrap(), Command::Put { data: one });
    assert_eq!(
        args.next::<Content>().unwrap(),
        Content::Bytes(zero.clone())
    );
    assert_eq!(
        args.next::<Content>().unwrap(),
        Content::Text("text".into())
    );
    assert_eq!(args.next::<Option<Binary>>().unwrap(), Some(zero.clone()));
    assert_eq!(args.next::<Box<Binary>>().unwrap(), Box::new(zero));
}

#[test]
fn bytes_are_shared_with_the_packet() {
    let event = decode(r#"51-["m",{"_placeholder":true,"num":0}]"#, &[&[7; 100]]);
    let binary: Binary = event.args().next().unwrap();
    assert_eq!(binary.as_ptr(), event.raw_args().attachments()[0].as_ptr());
}

#[test]
fn bytes_are_read_from_attachments_only() {
    let expected = |found: &str| {
        (
            String::new(),
            format!("invalid type: {found}, expected binary data"),
        )
    };
    assert_eq!(error::<Binary>("\"text\""), expected("string"));
    assert_eq!(error::<Binary>("[1,2]"), expected("sequence"));
    assert_eq!(error::<Binary>("{}"), expected("map"));
    // In a packet without attachments this is plain data.
    assert_eq!(
        error::<Binary>(r#"{"_placeholder":true,"num":0}"#),
        expected("map")
    );
}

#[test]
fn bytes_outside_a_packet_are_numbers() {
    let binary = Binary::from(vec![1, 2, 255]);
    let json = serde_json::to_string(&binary).unwrap();
    assert_eq!(json, "[1,2,255]");
    assert_eq!(serde_json::from_str::<Binary>(&json).unwrap(), binary);
    assert!(serde_json::from_str::<Binary>(r#"{"_placeholder":true,"num":0}"#).is_err());
}

#[test]
fn errors_have_a_path_and_name_the_expected_type() {
    let at = |path: &str, message: &str| (path.to_owned(), message.to_owned());
    let post = |tags: &str| format!(r#"{{"room":"a","text":"b","tags":{tags}}}"#);
    assert_eq!(
        error::<Post>(&post(
            r#"[{"name":"x","weight":1},{"weight":"heavy","name":"y"}]"#
        )),
        at("tags[1].weight", "invalid type: string, expected u8")
    );
    assert_eq!(
        error::<Post>(&post(r#"[ { "name" : "x" , "weight" : 256 } ]"#)),
        at("tags[0].weight", "invalid value: integer, expected u8")
    );
    assert_eq!(
        error::<Post>(&post("[{\n\"name\":\"x\",\n\"weight\":true\n}\n]")),
        at("tags[0].weight", "invalid type: boolean, expected u8")
    );
    assert_eq!(
        error::<Post>(&post(r#"[{"name":"x"}]"#)),
        at("tags[0]", "missing field `weight`")
    );
    assert_eq!(
        error::<Post>(r#"{"room":"a"}"#),
        at("", "missing field `text`")
    );
    assert_eq!(
        error::<Post>(r#"{"room":{"id":1},"text":""}"#),
        at("room", "invalid type: map, expected a string")
    );
    assert_eq!(
        error::<Post>(r#"{"text":"","room":["x"]}"#),
        at("room", "invalid type: sequence, expected a string")
    );
    assert_eq!(
        error::<u8>("\"x\""),
        at("", "invalid type: string, expected u8")
    );
    assert_eq!(
        error::<HashMap<String, Vec<u8>>>(r#"{"a":[1],"b":[1,2,null]}"#),
        at("b[2]", "invalid type: null, expected u8")
    );
    assert_eq!(
        error::<Vec<Vec<u8>>>("[[],[1,[2]]]"),
        at("[1][1]", "invalid type: sequence, expected u8")
    );
    assert_eq!(
        error::<(u8, u8)>("[1]"),
        at("", "invalid length 1, expected a tuple of size 2")
    );
}

#[test]
fn errors_have_a_text_and_a_code() {
    let event = event(r#"1,{"a":"x"}"#);
    let mut args = event.args();
    args.skip();
    let invalid = args.next::<HashMap<String, u8>>().unwrap_err();
    assert_eq!(
        invalid.to_string(),
        "argument 1 at a: invalid type: string, expected u8"
    );
    assert_eq!((invalid.code(), invalid.index()), ("invalid_argument", 1));
    let missing = args.next::<u8>().unwrap_err();
    assert_eq!(missing.to_string(), "argument 2 is missing");
}

#[test]
fn errors_show_no_values_and_are_short() {
    #[derive(Debug, Deserialize)]
    enum Colour {
        Red,
    }

    let secret = format!("{}, expected \\\"u8\\\"", "secret".repeat(1000));
    for (path, message) in [
        error::<u8>(&format!("\"{secret}\"")),
        error::<Colour>(&format!("\"{secret}\"")),
        error::<HashMap<String, u8>>(&format!(r#"{{"k":"{secret}"}}"#)),
    ] {
        assert!(!message.contains("secret"), "{message}");
        assert!(path.len() + message.len() < 100, "{path}: {message}");
    }
    let long = "é".repeat(1000);
    let (path, _) = error::<HashMap<String, u8>>(&format!(r#"{{"{long}":null}}"#));
    assert!(path.starts_with("éé") && path.len() < 210, "{path}");
    assert_eq!(error::<u8>("\"\\ud800\"").0, "");
    let _ = Colour::Red;
}

#[test]
fn cursor_moves_past_an_argument_that_does_not_fit() {
    let event = event(r#"{"a":[1,"]"]} , "x" ,3"#);
    let mut args = event.args();
    assert!(args.next::<u8>().is_err());
    assert!(args.next::<u8>().is_err());
    assert_eq!(args.next::<u8>(), Ok(3));
}

#[test]
fn cursor_moves_past_an_argument_that_is_not_read() {
    #[derive(Debug)]
    struct ReadsNothing;
    impl<'de> Deserialize<'de> for ReadsNothing {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Ok(Self)
        }
    }

    let event = event(r#"[1,2],{"a":1},3"#);
    let mut args = event.args();
    args.next::<ReadsNothing>().unwrap();
    args.next::<ReadsNothing>().unwrap();
    assert_eq!(args.next::<u8>(), Ok(3));
    args.next::<ReadsNothing>().unwrap();
}

#[test]
fn arguments_are_read_by_position() {
    let args = event(r#""a",[1],{"b":2}"#).raw_args();
    assert_eq!(args.len(), 3);
    assert_eq!(args.get::<String>(0), Ok("a".into()));
    assert_eq!(args.get::<HashMap<String, u8>>(2).unwrap()["b"], 2);
    assert_eq!(args.get::<Option<u8>>(3), Ok(None));
    assert_eq!(
        args.get::<u8>(usize::MAX - 1),
        Err(ArgumentError::Missing {
            index: usize::MAX - 1
        })
    );
}

#[test]
fn no_arguments_are_empty() {
    for args in [Args::default(), decode(r#"2["m"]"#, &[]).raw_args()] {
        assert!(args.is_empty());
        assert_eq!(
            (args.len(), args.json(), args.to_json().as_str()),
            (0, "", "[]")
        );
        let mut cursor = args.arguments();
        assert!(!cursor.skip());
        assert_eq!(
            cursor.next::<u8>(),
            Err(ArgumentError::Missing { index: 1 })
        );
    }
}

#[test]
fn rest_has_the_unread_arguments() {
    let text = r#"51-["m", 1 , {"_placeholder":true,"num":0} , 3 ]"#;
    let event = decode(text, &[b"x"]);
    let mut args = event.args();
    assert_eq!(args.next::<u8>(), Ok(1));
    let rest = args.rest();
    assert_eq!((rest.len(), rest.get::<u8>(1)), (2, Ok(3)));
    assert_eq!(rest.get::<Binary>(0).unwrap(), Binary::from(b"x"));
    args.skip();
    args.skip();
    assert!(args.rest().is_empty());
    assert_eq!(args.rest().json(), "");
}

#[test]
fn arguments_become_one_value() {
    let event = event(r#"1,"two",[3,4]"#);
    assert_eq!(
        event.args().decode::<(u8, String, Vec<u8>)>(),
        Ok((1, "two".into(), vec![3, 4]))
    );
    assert_eq!(event.args().decode::<(u8,)>(), Ok((1,)));
    assert_eq!(event.args().decode::<u8>(), Ok(1));
    assert_eq!(event.args().decode::<()>(), Ok(()));
    assert_eq!(event.args().decode::<Option<u8>>(), Ok(Some(1)));
    assert_eq!(event.args().decode::<serde_json::Value>(), Ok(1.into()));
    let (_, _, _, absent) = event
        .args()
        .decode::<(u8, &str, (u8, u8), Option<u8>)>()
        .unwrap();
    assert_eq!(absent, None);
}

#[test]
fn one_value_of_too_few_or_wrong_arguments_is_an_error() {
    let event = event(r#"1,{"a":"x"}"#);
    assert_eq!(
        event.args().decode::<(u8, HashMap<String, String>, u8)>(),
        Err(ArgumentError::Missing { index: 2 })
    );
    let invalid = event
        .args()
        .decode::<(u8, HashMap<String, u8>)>()
        .unwrap_err();
    assert_eq!(
        invalid.to_string(),
        "argument 1 at a: invalid type: string, expected u8"
    );
    let empty = Args::default();
    assert_eq!(empty.arguments().decode::<()>(), Ok(()));
    assert_eq!(empty.arguments().decode::<Option<u8>>(), Ok(None));
    assert_eq!(
        empty.arguments().decode::<String>(),
        Err(ArgumentError::Missing { index: 0 })
    );
}

#[test]
fn one_value_may_contain_attachments() {
    let event = decode(
        r#"52-["m",{"_placeholder":true,"num":1},[{"_placeholder":true,"num":0}]]"#,
        &[b"a", b"b"],
    );
    let (first, second): (Binary, Vec<Binary>) = event.args().decode().unwrap();
    assert_eq!(
        (first, second),
        (Binary::from(b"b"), vec![Binary::from(b"a")])
    );
}

#[test]
fn packets_can_be_kept_and_sent_to_other_threads() {
    fn check<T: Clone + Send + Sync + 'static>(_: &T) {}
    let event = event("1");
    check(&event);
    check(&event.raw_args());
}

#[test]
fn integers_may_be_sent_as_floats() {
    let event = event(r#"1.0,-2e0,[3.0],{"name":"x","weight":4.0},1.5"#);
    let mut args = event.args();
    assert_eq!(args.next::<u8>(), Ok(1));
    assert_eq!(args.next::<i128>(), Ok(-2));
    assert_eq!(args.next::<Vec<u64>>(), Ok(vec![3]));
    assert_eq!(args.next::<Tag>().unwrap().weight, 4);
    assert_eq!(args.index(), 4);
    let message = args.next::<i64>().unwrap_err().to_string();
    assert_eq!(
        message,
        "argument 4: invalid type: floating point, expected i64"
    );
    assert!(args.is_empty());
    let read: Result<(u8, i8, Vec<u8>), _> = event.args().decode();
    assert_eq!(read, Ok((1, -2, vec![3])));
    assert_eq!(event.raw_args().get::<f64>(0), Ok(1.0));
    assert!(event.raw_args().json().starts_with("1.0,-2e0,[3.0],"));
}

#[test]
fn a_float_that_is_no_integer_is_reported_with_its_path() {
    assert_eq!(
        error::<Post>(
            r#"{"room":"x","text":"x","tags":[{"name":"x","weight":1.0},{"name":"x","weight":1.5}]}"#
        ),
        (
            "tags[1].weight".to_owned(),
            "invalid type: floating point, expected u8".to_owned()
        )
    );
    assert_eq!(
        error::<Vec<u8>>("[1.0 , 256.0 ]"),
        (
            "[1]".to_owned(),
            "invalid value: integer, expected u8".to_owned()
        )
    );
    // The reported error is that of the wrong value, not of the integral float.
    assert_eq!(
        error::<Tag>(r#"{"weight":1.0,"name":2}"#),
        (
            "name".to_owned(),
            "invalid type: integer, expected a string".to_owned()
        )
    );
    // Reading an integer of 128 bits does not stop before a fraction.
    for text in ["1.5", "1e-1", "[1.5]"] {
        assert!(event(text).args().next::<i128>().is_err(), "{text}");
        assert!(event(text).args().decode::<(u128,)>().is_err(), "{text}");
    }
    let decoded = event("1.0,2.5").args().decode::<(u8, u8)>().unwrap_err();
    assert_eq!(decoded.index(), 1);
}

#[test]
fn attachments_are_found_in_an_argument_with_an_integral_float() {
    let placeholder = r#"{"_placeholder":true,"num":0}"#;
    let event = decode(&format!(r#"51-["m",[1.0,{placeholder}]]"#), &[b"bytes"]);
    let (number, bytes) = event.args().next::<(u8, Binary)>().unwrap();
    assert_eq!((number, &bytes[..]), (1, &b"bytes"[..]));
}
