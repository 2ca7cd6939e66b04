//! The packets that the decoder accepts, those that it rejects and why, and its limits.

mod common;

use std::time::{Duration, Instant};

use common::{decode, decode_error, decoder, event};
use specter_proto::socketio::{Decoder, DecoderLimits, Packet, PacketKind, ParseError};

fn payload(kind: PacketKind) -> ParseError {
    ParseError::Payload { kind }
}

#[test]
fn event_has_namespace_name_id_and_arguments() {
    let event = event(r#"2/chat,7["hello", 1 ,{"a":[true]}]"#);
    assert_eq!(event.namespace(), "/chat");
    assert_eq!(event.name(), "hello");
    assert_eq!(event.id(), Some(7));
    assert_eq!(event.raw_args().len(), 2);
    assert_eq!(event.raw_args().json(), r#"1 ,{"a":[true]}"#);
    assert_eq!(event.size(), 34);
}

#[test]
fn white_space_is_allowed_around_every_token() {
    let event = event("2 [ \"hello\" ,\n1 , [ ] , { \"a\" : 2 } ] \r\n\t");
    assert_eq!(event.name(), "hello");
    let mut args = event.args();
    assert_eq!(args.next::<u8>(), Ok(1));
    assert_eq!(args.next::<Vec<u8>>(), Ok(vec![]));
    assert_eq!(args.next::<serde_json::Value>().unwrap()["a"], 2);
    assert!(args.is_empty());
}

#[test]
fn names_are_unescaped() {
    assert_eq!(event(r#"2["a\"b\\c\/d\u0041\n"]"#).name(), "a\"b\\c/dA\n");
    assert_eq!(event(r#"2["\u0442\ud83d\ude00"]"#).name(), "т😀");
    assert_eq!(event("2[\"сообщение 😀\"]").name(), "сообщение 😀");
    assert_eq!(event(r#"2[""]"#).name(), "");
}

#[test]
fn a_numeric_name_is_given_as_its_digits() {
    assert_eq!(event("2[1,2]").name(), "1");
    assert_eq!(event("2[-1.5e3]").name(), "-1.5e3");
    assert_eq!(event("2[1,2]").args().next::<u8>(), Ok(2));
}

#[test]
fn event_data_is_an_array_that_begins_with_a_name() {
    for text in [
        "2",
        "2{}",
        "2\"x\"",
        "27",
        "2null",
        "2/c,",
        "2[\"x\"",
        "2[\"x\",]",
        "2[\"x\"]]",
    ] {
        assert_eq!(decode_error(text), payload(PacketKind::Event), "{text}");
    }
    for text in [
        "2[]",
        "2[null]",
        "2[true]",
        "2[[\"x\"]]",
        r#"2[{"toString":"x"}]"#,
    ] {
        assert_eq!(decode_error(text), ParseError::EventName, "{text}");
    }
}

#[test]
fn reserved_names_are_rejected_in_every_form() {
    for name in [
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
        r"connec\u0074",
    ] {
        let text = format!(r#"2["{name}"]"#);
        assert_eq!(decode_error(&text), ParseError::ReservedName, "{name}");
        // A rejected name is not cached, so it is rejected again.
        let mut decoder = decoder();
        for _ in 0..2 {
            let error = decoder.text(&format!(r#"2["{name}",1]"#)).unwrap_err();
            assert_eq!(error, ParseError::ReservedName, "{name}");
        }
    }
    assert_eq!(event(r#"2["error","x"]"#).name(), "error");
    assert_eq!(event(r#"2["Connect"]"#).name(), "Connect");
}

#[test]
fn invalid_json_is_rejected() {
    for data in [
        "[\"x\",]",
        "[\"x\",,1]",
        "[\"x\" 1]",
        "[\"x\",01]",
        "[\"x\",1.]",
        "[\"x\",.5]",
        "[\"x\",-]",
        "[\"x\",1e]",
        "[\"x\",+1]",
        "[\"x\",0x1]",
        "[\"x\",tru]",
        "[\"x\",nulll]",
        "[\"x\",NaN]",
        "[\"x\",undefined]",
        "[\"x\",'y']",
        "[\"x\",\"\\x\"]",
        "[\"x\",\"\\u12g4\"]",
        "[\"x\",\"\\u123\"]",
        "[\"x\",\"\n\"]",
        "[\"x\",\"]",
        "[\"x\",{]",
        "[\"x\",{a:1}]",
        "[\"x\",{\"a\"}]",
        "[\"x\",{\"a\":}]",
        "[\"x\",{\"a\":1,}]",
        "[\"x\",{1:1}]",
        "[\"x\",[1}]",
        "[\"x\"]x",
        "[\"x\"]\u{0}",
    ] {
        assert_eq!(
            decode_error(&format!("2{data}")),
            payload(PacketKind::Event),
            "{data}"
        );
    }
}

#[test]
fn acknowledgement_is_an_array() {
    let Ok(Some(Packet::Ack(ack))) = decode(r#"3/c,007["ok",1]"#) else {
        panic!("no acknowledgement");
    };
    assert_eq!((ack.namespace(), ack.id()), ("/c", 7));
    assert_eq!(ack.raw_args().to_json(), r#"["ok",1]"#);
    for text in ["31", "31{}", "31null", "31\"x\"", "3{}", "31[", "31[] 1"] {
        assert_eq!(decode_error(text), payload(PacketKind::Ack), "{text}");
    }
}

#[test]
fn acknowledgement_without_an_id_is_ignored() {
    assert!(matches!(decode("3[]"), Ok(None)));
    let mut decoder = decoder();
    assert!(matches!(
        decoder.text(r#"61-[{"_placeholder":true,"num":0}]"#),
        Ok(None)
    ));
    assert!(decoder.is_pending());
    assert!(matches!(decoder.binary(&[1]), Ok(None)));
    assert!(!decoder.is_pending());
}

#[test]
fn connect_takes_an_object_or_nothing() {
    let connect = |text: &str| match decode(text) {
        Ok(Some(Packet::Connect(connect))) => (
            connect.namespace().to_owned(),
            connect.auth().map(str::to_owned),
        ),
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(connect("0"), ("/".into(), None));
    assert_eq!(connect("0/c"), ("/c".into(), None));
    assert_eq!(connect("0/c,12"), ("/c".into(), None));
    assert_eq!(connect("0/c?x=1,"), ("/c?x=1".into(), None));
    let auth = r#"{"token":"secret"}"#;
    assert_eq!(
        connect(&format!("0 {auth} ")),
        ("/".into(), Some(auth.into()))
    );
    for text in ["0[]", "0\"x\"", "0null", "0{} x", "0{", "0true", "0/c,[1]"] {
        assert_eq!(decode_error(text), payload(PacketKind::Connect), "{text}");
    }
}

#[test]
fn disconnect_has_no_payload() {
    let Ok(Some(packet @ Packet::Disconnect(_))) = decode("1/c,") else {
        panic!("no disconnect");
    };
    assert_eq!(packet.namespace(), "/c");
    assert_eq!(decode("1").unwrap().unwrap().namespace(), "/");
    for text in ["1{}", "1/c,null", "1[]", "1 "] {
        assert_eq!(
            decode_error(text),
            payload(PacketKind::Disconnect),
            "{text}"
        );
    }
}

#[test]
fn connect_error_is_for_servers() {
    assert_eq!(
        decode_error(r#"4{"message":"x"}"#),
        ParseError::ConnectError
    );
}

#[test]
fn names_are_bounded() {
    let limits = DecoderLimits {
        max_namespace_len: 4,
        max_event_name_len: 4,
        ..DecoderLimits::default()
    };
    let mut decoder = Decoder::new(limits);
    assert!(matches!(decoder.text(r#"2/abc,["abcd"]"#), Ok(Some(_))));
    assert_eq!(
        decoder.text("0/abcd,").unwrap_err(),
        ParseError::NamespaceLength { length: 5, max: 4 }
    );
    for text in [r#"2["abcde"]"#, r#"2["abcde",1]"#, r#"2["abcde",1]"#] {
        assert_eq!(
            decoder.text(text).unwrap_err(),
            ParseError::EventNameLength { length: 5, max: 4 }
        );
    }
    assert!(matches!(decoder.text(r#"2["\u0061bcd"]"#), Ok(Some(_))));
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

#[test]
fn the_deepest_nesting_is_that_of_serde_json() {
    let deepest = event(&format!(r#"2["m",{}]"#, nested(127)));
    deepest.args().next::<serde_json::Value>().unwrap();
    assert_eq!(
        decode_error(&format!(r#"2["m",{}]"#, nested(128))),
        ParseError::Depth
    );
    let objects = format!(r#"2["m",{}1{}]"#, r#"{"a":"#.repeat(128), "}".repeat(128));
    assert_eq!(decode_error(&objects), ParseError::Depth);
    let nested_placeholder = |depth: usize| {
        let placeholder = r#"{"_placeholder":true,"num":0}"#;
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!(r#"51-["m",{open}{placeholder}{close}]"#)
    };
    assert!(matches!(decode(&nested_placeholder(126)), Ok(None)));
    assert_eq!(decode_error(&nested_placeholder(127)), ParseError::Depth);
    let auth = format!(r#"0{{"a":{}}}"#, nested(127));
    assert_eq!(decode_error(&auth), ParseError::Depth);
    let endless = format!(r#"2["m",{}"#, "[".repeat(900_000));
    assert_eq!(decode_error(&endless), ParseError::Depth);
}

#[test]
fn proto_keys_are_data() {
    let event = event(r#"2["m",{"__proto__":{"a":1}}]"#);
    let value: serde_json::Value = event.args().next().unwrap();
    assert_eq!(value["__proto__"]["a"], 1);
}

#[test]
fn packets_do_not_print_their_content() {
    let secret = format!("{:?}", decode(r#"0{"token":"secret"}"#));
    assert!(!secret.contains("secret"), "{secret}");
    let secret = format!("{:?}", decode(r#"2["m","secret"]"#));
    assert!(!secret.contains("secret"), "{secret}");
}

/// Each text takes milliseconds if the decoder's time is linear, and minutes if it is quadratic.
#[test]
fn the_most_expensive_texts_take_linear_time() {
    const SIZE: usize = 990_000;
    let placeholder = r#"{"_placeholder":true,"num":0},"#;
    let binary = |data: String| format!("51-[\"m\",{data}0]");
    let plain = |data: String| format!("2[\"m\",{data}0]");
    let texts = [
        plain("0,".repeat(SIZE / 2)),
        plain("[],".repeat(SIZE / 3)),
        plain("\"\\n\",".repeat(SIZE / 5)),
        plain(format!("\"{}\",", "\\u0041".repeat(SIZE / 6))),
        plain(format!("\"{}\",", "\\ud83d".repeat(SIZE / 6))),
        plain(format!("{},", "1".repeat(SIZE))),
        plain(format!("1.{},", "0".repeat(SIZE))),
        plain(format!("1{}.5,", "0".repeat(SIZE))),
        plain("1.0,".repeat(SIZE / 4)),
        plain("1.5,".repeat(SIZE / 4)),
        plain("[1e0],".repeat(SIZE / 6)),
        plain(" ".repeat(SIZE)),
        plain(format!("{{{}\"a\":1}},", "\"a\":1,".repeat(SIZE / 6))),
        plain(format!("[[[[{}0]]]],", "[0],".repeat(SIZE / 4))),
        binary(placeholder.repeat(SIZE / placeholder.len())),
        binary(format!(
            "{{{}\"a\":1}},",
            r#""\u0061":1,"#.repeat(SIZE / 11)
        )),
        format!("2[\"{}\"]", "\\u0041".repeat(SIZE / 6)),
        format!("0/{}", "?".repeat(SIZE)),
        format!("3{}[]", "0".repeat(SIZE)),
        format!("5{}-[]", "9".repeat(SIZE)),
    ];
    let start = Instant::now();
    for text in &texts {
        let mut decoder = decoder();
        let mut packet = decoder.text(text);
        if decoder.is_pending() {
            packet = decoder.binary(&[1]);
        }
        if let Ok(Some(Packet::Event(event))) = packet {
            let mut args = event.args();
            while args.skip() {}
            let mut args = event.args();
            while !args.is_empty() {
                drop(args.next::<u8>());
            }
        }
    }
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "{:?}",
        start.elapsed()
    );
}
