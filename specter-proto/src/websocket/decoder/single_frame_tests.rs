//! Compares messages in a single frame, which `parse_single_frame` reads, with the same messages in
//! fragments.

use super::tests::{OwnedEvent, decode_all, feed, frame, frames, violation_of};
use crate::websocket::Opcode::{Binary, Continuation, Ping, Text};
use crate::websocket::decoder::*;

const LIMITS: Limits = Limits::new(100_000);

/// All short lengths, and the lengths around which headers and blocks of bytes differ.
fn lengths() -> impl Iterator<Item = usize> {
    (0..=70).chain([
        124, 125, 126, 127, 128, 255, 256, 65_534, 65_535, 65_536, 70_000,
    ])
}

#[test]
fn a_message_in_one_frame_equals_the_same_message_in_fragments() {
    for length in lengths() {
        let payload: Vec<u8> = (b'!'..b'z').cycle().take(length).collect();
        for opcode in [Text, Binary] {
            let whole = frame(true, opcode, &payload);
            let (head, tail) = payload.split_at(length / 3);
            let fragments = frames([(false, opcode, head), (true, Continuation, tail)]);
            let (events, violation) = feed(LIMITS, [&whole[..]]);
            assert_eq!((events.len(), violation), (1, None), "{length}");
            assert_eq!(feed(LIMITS, [&fragments[..]]), (events, None), "{length}");
        }
    }
}

#[test]
fn a_message_is_read_after_any_other_and_from_two_reads() {
    for length in [0, 1, 7, 8, 9, 50, 125, 126, 300] {
        let payload = vec![b'x'; length];
        let input = frames([
            (true, Text, &payload[..]),
            (true, Ping, b"p"),
            (true, Binary, &payload),
            (false, Text, &payload),
            (true, Ping, b""),
            (true, Continuation, &payload),
            (true, Text, &payload),
        ]);
        let expected = feed(LIMITS, [&input[..]]);
        assert_eq!((expected.0.len(), expected.1), (6, None));
        for cut in 0..=input.len() {
            assert_eq!(feed(LIMITS, [&input[..cut], &input[cut..]]), expected);
        }
    }
}

#[test]
fn a_byte_that_is_no_utf8_is_found_at_every_index() {
    for length in lengths().filter(|length| *length < 300) {
        for place in 0..length {
            let mut payload = vec![b'a'; length];
            payload[place] = 0xFF;
            let input = frame(true, Text, &payload);
            assert_eq!(violation_of(&input), Violation::NotUtf8);
            let mut decoder = Decoder::new(LIMITS);
            assert!(decoder.decode(&mut input.clone()).is_err());
            let mut good = frame(true, Text, b"fine");
            assert_eq!(decoder.decode(&mut good), Err(Violation::NotUtf8));
            let data = OwnedEvent::Binary(payload.clone());
            assert_eq!(
                decode_all(&frame(true, Binary, &payload)),
                (vec![data], None)
            );
        }
    }
}

#[test]
fn the_rules_are_checked_for_messages_in_one_frame() {
    for opcode in [Text, Binary] {
        for max in [0, 5, 125, 126, 300] {
            let limits = Limits::new(max);
            let fits = frame(true, opcode, &vec![b'a'; max]);
            assert_eq!(feed(limits, [&fits[..]]).1, None);
            let long = frame(true, opcode, &vec![b'a'; max + 1]);
            let too_long = Some(Violation::TooLong { limit: max });
            assert_eq!(feed(limits, [&long[..]]).1, too_long);
        }
        // The length is in a longer form than it needs, and the whole frame has arrived.
        let mut wide = vec![0x80 | opcode.bits(), 0xFE, 0, 5, 0, 0, 0, 0];
        wide.extend_from_slice(b"hello");
        assert_eq!(violation_of(&wide), Violation::LongLength);
        let unmasked = [0x80 | opcode.bits(), 5, b'h', b'e', b'l', b'l', b'o'];
        assert_eq!(violation_of(&unmasked), Violation::Unmasked);
        let interrupting = frames([(false, Text, &b"a"[..]), (true, opcode, b"hello")]);
        assert_eq!(violation_of(&interrupting), Violation::InterruptedMessage);
    }
}
