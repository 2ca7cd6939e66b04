//! Text that was cut inside a character: each lone surrogate is replaced by U+FFFD, in every part
//! of a packet.

use std::borrow::Cow;
use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use specter_proto::engine::EncodedPacket;
use specter_proto::socketio::{
    Args, Binary, Decoder, DecoderLimits, EventPacket, Packet, ParseError, decode_json, encode,
};

fn decoded(text: &str) -> Packet {
    match Decoder::new(DecoderLimits::default()).text(text) {
        Ok(Some(packet)) => packet,
        other => panic!("{text}: {other:?}"),
    }
}

fn event(text: &str) -> EventPacket {
    match decoded(text) {
        Packet::Event(event) => event,
        other => panic!("{text}: {other:?}"),
    }
}

fn text(packet: &EncodedPacket) -> String {
    let frame = packet.frames().next().unwrap();
    String::from_utf8(frame.payload().to_vec()).unwrap()
}

#[derive(Debug, PartialEq, Deserialize)]
struct Post<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
    plain: &'a str,
    tags: BTreeMap<String, Vec<Option<String>>>,
}

#[test]
fn lone_surrogates_are_replaced_in_every_type() {
    let event = event(
        r#"2/chat,7["post","cut \ud83d",{"text":"\uDE00","plain":"x","tags":{"\udbff":["\uD83D\uDE00\ud83d",null]}},"\\ud83d"]"#,
    );
    assert_eq!((event.namespace(), event.id()), ("/chat", Some(7)));
    let mut args = event.args();
    assert_eq!(args.next::<Cow<'_, str>>().unwrap(), "cut \u{fffd}");
    let post = args.next::<Post<'_>>().unwrap();
    assert_eq!((&*post.text, post.plain), ("\u{fffd}", "x"));
    assert_eq!(post.tags["\u{fffd}"], [Some("😀\u{fffd}".to_owned()), None]);
    assert_eq!(args.next::<String>().unwrap(), r"\ud83d");
    assert_eq!(
        event.raw_args().get::<Value>(1).unwrap(),
        json!({"text": "\u{fffd}", "plain": "x", "tags": {"\u{fffd}": ["😀\u{fffd}", null]}})
    );
    assert_eq!(event.raw_args().get::<char>(0).ok(), None);
}

#[test]
fn the_names_of_events_are_repaired() {
    assert_eq!(event(r#"2["cut \ud83d",1]"#).name(), "cut \u{fffd}");
    assert!(event(r#"2["\uDE00"]"#).is_named("\u{fffd}"));
    // A cached name may come before repaired arguments.
    let mut decoder = Decoder::new(DecoderLimits::default());
    for argument in ["plain", r"\ud83d", "plain"] {
        let packet = decoder.text(&format!(r#"2["echo","{argument}"]"#)).unwrap();
        let Some(Packet::Event(event)) = packet else {
            panic!("{packet:?}");
        };
        assert_eq!(event.name(), "echo");
        let expected = argument.replace(r"\ud83d", "\u{fffd}");
        assert_eq!(event.args().next(), Ok(expected));
    }
}

#[test]
fn the_payload_of_connect_is_repaired() {
    let Packet::Connect(connect) = decoded(r#"0/chat,{"name":"cut \ud83d"}"#) else {
        panic!("not a CONNECT");
    };
    let auth: BTreeMap<String, String> = decode_json(connect.auth().unwrap()).unwrap();
    assert_eq!(auth["name"], "cut \u{fffd}");
}

#[test]
fn acknowledgements_are_repaired() {
    let Packet::Ack(ack) = decoded(r#"35["\ud83d",{"\ud83d":"x"}]"#) else {
        panic!("not an acknowledgement");
    };
    let (text, map): (String, BTreeMap<String, String>) = ack.args().decode().unwrap();
    assert_eq!((&*text, &*map["\u{fffd}"]), ("\u{fffd}", "x"));
}

#[test]
fn packets_with_attachments_are_repaired() {
    let mut decoder = Decoder::new(DecoderLimits::default());
    let sent = r#"51-["up","\ud83d",{"_placeholder":true,"num":0}]"#;
    assert!(decoder.text(sent).unwrap().is_none());
    let Some(Packet::Event(event)) = decoder.binary(b"bytes").unwrap() else {
        panic!("not an event");
    };
    let (text, bytes): (String, Binary) = event.args().decode().unwrap();
    assert_eq!((&*text, &bytes[..]), ("\u{fffd}", &b"bytes"[..]));
    let again = encode::event("/", None, "up", &(Binary::default(), event.raw_args())).unwrap();
    assert_eq!(again.frame_count(), 3);
}

#[test]
fn arguments_are_passed_on_repaired() {
    let event = event(r#"2["m","\ud83d \\ud83d",{"\uDE00":[1.0]}]"#);
    let args = event.raw_args();
    let mut arguments = event.args();
    arguments.skip();
    let all = text(&encode::event("/", None, "m", &args).unwrap());
    let rest = text(&encode::ack("/", 1, &arguments.rest()).unwrap());
    let values: Value = serde_json::from_str(&all[2..]).unwrap();
    assert_eq!(
        values,
        json!(["m", "\u{fffd} \\ud83d", {"\u{fffd}": [1.0]}])
    );
    let values: Value = serde_json::from_str(&rest[3..]).unwrap();
    assert_eq!(values, json!([{"\u{fffd}": [1.0]}]));
    assert!(serde_json::from_str::<Value>(&args.to_json()).is_ok());
}

#[test]
fn packets_that_break_another_rule_are_rejected_nevertheless() {
    let decode_error = |text: &str| {
        let limits = DecoderLimits {
            max_event_name_len: 4,
            ..DecoderLimits::default()
        };
        Decoder::new(limits).text(text).unwrap_err()
    };
    for text in [
        r#"2["m","\ud83d]"#,
        r#"2["m","\ud83d","\x"]"#,
        r#"2["m","\ud83d",]"#,
        r#"0{"a":"\ud83d"}x"#,
        r#"31["\ud8"]"#,
    ] {
        assert!(
            matches!(decode_error(text), ParseError::Payload { .. }),
            "{text}"
        );
    }
    assert!(matches!(
        decode_error(r#"2["\ud83d\ud83d"]"#),
        ParseError::EventNameLength { length: 6, max: 4 }
    ));
    let placeholder = r#"51-["m","\ud83d",{"_placeholder":true,"num":1}]"#;
    assert_eq!(decode_error(placeholder), ParseError::Placeholder);
}

#[test]
fn a_raw_value_in_a_packet_with_attachments_may_have_a_lone_surrogate() {
    let raw = serde_json::value::RawValue::from_string(r#""\ud83d""#.to_owned()).unwrap();
    let packet = encode::event("/", None, "m", &(Binary::from(b"x"), raw)).unwrap();
    assert_eq!(packet.frame_count(), 2);
}

proptest! {
    #[test]
    fn every_utf16_string_is_decoded_as_its_lossy_text(
        units in prop::collection::vec(prop_oneof![any::<u16>(), 0xd7f0_u16..0xe010], 0..12),
        upper in any::<bool>(),
    ) {
        let escapes: String = units
            .iter()
            .map(|unit| if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") })
            .collect();
        let expected = String::from_utf16_lossy(&units);
        let event = event(&format!(r#"2["m","{escapes}",["{escapes}"],{{"{escapes}":1}}]"#));
        let args = event.args();
        let (text, list, map) =
            args.decode::<(String, Vec<Value>, BTreeMap<String, u8>)>().unwrap();
        prop_assert_eq!(&text, &expected);
        prop_assert_eq!(&list, &[Value::from(&*expected)]);
        prop_assert_eq!(map.get(&expected), Some(&1));
        let args: Args = event.raw_args();
        prop_assert!(serde_json::from_str::<Value>(&args.to_json()).is_ok());
    }
}
