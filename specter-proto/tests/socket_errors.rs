//! The errors of the Socket.IO layer: their codes are unique, and their texts are suitable for a
//! log line.

use std::collections::HashSet;
use std::error::Error;

use serde::ser::Error as _;
use specter_proto::socketio::{ArgumentError, EncodeError, PacketKind, ParseError};

fn all() -> Vec<(&'static str, Box<dyn Error>)> {
    let parse = [
        ParseError::UnknownKind,
        ParseError::ConnectError,
        ParseError::AttachmentCount,
        ParseError::TooManyAttachments { count: 11, max: 10 },
        ParseError::AckId,
        ParseError::NamespaceLength { length: 2, max: 1 },
        ParseError::EventNameLength { length: 2, max: 1 },
        ParseError::EventName,
        ParseError::ReservedName,
        ParseError::Payload {
            kind: PacketKind::Event,
        },
        ParseError::Depth,
        ParseError::Placeholder,
        ParseError::UnexpectedBinary,
        ParseError::UnexpectedText,
        ParseError::Size { size: 2, max: 1 },
    ];
    let argument = [
        ArgumentError::Missing { index: 0 },
        ArgumentError::Invalid {
            index: 0,
            path: "a".into(),
            message: "wrong".into(),
        },
    ];
    let encode = [
        EncodeError::ReservedName {
            name: "connect".into(),
        },
        EncodeError::Json(serde_json::Error::custom("why")),
        EncodeError::TooManyAttachments {
            count: 256,
            max: 255,
        },
        EncodeError::ForgedPlaceholder,
        EncodeError::Depth,
    ];
    let mut all: Vec<(&'static str, Box<dyn Error>)> = Vec::new();
    all.extend(parse.map(|error| (error.code(), error.into())));
    all.extend(argument.map(|error| (error.code(), error.into())));
    all.extend(encode.map(|error| (error.code(), error.into())));
    all
}

#[test]
fn codes_are_unique() {
    let all = all();
    let codes: HashSet<_> = all.iter().map(|(code, _)| code).collect();
    assert_eq!(codes.len(), all.len());
}

#[test]
fn texts_are_lower_case_without_a_full_stop() {
    for (code, error) in all() {
        let text = error.to_string();
        assert!(!text.ends_with('.'), "{code}: {text}");
        assert!(!text.starts_with(char::is_uppercase), "{code}: {text}");
    }
}
