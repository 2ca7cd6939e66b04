//! The header of a packet, which is the part before its data.

use specter_proto::socketio::{MAX_ID, PacketKind, ParseError, parse_header};

fn parts(text: &str) -> (PacketKind, usize, &str, Option<u64>, &str) {
    let header = parse_header(text).unwrap();
    (
        header.kind,
        header.attachments,
        header.namespace,
        header.id,
        header.data,
    )
}

#[test]
fn every_part_after_the_kind_is_optional() {
    use PacketKind::{Ack, BinaryAck, BinaryEvent, Connect, ConnectError, Disconnect, Event};
    assert_eq!(parts("0"), (Connect, 0, "/", None, ""));
    assert_eq!(parts("0/c,"), (Connect, 0, "/c", None, ""));
    assert_eq!(parts("1/c,"), (Disconnect, 0, "/c", None, ""));
    assert_eq!(parts(r#"2["m"]"#), (Event, 0, "/", None, r#"["m"]"#));
    assert_eq!(parts(r#"2/,["m"]"#), (Event, 0, "/", None, r#"["m"]"#));
    assert_eq!(parts(r#"212["m"]"#), (Event, 0, "/", Some(12), r#"["m"]"#));
    assert_eq!(parts("3/c,0[]"), (Ack, 0, "/c", Some(0), "[]"));
    assert_eq!(parts("4{}"), (ConnectError, 0, "/", None, "{}"));
    assert_eq!(parts("51-[]"), (BinaryEvent, 1, "/", None, "[]"));
    assert_eq!(parts("610-/c,7[]"), (BinaryAck, 10, "/c", Some(7), "[]"));
}

#[test]
fn namespace_ends_at_the_comma_or_the_end() {
    assert_eq!(parts("0/c"), (PacketKind::Connect, 0, "/c", None, ""));
    assert_eq!(parts("2/c[1]").2, "/c[1]");
    assert_eq!(parts("0/chat room,{}").2, "/chat room");
    assert_eq!(parts("0/тест,{}").2, "/тест");
}

#[test]
fn a_query_is_part_of_the_name_of_a_namespace() {
    assert_eq!(
        parts("0/c?x=1,{}"),
        (PacketKind::Connect, 0, "/c?x=1", None, "{}")
    );
    assert_eq!(parts("0/c?x=1").2, "/c?x=1");
    assert_eq!(parts("0/?,").2, "/?");
}

#[test]
fn ids_go_up_to_two_to_the_53() {
    assert_eq!(parts("3007[]").3, Some(7));
    assert_eq!(parts(&format!("3{MAX_ID}[]")).3, Some(MAX_ID));
    let zeros = "0".repeat(100_000);
    assert_eq!(parts(&format!("3{zeros}1[]")).3, Some(1));
    for id in [
        (MAX_ID + 1).to_string(),
        "9".repeat(30),
        u64::MAX.to_string(),
    ] {
        assert_eq!(parse_header(&format!("3{id}[]")), Err(ParseError::AckId));
    }
}

#[test]
fn unknown_kinds_are_rejected() {
    for text in ["", "7", "9[]", "abc", "-1", " 2[]", "é"] {
        assert_eq!(parse_header(text), Err(ParseError::UnknownKind), "{text}");
    }
}

#[test]
fn attachments_are_digits_and_a_dash() {
    for text in [
        "5", "5-[]", "51", "51[]", "5[]", "5-1-[]", "5/c,1-[]", "6+1-[]", "5 1-[]",
    ] {
        assert_eq!(
            parse_header(text),
            Err(ParseError::AttachmentCount),
            "{text}"
        );
    }
    assert_eq!(parts("5007-[]").1, 7);
    assert_eq!(parts(&format!("5{}-[]", "9".repeat(50))).1, usize::MAX);
}

#[test]
fn kinds_and_their_digits_agree() {
    for digit in b'0'..=b'6' {
        assert_eq!(PacketKind::from_byte(digit).unwrap().as_byte(), digit);
    }
    assert_eq!(PacketKind::from_byte(b'7'), None);
}
