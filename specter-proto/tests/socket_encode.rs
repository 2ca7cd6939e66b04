//! Outgoing packets: the arguments that a value becomes, and the bytes that are sent.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use bytes::Bytes;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::json;
use specter_proto::engine::{EncodedPacket, FrameKind};
use specter_proto::socketio::encode::{CLIENT_MAX_ATTACHMENTS, Destination};
use specter_proto::socketio::{
    Args, Binary, Decoder, DecoderLimits, EncodeError, EncodedArgs, MAX_ID, Packet, encode,
};

/// The text of a packet without attachments.
fn text(packet: &EncodedPacket) -> String {
    assert_eq!(packet.frame_count(), 1);
    texts(packet).0
}

/// A packet's text and its attachments.
fn texts(packet: &EncodedPacket) -> (String, Vec<Vec<u8>>) {
    let mut frames = packet.frames();
    let first = frames.next().unwrap();
    assert_eq!(first.kind(), FrameKind::Text);
    let attachments = frames.map(|frame| {
        assert_eq!(frame.kind(), FrameKind::Binary);
        frame.payload().to_vec()
    });
    (
        String::from_utf8(first.payload().to_vec()).unwrap(),
        attachments.collect(),
    )
}

fn event<T: Serialize + ?Sized>(args: &T) -> String {
    text(&encode::event("/", None, "m", args).unwrap())
}

fn ack<T: Serialize + ?Sized>(args: &T) -> String {
    text(&encode::ack("/", 7, args).unwrap())
}

fn received(text: &str, attachments: &[&[u8]]) -> Args {
    let mut decoder = Decoder::new(DecoderLimits::default());
    let mut packet = decoder.text(text).unwrap();
    for attachment in attachments {
        packet = decoder.binary(attachment).unwrap();
    }
    match packet {
        Some(Packet::Event(event)) => event.raw_args(),
        other => panic!("{other:?}"),
    }
}

#[derive(Serialize)]
struct Unit;

#[derive(Serialize)]
struct Newtype<T>(T);

#[derive(Serialize)]
#[serde(transparent)]
struct Transparent<T>(T);

#[derive(Serialize)]
struct Pair(u8, u8);

#[derive(Serialize)]
struct Named {
    a: u8,
    b: Option<u8>,
}

#[derive(Serialize)]
enum Choice {
    Unit,
    Newtype(u8),
    Tuple(u8, u8),
    Struct { a: u8 },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Untagged {
    Nothing,
}

#[test]
fn outermost_type_decides_the_arguments() {
    let one = Box::new((1, "two"));
    for (encoded, elements) in [
        (ack(&()), ""),
        (ack(&&()), ""),
        (ack(&Box::new(())), ""),
        (ack(&Transparent(())), ""),
        (ack(&(1, "two", true)), r#"1,"two",true"#),
        (ack(&&&(1, 2)), "1,2"),
        (ack(&one), r#"1,"two""#),
        (ack(&[1, 2, 3]), "1,2,3"),
        (ack(&[0_u8; 0]), ""),
        (ack(&((1, 2),)), "[1,2]"),
        (ack(&((),)), "null"),
        (ack(&(None::<u8>, ())), "null,null"),
        (ack(&None::<u8>), "null"),
        (ack(&Some((1, 2))), "[1,2]"),
        (ack(&Some(())), "null"),
        (ack(&json!(null)), "null"),
        (ack(&&json!(null)), "null"),
        (ack(&json!([1, 2])), "[1,2]"),
        (ack(&[1, 2][..]), "[1,2]"),
        (ack(&vec![1, 2]), "[1,2]"),
        (ack(&Vec::<u8>::new()), "[]"),
        (ack("text"), r#""text""#),
        (ack(&"a\"b\n\u{1}é".to_owned()), r#""a\"b\n\u0001é""#),
        (ack(&'c'), r#""c""#),
        (ack(&-5_i8), "-5"),
        (ack(&u64::MAX), "18446744073709551615"),
        (ack(&1.5_f32), "1.5"),
        (ack(&f64::NAN), "null"),
        (ack(&false), "false"),
        (ack(&Unit), "null"),
        (ack(&Newtype(5)), "5"),
        (ack(&Newtype((1, 2))), "[1,2]"),
        (ack(&Newtype(())), "null"),
        (ack(&Pair(1, 2)), "[1,2]"),
        (ack(&Named { a: 1, b: None }), r#"{"a":1,"b":null}"#),
        (ack(&Choice::Unit), r#""Unit""#),
        (ack(&Choice::Newtype(1)), r#"{"Newtype":1}"#),
        (ack(&Choice::Tuple(1, 2)), r#"{"Tuple":[1,2]}"#),
        (ack(&Choice::Struct { a: 1 }), r#"{"Struct":{"a":1}}"#),
        (ack(&Untagged::Nothing), "null"),
        (ack(&BTreeMap::from([("k", 1)])), r#"{"k":1}"#),
        (ack(&format_args!("{}", 5)), r#""5""#),
    ] {
        assert_eq!(encoded, format!("437[{elements}]"));
    }
}

#[test]
fn arguments_come_after_the_name() {
    assert_eq!(event(&()), r#"42["m"]"#);
    assert_eq!(event(&[0_u8; 0]), r#"42["m"]"#);
    assert_eq!(event(&1), r#"42["m",1]"#);
    assert_eq!(event(&(1, [2])), r#"42["m",1,[2]]"#);
    assert_eq!(event(&json!(null)), r#"42["m",null]"#);
    assert_eq!(
        event(&Named { a: 1, b: Some(2) }),
        r#"42["m",{"a":1,"b":2}]"#
    );
}

#[test]
fn header_contains_namespace_and_id() {
    let text_of = |namespace, id| text(&encode::event(namespace, id, "m", &()).unwrap());
    assert_eq!(text_of("/", None), r#"42["m"]"#);
    assert_eq!(text_of("/chat", None), r#"42/chat,["m"]"#);
    assert_eq!(text_of("/", Some(0)), r#"420["m"]"#);
    assert_eq!(
        text_of("/чат", Some(MAX_ID)),
        r#"42/чат,9007199254740992["m"]"#
    );
    assert_eq!(
        text_of("/", Some(u64::MAX)),
        r#"4218446744073709551615["m"]"#
    );
    assert_eq!(text(&encode::ack("/c", 10, &1).unwrap()), "43/c,10[1]");
}

#[test]
fn ids_are_decimal_numbers() {
    let mut ids: Vec<u64> = (0..1100).chain([12_345, 123_456, 1_234_567]).collect();
    let mut power = 1_u64;
    for _ in 0..19 {
        power *= 10;
        ids.extend([power - 1, power, power + 1]);
    }
    for id in ids {
        let packet = encode::ack("/", id, &()).unwrap();
        assert_eq!(text(&packet), format!("43{id}[]"));
        let packet = encode::ack("/chat", id, &()).unwrap();
        assert_eq!(text(&packet), format!("43/chat,{id}[]"));
    }
}

#[test]
fn strings_are_encoded_as_serde_json_does() {
    for length in 0..70 {
        let plain = "a".repeat(length);
        assert_eq!(event(&plain), format!(r#"42["m","{plain}"]"#));
        assert_eq!(ack(&plain), format!(r#"437["{plain}"]"#));
        for place in 0..=length {
            for special in ["\"", "\\", "\0", "\n", "\u{1f}", "\u{7f}", "é", "😀", "/"] {
                let mut value = plain.clone();
                value.insert_str(place, special);
                let json = serde_json::to_string(&value).unwrap();
                assert_eq!(event(&value), format!(r#"42["m",{json}]"#));
                assert_eq!(ack(&value), format!(r"437[{json}]"));
                let packet = encode::event("/", None, &value, &()).unwrap();
                let name: (String,) = serde_json::from_str(&text(&packet)[2..]).unwrap();
                assert_eq!(name.0, value);
            }
        }
    }
    assert_eq!(event("text"), r#"42["m","text"]"#);
    assert_eq!(encode::args("x").unwrap().count, 1);
}

#[test]
fn connect_and_disconnect_packets_of_the_server() {
    assert_eq!(text(&encode::connect("/", "abc")), r#"40{"sid":"abc"}"#);
    assert_eq!(
        text(&encode::connect("/c", "a\"b")),
        r#"40/c,{"sid":"a\"b"}"#
    );
    assert_eq!(text(&encode::disconnect("/")), "41");
    assert_eq!(text(&encode::disconnect("/c")), "41/c,");
    let rejection = encode::connect_error("/c", "no \"way\"", None::<&()>).unwrap();
    assert_eq!(text(&rejection), r#"44/c,{"message":"no \"way\""}"#);
    let rejection = encode::connect_error("/", "no", Some(&json!({"code": 42}))).unwrap();
    assert_eq!(text(&rejection), r#"44{"message":"no","data":{"code":42}}"#);
}

#[test]
fn names_are_escaped() {
    let name = "a\"b\\c\n\u{1f}é😀/\u{7f}";
    let packet = encode::event("/", None, name, &()).unwrap();
    assert_eq!(text(&packet), "42[\"a\\\"b\\\\c\\u000a\\u001fé😀/\u{7f}\"]");
}

#[test]
fn reserved_names_are_rejected() {
    for name in [
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
    ] {
        let error = encode::event("/", None, name, &()).unwrap_err();
        assert_eq!(error.code(), "socket_encode_reserved_name");
        assert!(matches!(error, EncodeError::ReservedName { name: rejected } if rejected == name));
    }
    assert!(encode::event("/", None, "error", &()).is_ok());
}

#[test]
fn bytes_become_attachments_at_every_place() {
    #[derive(Serialize)]
    struct Upload {
        name: &'static str,
        data: Binary,
        more: Vec<Option<Binary>>,
    }

    let upload = Upload {
        name: "n",
        data: Binary::from(b"data"),
        more: vec![None, Some(Binary::from(b"more"))],
    };
    let packet = encode::event("/c", Some(3), "up", &(Binary::from(b"first"), upload)).unwrap();
    let (text, attachments) = texts(&packet);
    assert_eq!(
        text,
        r#"453-/c,3["up",{"_placeholder":true,"num":0},{"name":"n","data":{"_placeholder":true,"num":1},"more":[null,{"_placeholder":true,"num":2}]}]"#
    );
    assert_eq!(attachments, [&b"first"[..], b"data", b"more"]);

    let packet = encode::ack("/", 12, &Binary::from(vec![])).unwrap();
    let (text, attachments) = texts(&packet);
    assert_eq!(text, r#"461-12[{"_placeholder":true,"num":0}]"#);
    assert_eq!(attachments, [&b""[..]]);
}

#[test]
fn bytes_in_an_intermediate_value_become_attachments() {
    struct Detour(Binary);
    impl Serialize for Detour {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let value = serde_json::to_value(&self.0).map_err(S::Error::custom)?;
            value.serialize(serializer)
        }
    }

    let packet = encode::ack("/", 0, &Detour(Binary::from(b"x"))).unwrap();
    assert_eq!(texts(&packet).1, [b"x"]);
}

#[test]
fn the_number_of_attachments_is_limited() {
    let bytes = |count: usize| vec![Binary::from(b"x"); count];
    assert_eq!(encode::ack("/", 0, &bytes(255)).unwrap().frame_count(), 256);
    let error = encode::ack("/", 0, &bytes(256)).unwrap_err();
    assert!(matches!(
        error,
        EncodeError::TooManyAttachments {
            count: 256,
            max: 255
        }
    ));
}

#[test]
fn a_destination_may_accept_fewer_attachments() {
    let bytes = |count: usize| vec![Binary::from(b"x"); count];
    let to = Destination::new("/chat", CLIENT_MAX_ATTACHMENTS);
    let error_of = |outcome: Result<(), EncodeError>| match outcome.unwrap_err() {
        EncodeError::TooManyAttachments { count, max } => (count, max),
        other => panic!("{other}"),
    };
    assert!(encode::event(to, None, "m", &bytes(10)).is_ok());
    let event = encode::event(to, None, "m", &bytes(11)).map(drop);
    assert_eq!(error_of(event), (11, 10));
    assert!(encode::ack(to, 7, &bytes(10)).is_ok());
    let ack = encode::ack(to, 7, &bytes(11)).map(drop);
    assert_eq!(error_of(ack), (11, 10));
    let mut appended = b"before".to_vec();
    let append = encode::append_ack(&mut appended, to, 7, &bytes(11));
    assert_eq!((error_of(append), &*appended), ((11, 10), &b"before"[..]));
    assert_eq!(error_of(to.check_attachments(11)), (11, 10));
    assert_eq!(to.namespace(), "/chat");
    // No destination accepts more than any packet may have.
    let all = Destination::new("/", usize::MAX);
    assert_eq!(error_of(all.check_attachments(256)), (256, 255));
    assert!(encode::event(Destination::new("/", 0), None, "m", &()).is_ok());
}

#[test]
fn the_error_of_too_many_attachments_has_the_limit_the_reason_and_the_setting() {
    let to = Destination::new("/", CLIENT_MAX_ATTACHMENTS);
    let text = to.check_attachments(11).unwrap_err().to_string();
    for part in [
        "11 attachments",
        "at most 10",
        "JavaScript clients close the connection",
        "SocketConfig::max_outgoing_attachments",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let text = Destination::from("/").check_attachments(256);
    let text = text.unwrap_err().to_string();
    assert_eq!(
        text,
        "the packet has 256 attachments, and at most 255 are allowed"
    );
}

#[test]
fn the_header_has_the_number_of_attachments() {
    for count in [1, 9, 10, 99, 100, 255] {
        let args = vec![Binary::from(b"x"); count];
        let placeholders: Vec<_> = (0..count)
            .map(|number| json!({ "_placeholder": true, "num": number }))
            .collect();
        let expected = format!("46{count}-/chat,7[{}]", json!(placeholders));
        let (text, attachments) = texts(&encode::ack("/chat", 7, &args).unwrap());
        assert_eq!((text, attachments.len()), (expected.clone(), count));
        let mut bytes = b"before".to_vec();
        encode::append_ack(&mut bytes, "/chat", 7, &args).unwrap();
        let appended = String::from_utf8_lossy(&bytes);
        assert!(appended.starts_with("before"));
        assert!(appended.contains(&expected));
    }
}

#[test]
fn a_value_that_json_cannot_represent_is_an_error() {
    let error = encode::event("/", None, "m", &BTreeMap::from([((1, 2), 3)])).unwrap_err();
    assert!(matches!(error, EncodeError::Json(_)));
    assert_eq!(error.code(), "socket_encode_not_json");
}

#[test]
fn an_error_or_a_panic_does_not_affect_later_packets() {
    struct Failing(bool);
    impl Serialize for Failing {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            assert!(!self.0, "a panic in a user's Serialize");
            Err(S::Error::custom("an error"))
        }
    }

    for panics in [false, true] {
        let value = (Binary::from(b"lost"), Failing(panics));
        let outcome = catch_unwind(AssertUnwindSafe(|| encode::ack("/", 0, &value).is_err()));
        assert_eq!(outcome.is_err(), panics);
        assert_eq!(
            serde_json::to_string(&Binary::from(b"\x01")).unwrap(),
            "[1]"
        );
        let packet = encode::ack("/", 0, &Binary::from(b"kept")).unwrap();
        assert_eq!(texts(&packet).1, [b"kept"]);
    }
}

#[test]
fn packets_encoded_inside_another_are_separate() {
    struct Emitting(Rc<std::cell::RefCell<Vec<EncodedPacket>>>);
    impl Serialize for Emitting {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let inner = encode::event("/", None, "inner", &Binary::from(b"inner"));
            self.0.borrow_mut().push(inner.map_err(S::Error::custom)?);
            serializer.serialize_str("outer")
        }
    }

    let inner = Rc::default();
    let value = (
        Binary::from(b"1"),
        Emitting(Rc::clone(&inner)),
        Binary::from(b"2"),
    );
    let (text, attachments) = texts(&encode::ack("/", 0, &value).unwrap());
    assert_eq!(
        text,
        r#"462-0[{"_placeholder":true,"num":0},"outer",{"_placeholder":true,"num":1}]"#
    );
    assert_eq!(attachments, [b"1", b"2"]);
    assert_eq!(texts(&inner.borrow()[0]).1, [b"inner"]);
}

#[test]
fn args_are_passed_on_unchanged() {
    let plain = received(r#"2["m", 1.50 ,"\u0041",{"a" : [ ]} ]"#, &[]);
    assert_eq!(event(&plain), r#"42["m",1.50 ,"\u0041",{"a" : [ ]}]"#);
    assert_eq!(ack(&plain), r#"437[1.50 ,"\u0041",{"a" : [ ]}]"#);
    assert_eq!(ack(&&plain), ack(&Box::new(plain.clone())));
    assert_eq!(event(&received(r#"2["m"]"#, &[])), r#"42["m"]"#);
    assert_eq!(event(&Args::default()), r#"42["m"]"#);

    let binary = received(
        r#"52-["m",{"num":1,"_placeholder":true},{"_placeholder":true,"num":0}]"#,
        &[b"zero", b"one"],
    );
    let (text, attachments) = texts(&encode::ack("/", 7, &binary).unwrap());
    assert_eq!(
        text,
        r#"462-7[{"num":1,"_placeholder":true},{"_placeholder":true,"num":0}]"#
    );
    assert_eq!(attachments, [&b"zero"[..], b"one"]);
}

#[test]
fn args_inside_a_value_are_a_list() {
    let args = received(r#"2["m",1,"x"]"#, &[]);
    assert_eq!(ack(&(0, &args)), r#"437[0,[1,"x"]]"#);
    assert_eq!(ack(&Some(&args)), r#"437[[1,"x"]]"#);
    assert_eq!(ack(&json!({ "args": args })), r#"437[{"args":[1,"x"]}]"#);
    assert_eq!(ack(&vec![&Args::default()]), "437[[[]]]");
    assert_eq!(serde_json::to_string(&args).unwrap(), r#"[1,"x"]"#);
    assert_eq!(serde_json::to_value(&args).unwrap(), json!([1, "x"]));
}

#[test]
fn placeholders_are_renumbered_after_other_attachments() {
    let args = received(
        r#"52-["m",{"num" : 1 ,"_placeholder":true},[{"\u005fplaceholder":true,"num":0}],"num"]"#,
        &[b"zero", b"one"],
    );
    let value = (Binary::from(b"first"), &args, &args, Binary::from(b"last"));
    let (text, attachments) = texts(&encode::ack("/", 0, &value).unwrap());
    assert_eq!(
        text,
        concat!(
            r#"466-0[{"_placeholder":true,"num":0},"#,
            r#"[{"num" : 2 ,"_placeholder":true},[{"\u005fplaceholder":true,"num":1}],"num"],"#,
            r#"[{"num" : 4 ,"_placeholder":true},[{"\u005fplaceholder":true,"num":3}],"num"],"#,
            r#"{"_placeholder":true,"num":5}]"#
        )
    );
    assert_eq!(
        attachments,
        [&b"first"[..], b"zero", b"one", b"zero", b"one", b"last"]
    );
}

#[test]
fn placeholder_inside_a_placeholder_is_renumbered_too() {
    let args = received(
        r#"52-["m",{"num":1,"x":{"num":0,"_placeholder":true},"_placeholder":true}]"#,
        &[b"0", b"1"],
    );
    let (text, _) = texts(&encode::ack("/", 0, &(Binary::default(), args)).unwrap());
    assert!(
        text.ends_with(r#"[{"num":2,"x":{"num":1,"_placeholder":true},"_placeholder":true}]]"#),
        "{text}"
    );
}

#[test]
fn forged_placeholders_do_not_reach_other_clients() {
    let forged = received(r#"2["m",{"_placeholder":true,"num":9}]"#, &[]);
    // In a packet without attachments it is plain data.
    assert_eq!(event(&forged), r#"42["m",{"_placeholder":true,"num":9}]"#);
    // In a packet with an attachment every client would fail on it.
    let error = encode::event("/", None, "m", &(Binary::from(b"x"), &forged)).unwrap_err();
    assert!(matches!(error, EncodeError::ForgedPlaceholder));
    let value = json!({"_placeholder": true, "num": -1});
    let error = encode::args(&(value, Binary::from(b"x"))).unwrap_err();
    assert_eq!(error.code(), "socket_encode_forged_placeholder");
}

#[test]
fn encoded_arguments_can_be_used_in_several_packets() {
    let none = encode::args(&()).unwrap();
    assert_eq!(none, EncodedArgs::default());
    assert_eq!(
        text(&encode::ack_encoded("/", 1, none.clone()).into()),
        "431[]"
    );
    assert_eq!(
        text(&encode::event_encoded("/c", None, "m", none.clone()).into()),
        r#"42/c,["m"]"#
    );

    let two = encode::args(&(1, "x")).unwrap();
    assert_eq!((two.count, &two.json[..]), (2, &br#"1,"x""#[..]));
    assert_eq!(
        text(&encode::ack_encoded("/c", 1, two.clone()).into()),
        r#"43/c,1[1,"x"]"#
    );
    assert_eq!(
        text(&encode::event_encoded("/", Some(5), "m", two.clone()).into()),
        r#"425["m",1,"x"]"#
    );

    let binary = encode::args(&Binary::from(b"x")).unwrap();
    assert_eq!(binary.attachments, [Bytes::from_static(b"x")]);
    assert_eq!(
        texts(&encode::event_encoded("/", None, "m", binary.clone()).into()),
        texts(&encode::event("/", None, "m", &Binary::from(b"x")).unwrap())
    );
    let args = received(r#"2["m",1,2]"#, &[]);
    assert_eq!(encode::args(&args).unwrap().count, 2);
    assert_eq!(encode::args(&json!([1, 2])).unwrap().count, 1);
}
