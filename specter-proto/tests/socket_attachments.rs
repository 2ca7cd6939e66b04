//! Packets with attachments: their number, their order, and the placeholders that name them.

mod common;

use common::{decode, decode_error, decoder, event};
use specter_proto::socketio::{Binary, Decoder, DecoderLimits, Packet, ParseError};

#[test]
fn binary_event_is_complete_with_its_last_attachment() {
    let mut decoder = decoder();
    let text = r#"52-/c,3["up",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]"#;
    assert!(matches!(decoder.text(text), Ok(None)));
    assert!(matches!(decoder.binary(&[1, 2]), Ok(None)));
    assert!(decoder.is_pending());
    let Ok(Some(Packet::Event(event))) = decoder.binary(&[3]) else {
        panic!("no event");
    };
    assert!(!decoder.is_pending());
    assert_eq!(
        (event.namespace(), event.name(), event.id()),
        ("/c", "up", Some(3))
    );
    assert_eq!(event.raw_args().attachments(), [&[1, 2][..], &[3][..]]);
    assert_eq!(event.size(), text.len() + 3);
    assert!(matches!(decoder.text("2[\"next\"]"), Ok(Some(_))));
}

#[test]
fn number_of_attachments_is_bounded() {
    assert_eq!(decode_error(r#"50-["x"]"#), ParseError::AttachmentCount);
    assert_eq!(decode_error(r#"60-["x"]"#), ParseError::AttachmentCount);
    assert_eq!(
        decode_error(r#"511-["x"]"#),
        ParseError::TooManyAttachments { count: 11, max: 10 }
    );
    let endless = format!("5{}-[\"x\"]", "9".repeat(40));
    assert!(matches!(
        decode_error(&endless),
        ParseError::TooManyAttachments { .. }
    ));
    assert!(matches!(decode(r#"510-["x"]"#), Ok(None)));
}

#[test]
fn placeholders_name_an_attachment() {
    for num in [
        "1",
        "-1",
        "1.5",
        "0.0",
        "1e0",
        "1e9",
        "99999999999999999999999",
        "\"0\"",
        "\"splice\"",
        "\"__proto__\"",
        "null",
        "true",
        "{}",
        "[]",
        "[0]",
    ] {
        for object in [
            format!(r#"{{"_placeholder":true,"num":{num}}}"#),
            format!(r#"{{"num":{num},"_placeholder":true}}"#),
            format!(r#"{{"num":0,"_placeholder":true,"num":{num}}}"#),
            format!(r#"{{"\u005fplaceholder" : true , "n\u0075m" : {num} }}"#),
            format!(r#"{{"deep":[{{"_placeholder":true,"num":{num}}}]}}"#),
        ] {
            let text = format!(r#"51-["x",{object}]"#);
            assert_eq!(decode_error(&text), ParseError::Placeholder, "{text}");
            let text = format!("61-1[{object}]");
            assert_eq!(decode_error(&text), ParseError::Placeholder, "{text}");
        }
    }
    assert_eq!(
        decode_error(r#"51-["x",{"_placeholder":true}]"#),
        ParseError::Placeholder
    );
}

#[test]
fn objects_that_only_resemble_a_placeholder_are_data() {
    for object in [
        r#"{"_placeholder":false,"num":9}"#,
        r#"{"_placeholder":"true","num":9}"#,
        r#"{"_placeholder":1,"num":9}"#,
        r#"{"_placeholder":true,"_placeholder":false,"num":9}"#,
        r#"{"num":9}"#,
        r#"["_placeholder",true,"num",9]"#,
    ] {
        assert!(
            matches!(decode(&format!(r#"51-["x",{object}]"#)), Ok(None)),
            "{object}"
        );
    }
    let plain = event(r#"2["m",{"_placeholder":true,"num":7}]"#);
    assert_eq!(plain.args().next::<serde_json::Value>().unwrap()["num"], 7);
}

#[test]
fn placeholders_are_found_in_every_form() {
    for object in [
        r#"{"_placeholder":true,"num":9}"#,
        r#"{"_placeholder":true,"num":10}"#,
        r#"{"_placeholder":true,"num":0,"more":1}"#,
        r#"{"_placeholder":true,"num":0 }"#,
        r#"{"_placeholder":true, "num":0}"#,
        r#"{"_placeholder":true,"num":0,"num":10}"#,
    ] {
        let mut decoder = Decoder::new(DecoderLimits {
            max_attachments: 11,
            ..DecoderLimits::default()
        });
        let text = format!(r#"511-["x",{object},1]"#);
        assert!(matches!(decoder.text(&text), Ok(None)), "{object}");
        let text = format!(r#"51-["x",[{object}"#);
        let unfinished = decode_error(&text);
        assert!(
            matches!(
                unfinished,
                ParseError::Payload { .. } | ParseError::Placeholder
            ),
            "{object}"
        );
    }
}

#[test]
fn attachments_may_go_unused_or_be_used_twice() {
    let mut decoder = decoder();
    assert!(matches!(decoder.text(r#"51-["m"]"#), Ok(None)));
    assert!(matches!(decoder.binary(&[7]), Ok(Some(Packet::Event(_)))));

    let twice = r#"51-["m",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#;
    assert!(matches!(decoder.text(twice), Ok(None)));
    let Ok(Some(Packet::Event(event))) = decoder.binary(&[7]) else {
        panic!("no event");
    };
    let mut args = event.args();
    for _ in 0..2 {
        assert_eq!(args.next::<Binary>().unwrap(), Binary::from([7]));
    }
}

#[test]
fn messages_out_of_order_are_rejected() {
    assert_eq!(
        decoder().binary(&[1]).unwrap_err(),
        ParseError::UnexpectedBinary
    );

    let mut decoder = decoder();
    assert!(matches!(decoder.text(r#"51-["m"]"#), Ok(None)));
    assert_eq!(
        decoder.text(r#"2["m"]"#).unwrap_err(),
        ParseError::UnexpectedText
    );
    assert!(!decoder.is_pending());
}

#[test]
fn reset_drops_the_pending_packet() {
    let mut decoder = decoder();
    assert!(matches!(decoder.text(r#"51-["m"]"#), Ok(None)));
    decoder.reset();
    assert!(!decoder.is_pending());
    assert_eq!(
        decoder.binary(&[1]).unwrap_err(),
        ParseError::UnexpectedBinary
    );
}

#[test]
fn text_and_attachments_share_one_limit() {
    let limits = DecoderLimits {
        max_bytes: 20,
        ..DecoderLimits::default()
    };
    let mut decoder = Decoder::new(limits);
    let text = format!("2[\"{}\"]", "x".repeat(16));
    assert_eq!(
        decoder.text(&text).unwrap_err(),
        ParseError::Size { size: 21, max: 20 }
    );

    assert!(matches!(decoder.text(r#"52-["m"]"#), Ok(None)));
    assert!(matches!(decoder.binary(&[0; 12]), Ok(None)));
    assert_eq!(decoder.binary(&[]).err(), None);
    assert!(matches!(decoder.text(r#"52-["m"]"#), Ok(None)));
    assert!(matches!(decoder.binary(&[0; 6]), Ok(None)));
    assert_eq!(
        decoder.binary(&[0; 7]).unwrap_err(),
        ParseError::Size { size: 21, max: 20 }
    );
    assert!(!decoder.is_pending());
}
