//! Each error and violation of the WebSocket and Engine.IO layers has a code of its own.

use std::collections::HashSet;

use specter_proto::engine::{
    BadRequest, PacketError, PayloadError, ProbeRejected, RequestError,
    Violation as EngineViolation,
};
use specter_proto::websocket::Violation;

#[test]
fn codes_are_unique_and_name_their_layer() {
    let mut codes = Vec::new();
    codes.extend(websocket().iter().map(Violation::code));
    codes.extend(requests().iter().map(RequestError::code));
    codes.extend(packets().iter().map(PacketError::code));
    codes.extend(payloads().iter().map(PayloadError::code));
    codes.extend(probes().iter().map(ProbeRejected::code));
    codes.push(EngineViolation::UnexpectedPing.code());
    for code in &codes {
        assert!(code.starts_with("engine_") || code.starts_with("websocket_"));
        assert!(
            code.bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'_' | b'0'..=b'9'))
        );
    }
    let unique: HashSet<_> = codes.iter().collect();
    assert_eq!(unique.len(), codes.len());
}

#[test]
fn violations_are_answered_with_one_of_three_close_codes() {
    for violation in websocket() {
        assert!(matches!(violation.close_code(), 1002 | 1007 | 1009));
    }
}

/// The names that are written with capitals in a message.
const NAMES: [&str; 6] = [
    "Engine.IO",
    "WebSocket",
    "UTF-8",
    "`Origin`",
    "`EIO`",
    "GET",
];

#[test]
fn messages_are_lower_case_and_have_no_full_stop() {
    let mut messages: Vec<String> = websocket().iter().map(ToString::to_string).collect();
    messages.extend(requests().iter().map(ToString::to_string));
    messages.extend(packets().iter().map(ToString::to_string));
    messages.extend(payloads().iter().map(ToString::to_string));
    messages.extend(probes().iter().map(ToString::to_string));
    messages.push(EngineViolation::UnexpectedPing.to_string());
    for message in messages {
        let text = NAMES
            .iter()
            .fold(message.clone(), |text, name| text.replace(name, ""));
        assert!(!text.contains(char::is_uppercase), "{message}");
        assert!(!message.ends_with('.'), "{message}");
    }
}

fn websocket() -> [Violation; 14] {
    [
        Violation::ReservedBits,
        Violation::ReservedOpcode { opcode: 3 },
        Violation::Unmasked,
        Violation::FragmentedControl,
        Violation::LongControl,
        Violation::UnexpectedContinuation,
        Violation::InterruptedMessage,
        Violation::TooManyFragments { limit: 1 },
        Violation::LongLength,
        Violation::LengthOutOfRange,
        Violation::TooLong { limit: 1 },
        Violation::NotUtf8,
        Violation::ShortClose,
        Violation::CloseCode { code: 1005 },
    ]
}

fn requests() -> Vec<RequestError> {
    let mut requests = vec![
        RequestError::UnknownTransport,
        RequestError::UnknownSession,
        RequestError::BadMethod,
        RequestError::Forbidden("not you".to_owned()),
        RequestError::UnsupportedVersion,
    ];
    requests.extend(
        [
            BadRequest::InvalidOrigin,
            BadRequest::TransportMismatch,
            BadRequest::ProtocolMismatch,
            BadRequest::TransportHandshake,
            BadRequest::IdGeneration,
            BadRequest::Middleware,
        ]
        .map(RequestError::from),
    );
    requests
}

fn packets() -> [PacketError; 2] {
    [PacketError::Empty, PacketError::UnknownType { byte: b'9' }]
}

/// All variants except `Packet`, which has the code of the packet's error.
fn payloads() -> [PayloadError; 3] {
    [
        PayloadError::NotUtf8 { at: 0 },
        PayloadError::TooManyPackets { limit: 1 },
        PayloadError::Base64,
    ]
}

fn probes() -> [ProbeRejected; 3] {
    [
        ProbeRejected::AlreadyProbing,
        ProbeRejected::AlreadyUpgraded,
        ProbeRejected::SessionOver,
    ]
}
