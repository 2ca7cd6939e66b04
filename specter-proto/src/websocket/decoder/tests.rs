//! Compares the decoder with a model: frames are written here, cut at any byte, and read again.

use proptest::prelude::*;

use super::short_text::MAX_LEN;
use super::*;
use crate::websocket::Opcode::{Binary, Close, Continuation, Ping, Pong, Text};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const LIMITS: Limits = Limits {
    max_message: 1000,
    max_fragments: 8,
};

/// An event that owns its bytes, so that it outlives the call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum OwnedEvent {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
}

impl From<Event<'_>> for OwnedEvent {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Text(text) => Self::Text(text.to_owned()),
            Event::Binary(data) => Self::Binary(data.to_vec()),
            Event::Ping(data) => Self::Ping(data.to_vec()),
            Event::Pong(data) => Self::Pong(data.to_vec()),
            Event::Close { code, reason } => Self::Close(code, reason.to_owned()),
        }
    }
}

/// Returns a client's frame.
pub(super) fn frame(fin: bool, opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut header = [0; crate::websocket::MAX_HEADER];
    let used = crate::websocket::write_header(&mut header, fin, opcode, payload.len());
    let mut frame = header[..used].to_vec();
    frame[1] |= 0x80;
    frame.extend_from_slice(&KEY);
    frame.extend(payload.iter().zip(KEY.iter().cycle()).map(|(a, b)| a ^ b));
    frame
}

pub(super) fn frames<'a>(frames: impl IntoIterator<Item = (bool, Opcode, &'a [u8])>) -> Vec<u8> {
    frames
        .into_iter()
        .flat_map(|(fin, opcode, payload)| frame(fin, opcode, payload))
        .collect()
}

/// Decodes `chunks` like a connection: bytes that are not consumed stay in front of the next chunk.
pub(super) fn feed<'a>(
    limits: Limits,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<OwnedEvent>, Option<Violation>) {
    let mut decoder = Decoder::new(limits);
    let mut buffer = Vec::new();
    let mut events = Vec::new();
    for chunk in chunks {
        buffer.extend_from_slice(chunk);
        let mut at = 0;
        loop {
            let rest = buffer.len() - at;
            match decoder.decode(&mut buffer[at..]) {
                Ok(step) => {
                    assert!(step.consumed <= rest);
                    at += step.consumed;
                    match step.event {
                        Some(event) => events.push(event.into()),
                        None => break,
                    }
                }
                Err(violation) => return (events, Some(violation)),
            }
        }
        buffer.drain(..at);
    }
    (events, None)
}

pub(super) fn decode_all(input: &[u8]) -> (Vec<OwnedEvent>, Option<Violation>) {
    feed(LIMITS, [input])
}

pub(super) fn violation_of(input: &[u8]) -> Violation {
    let (events, violation) = decode_all(input);
    assert_eq!(events, []);
    violation.expect("the input must break a rule")
}

#[test]
fn a_long_message_in_one_frame_is_borrowed_from_the_input() {
    // A shorter text is borrowed from the copy in which it was checked.
    let message = [b'x'; MAX_LEN + 1];
    for opcode in [Text, Binary] {
        let mut input = frame(true, opcode, &message);
        let range = input.as_ptr_range();
        let mut decoder = Decoder::new(Limits::new(MAX_LEN + 1));
        let step = decoder.decode(&mut input).unwrap();
        let message_read = match step.event {
            Some(Event::Text(text)) => text.as_bytes(),
            Some(Event::Binary(data)) => data,
            _ => panic!("{step:?}"),
        };
        assert_eq!(
            (message_read, step.consumed),
            (&message[..], 6 + MAX_LEN + 1)
        );
        assert!(range.contains(&message_read.as_ptr()));
    }
}

#[test]
fn texts_of_every_length_are_checked() {
    for length in 0..3 * MAX_LEN {
        let limits = Limits::new(4 * MAX_LEN);
        let text = "x".repeat(length) + "漢";
        let mut whole = frame(true, Text, text.as_bytes());
        let mut cut = frame(true, Text, &text.as_bytes()[..text.len() - 1]);
        let mut decoder = Decoder::new(limits);
        let step = decoder.decode(&mut whole).unwrap();
        assert_eq!(step.event, Some(Event::Text(&text)));
        assert_eq!(decoder.decode(&mut cut), Err(Violation::NotUtf8));
        // The decoder repeats the violation.
        assert_eq!(decoder.decode(&mut whole), Err(Violation::NotUtf8));
    }
}

#[test]
fn several_frames_in_one_input_are_returned_one_by_one() {
    let input = frames([
        (true, Text, &b"a"[..]),
        (true, Ping, b"p"),
        (true, Binary, b""),
        (true, Pong, b""),
        (true, Close, b"\x03\xE8bye"),
        (true, Text, b"never read"),
    ]);
    assert_eq!(
        decode_all(&input),
        (
            vec![
                OwnedEvent::Text("a".to_owned()),
                OwnedEvent::Ping(b"p".to_vec()),
                OwnedEvent::Binary(vec![]),
                OwnedEvent::Pong(vec![]),
                OwnedEvent::Close(Some(1000), "bye".to_owned()),
            ],
            None
        )
    );
}

#[test]
fn fragments_are_joined_and_control_frames_may_come_between_them() {
    let input = frames([
        (false, Text, &b"h\xC3"[..]),
        (true, Ping, b"now"),
        (false, Continuation, b""),
        (false, Continuation, b"\xA9"),
        (true, Continuation, b"!"),
        (false, Binary, b"\xFF"),
        (true, Continuation, b"\xFE"),
    ]);
    assert_eq!(
        decode_all(&input),
        (
            vec![
                OwnedEvent::Ping(b"now".to_vec()),
                OwnedEvent::Text("hé!".to_owned()),
                OwnedEvent::Binary(vec![0xFF, 0xFE]),
            ],
            None
        )
    );
}

#[test]
fn each_broken_rule_has_its_violation() {
    let masked = |first: u8, second: u8| [first, 0x80 | second, 0, 0, 0, 0];
    for bit in [0x40, 0x20, 0x10, 0x70] {
        assert_eq!(
            violation_of(&masked(0x81 | bit, 0)),
            Violation::ReservedBits
        );
    }
    for opcode in [3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF] {
        let violation = Violation::ReservedOpcode { opcode };
        assert_eq!(violation_of(&masked(0x80 | opcode, 0)), violation);
    }
    for first in [0x81, 0x82, 0x88, 0x89, 0x8A] {
        assert_eq!(violation_of(&[first, 0]), Violation::Unmasked);
    }
    for first in [0x08, 0x09, 0x0A] {
        assert_eq!(
            violation_of(&masked(first, 0)),
            Violation::FragmentedControl
        );
    }
    for second in [126, 127] {
        assert_eq!(violation_of(&masked(0x89, second)), Violation::LongControl);
    }
    for first in [0x00, 0x80] {
        assert_eq!(
            violation_of(&masked(first, 0)),
            Violation::UnexpectedContinuation
        );
    }
    for opcode in [Text, Binary] {
        let input = frames([(false, opcode, &b""[..]), (true, opcode, b"")]);
        assert_eq!(violation_of(&input), Violation::InterruptedMessage);
    }
    let text = frame(true, Text, b"\xFF");
    assert_eq!(violation_of(&text), Violation::NotUtf8);
}

#[test]
fn lengths_are_checked_before_the_payload_has_arrived() {
    assert_eq!(violation_of(&[0x81, 0xFE, 0, 125]), Violation::LongLength);
    assert_eq!(
        violation_of(&[0x81, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]),
        Violation::LongLength
    );
    assert_eq!(
        violation_of(&[0x81, 0xFF, 0x80, 0, 0, 0, 0, 1, 0, 0]),
        Violation::LengthOutOfRange
    );
    let too_long = Violation::TooLong { limit: 1000 };
    assert_eq!(violation_of(&[0x82, 0xFE, 0x03, 0xE9]), too_long);
    assert_eq!(
        violation_of(&[0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
        too_long
    );
    assert_eq!(decode_all(&frame(true, Binary, &[0; 1000])).1, None);
}

#[test]
fn the_limit_counts_all_fragments() {
    let mut input = frames([
        (false, Binary, &[0; 600][..]),
        (false, Continuation, &[0; 400]),
    ]);
    assert_eq!(decode_all(&input), (vec![], None));
    input.extend(frame(true, Continuation, b""));
    assert_eq!(
        decode_all(&input),
        (vec![OwnedEvent::Binary(vec![0; 1000])], None)
    );
    let mut input = frame(false, Binary, &[0; 600]);
    input.extend([0x80, 0xFE, 0x01, 0x91]);
    assert_eq!(violation_of(&input), Violation::TooLong { limit: 1000 });
}

#[test]
fn empty_fragments_count_as_others_do() {
    let limit = Violation::TooManyFragments { limit: 8 };
    for payload in [&b""[..], b"a"] {
        let mut input = frame(false, Binary, payload);
        input.extend(frame(false, Continuation, payload).repeat(7));
        assert_eq!(decode_all(&input), (vec![], None));
        input.extend(frame(true, Continuation, payload));
        assert_eq!(violation_of(&input), limit);
    }
}

#[test]
fn an_invalid_text_is_rejected_at_its_first_invalid_fragment() {
    let input = frame(false, Text, b"ok\xC3\x28");
    assert_eq!(violation_of(&input), Violation::NotUtf8);
    let input = frames([
        (false, Text, &b"\xF0\x9F"[..]),
        (false, Continuation, b"\x28"),
    ]);
    assert_eq!(violation_of(&input), Violation::NotUtf8);
    // The text ends inside a character.
    let input = frames([(false, Text, &b"\xF0\x9F"[..]), (true, Continuation, b"")]);
    assert_eq!(violation_of(&input), Violation::NotUtf8);
}

#[test]
fn close_frames_are_checked() {
    let close = |payload: &[u8]| decode_all(&frame(true, Close, payload));
    assert_eq!(close(b"").0, [OwnedEvent::Close(None, String::new())]);
    assert_eq!(
        close(b"\x0F\xA0").0,
        [OwnedEvent::Close(Some(4000), String::new())]
    );
    assert_eq!(close(b"\x03").1, Some(Violation::ShortClose));
    for code in [0u16, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000] {
        let violation = close(&code.to_be_bytes()).1;
        assert_eq!(violation, Some(Violation::CloseCode { code }));
    }
    assert_eq!(close(b"\x03\xE8\xFF").1, Some(Violation::NotUtf8));
}

#[test]
fn a_violation_is_repeated_and_input_after_a_close_is_skipped() {
    let mut decoder = Decoder::new(LIMITS);
    assert!(decoder.decode(&mut [0xFF]).is_err());
    let mut good = frame(true, Text, b"a");
    assert_eq!(decoder.decode(&mut good), Err(Violation::ReservedBits));

    let mut decoder = Decoder::new(LIMITS);
    decoder.decode(&mut frame(true, Close, b"")).unwrap();
    let mut junk = [0xFF; 100];
    let step = decoder.decode(&mut junk).unwrap();
    assert_eq!((step.consumed, step.event), (100, None));
}

#[test]
fn the_number_of_missing_bytes_is_returned() {
    let input = frame(true, Binary, &[7; 300]);
    let mut decoder = Decoder::new(LIMITS);
    for have in 0..input.len() {
        let mut part = input[..have].to_vec();
        let step = decoder.decode(&mut part).unwrap();
        assert_eq!((step.consumed, step.event), (0, None));
        let missing = input.len() - have;
        let is_length_known = have >= 4;
        assert!(step.wanted > 0 && step.wanted <= missing);
        assert!(!is_length_known || step.wanted == missing, "{have}");
    }
}

#[test]
fn an_unfinished_frame_is_not_changed() {
    let whole = frame(true, Text, &[b'a'; 900]);
    let mut decoder = Decoder::new(LIMITS);
    for have in 0..whole.len() {
        let mut part = whole[..have].to_vec();
        decoder.decode(&mut part).unwrap();
        assert!(
            part == whole[..have],
            "unmasking it early would be repeated work for a slow peer"
        );
    }
}

#[test]
fn text_in_tiny_fragments_is_checked_in_linear_time() {
    let text = "aé€😀".repeat(50);
    let mut message = Assembly::new(Text);
    let mut checked = 0;
    for (at, byte) in text.bytes().enumerate() {
        checked += message.unchecked_len() + 1;
        message.add(&[byte], at + 1 == text.len()).unwrap();
        assert!(message.unchecked_len() < 4);
    }
    assert!(checked <= 4 * text.len());
    assert_eq!(message.event(), Ok(Event::Text(&text)));
}

#[test]
fn the_next_call_frees_a_message_that_was_returned() {
    let mut decoder = Decoder::new(LIMITS);
    let mut input = frames([
        (false, Binary, &[1; 500][..]),
        (true, Continuation, &[2; 500]),
    ]);
    assert!(decoder.decode(&mut input).unwrap().event.is_some());
    assert!(decoder.assembly.is_some(), "the event borrows the message");
    assert!(decoder.decode(&mut []).unwrap().event.is_none());
    assert!(decoder.assembly.is_none());
}

#[derive(Clone, Debug)]
enum Message {
    Text(Vec<String>),
    Binary(Vec<Vec<u8>>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

impl Message {
    fn write(&self, out: &mut Vec<u8>) -> OwnedEvent {
        match self {
            Self::Text(parts) => {
                write_parts(out, Text, parts.iter().map(String::as_bytes));
                OwnedEvent::Text(parts.concat())
            }
            Self::Binary(parts) => {
                write_parts(out, Binary, parts.iter().map(Vec::as_slice));
                OwnedEvent::Binary(parts.concat())
            }
            Self::Ping(data) => {
                out.extend(frame(true, Ping, data));
                OwnedEvent::Ping(data.clone())
            }
            Self::Pong(data) => {
                out.extend(frame(true, Pong, data));
                OwnedEvent::Pong(data.clone())
            }
        }
    }
}

fn write_parts<'a>(
    out: &mut Vec<u8>,
    opcode: Opcode,
    parts: impl ExactSizeIterator<Item = &'a [u8]>,
) {
    let last = parts.len() - 1;
    for (at, part) in parts.enumerate() {
        let opcode = if at == 0 { opcode } else { Continuation };
        out.extend(frame(at == last, opcode, part));
    }
}

fn message() -> impl Strategy<Value = Message> {
    let bytes = |max| prop::collection::vec(any::<u8>(), 0..max);
    prop_oneof![
        prop::collection::vec(".{0,40}", 1..5).prop_map(Message::Text),
        prop::collection::vec(bytes(200), 1..5).prop_map(Message::Binary),
        bytes(126).prop_map(Message::Ping),
        bytes(126).prop_map(Message::Pong),
    ]
}

/// Cuts `input` at these places, taken modulo its length.
fn cut<'a>(input: &'a [u8], places: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<_> = places.iter().map(|at| at % (input.len() + 1)).collect();
    places.extend([0, input.len()]);
    places.sort_unstable();
    places
        .windows(2)
        .map(|pair| &input[pair[0]..pair[1]])
        .collect()
}

proptest! {
    #[test]
    fn a_clients_messages_are_decoded_from_reads_of_any_length(
        messages in prop::collection::vec(message(), 0..12),
        places in prop::collection::vec(any::<usize>(), 0..30),
    ) {
        let mut input = Vec::new();
        let expected: Vec<_> = messages.iter().map(|message| message.write(&mut input)).collect();
        prop_assert_eq!(feed(LIMITS, cut(&input, &places)), (expected.clone(), None));
        prop_assert_eq!(feed(LIMITS, input.chunks(1)), (expected, None));
    }

    #[test]
    fn any_bytes_mean_the_same_in_reads_of_any_length(
        input in prop::collection::vec(any::<u8>(), 0..400),
        places in prop::collection::vec(any::<usize>(), 0..30),
    ) {
        let whole = decode_all(&input);
        prop_assert_eq!(&feed(LIMITS, cut(&input, &places)), &whole);
        prop_assert_eq!(&feed(LIMITS, input.chunks(1)), &whole);
    }

    /// Random bytes rarely make a valid header, so this test damages a few bytes of valid frames.
    #[test]
    fn damaged_frames_mean_the_same_in_reads_of_any_length(
        messages in prop::collection::vec(message(), 1..6),
        damage in prop::collection::vec((any::<usize>(), any::<u8>()), 1..4),
        places in prop::collection::vec(any::<usize>(), 0..10),
    ) {
        let mut input = Vec::new();
        for message in &messages {
            message.write(&mut input);
        }
        for (at, byte) in damage {
            let len = input.len();
            input[at % len] = byte;
        }
        let whole = decode_all(&input);
        prop_assert_eq!(&feed(LIMITS, cut(&input, &places)), &whole);
        prop_assert_eq!(&feed(LIMITS, input.chunks(1)), &whole);
    }

    #[test]
    fn no_message_exceeds_its_limit(
        messages in prop::collection::vec(message(), 1..6),
        max_message in 0usize..200,
        max_fragments in 0usize..4,
    ) {
        let mut input = Vec::new();
        for message in &messages {
            message.write(&mut input);
        }
        let (events, violation) = feed(Limits { max_message, max_fragments }, [input.as_slice()]);
        for event in &events {
            match event {
                OwnedEvent::Text(text) => prop_assert!(text.len() <= max_message),
                OwnedEvent::Binary(data) => prop_assert!(data.len() <= max_message),
                _ => {}
            }
        }
        prop_assert_eq!(violation.is_none(), events.len() == messages.len());
        prop_assert!(violation.is_none_or(|violation| violation.close_code() == 1009));
    }
}

#[test]
fn release_frees_a_message_that_was_returned() {
    let mut decoder = Decoder::new(Limits::new(100));
    // A fragment of one byte, and the last fragment, also of one byte.
    let mut input = *b"\x01\x81\0\0\0\0a\x80\x81\0\0\0\0b";
    let found = decoder.decode(&mut input).unwrap();
    assert_eq!(found.event, Some(Event::Text("ab")));
    assert_eq!(found.consumed, 14);
    assert!(decoder.assembly.is_some());
    decoder.release();
    assert!(decoder.assembly.is_none());
    // An incomplete message is kept.
    let mut input = *b"\x01\x81\0\0\0\0a";
    assert_eq!(decoder.decode(&mut input).unwrap().event, None);
    decoder.release();
    assert!(decoder.assembly.is_some());
}
