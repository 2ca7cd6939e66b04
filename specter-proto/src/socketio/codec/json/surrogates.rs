//! Finds lone surrogates in JSON strings and replaces them by U+FFFD.
//!
//! JavaScript cuts strings between UTF-16 units: `"👋".slice(0, 1)` is half a character. Clients
//! send it as the escape `\ud83d`, which is valid JSON (RFC 8259, section 8.2) but not valid
//! Unicode. The scanner rejects such a packet. Only then is its text repaired and decoded once
//! more.

use memchr::memchr;

/// The escape that replaces the escape of a lone surrogate. Both have the same length, so indices
/// in the text do not change.
const REPLACEMENT: &str = r"\ufffd";

/// The length of the escape of a UTF-16 unit, in bytes.
const ESCAPE_LEN: usize = REPLACEMENT.len();

/// The UTF-16 unit that an escape stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Unit {
    /// The first unit of a surrogate pair.
    High,
    /// The second unit of a surrogate pair.
    Low,
    /// A unit that is a character by itself.
    Character,
}

impl Unit {
    /// The unit that the escape at the start of `bytes` stands for. `None` if there is no such
    /// escape.
    fn at_start(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [b'\\', b'u', digits @ ..] => {
                let digits = digits.first_chunk::<4>()?;
                let are_hex = digits.iter().all(u8::is_ascii_hexdigit);
                are_hex.then(|| Self::of(*digits))
            }
            _ => None,
        }
    }

    fn of([first, second, ..]: [u8; 4]) -> Self {
        match (first, second) {
            (b'd' | b'D', b'8' | b'9' | b'a' | b'b' | b'A' | b'B') => Self::High,
            (b'd' | b'D', b'c'..=b'f' | b'C'..=b'F') => Self::Low,
            _ => Self::Character,
        }
    }
}

/// The length of the escapes of one character at the start of `bytes`: 12 for a surrogate pair, 6
/// for any other character. `None` for a lone surrogate, and if there is no such escape.
pub(in crate::socketio) fn character_len(bytes: &[u8]) -> Option<usize> {
    match Unit::at_start(bytes)? {
        Unit::Character => Some(ESCAPE_LEN),
        Unit::Low => None,
        Unit::High => {
            let low = Unit::at_start(bytes.get(ESCAPE_LEN..)?)?;
            (low == Unit::Low).then_some(2 * ESCAPE_LEN)
        }
    }
}

/// Returns `text` with U+FFFD in place of each lone surrogate in the JSON that begins at `from`.
/// Invalid JSON stays invalid. This takes one pass, and the length stays the same.
#[cold]
pub(in crate::socketio) fn repair(text: &str, from: usize) -> String {
    let bytes = text.as_bytes();
    let mut repaired = String::with_capacity(text.len());
    let mut copied = 0;
    let mut at = from;
    while let Some(rest) = bytes.get(at..)
        && let Some(backslash) = memchr(b'\\', rest)
    {
        at += backslash;
        let escape = rest.get(backslash..).unwrap_or_default();
        at += match (character_len(escape), Unit::at_start(escape)) {
            (Some(length), _) => length,
            (None, Some(_)) => {
                repaired.push_str(text.get(copied..at).unwrap_or_default());
                repaired.push_str(REPLACEMENT);
                copied = at + ESCAPE_LEN;
                ESCAPE_LEN
            }
            // Another escape, which may be that of a backslash: the backslash and the character
            // after it.
            (None, None) => 2,
        };
    }
    repaired.push_str(text.get(copied..).unwrap_or_default());
    repaired
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::{character_len, repair};

    #[test]
    fn only_lone_surrogates_are_replaced() {
        for (sent, expected) in [
            (r#""cut \ud83d""#, r#""cut \ufffd""#),
            (r#""\uDE00 low""#, r#""\ufffd low""#),
            (r#""\uD83D\uDE00""#, r#""\uD83D\uDE00""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#),
            (r#""\ud83d\n""#, r#""\ufffd\n""#),
            (r#""\ud83d\u0041""#, r#""\ufffd\u0041""#),
            (r#""\ud83dx""#, r#""\ufffdx""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\\\ud83d""#, r#""\\\ufffd""#),
            (r#""\ud83d\\ude00""#, r#""\ufffd\\ude00""#),
            (r#""\ud7ff\ue000""#, r#""\ud7ff\ue000""#),
            (r#""\uDBFF\uDFFF\uDBFF""#, r#""\uDBFF\uDFFF\ufffd""#),
            (r#""\ud8""#, r#""\ud8""#),
            (r#""\ud83dé👋\ude00""#, r#""\ufffdé👋\ufffd""#),
        ] {
            assert_eq!(repair(sent, 0), expected, "{sent}");
        }
        // The text in front of the JSON is not changed.
        assert_eq!(
            repair(r#"2/\ud83d,["\ud83d"]"#, 9),
            r#"2/\ud83d,["\ufffd"]"#
        );
    }

    #[test]
    fn a_character_has_one_escape_or_two() {
        assert_eq!(character_len(br"\u0041\u0042"), Some(6));
        assert_eq!(character_len(br"\ud83d\ude00\u0042"), Some(12));
        for none in [
            r"\ud83d",
            r"\ude00",
            r"\ud83d\u0041",
            r"\ud83d\ude0",
            r"\n",
            "",
        ] {
            assert_eq!(character_len(none.as_bytes()), None, "{none}");
        }
    }

    /// A JSON string of parts that are difficult next to each other.
    fn string() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            Just(r"\ud83d"),
            Just(r"\uDE00"),
            Just(r"\uDbFf"),
            Just(r"\u0041"),
            Just(r"\\"),
            Just(r"\n"),
            Just("ud83d"),
            Just("é👋"),
        ];
        prop::collection::vec(part, 0..12).prop_map(|parts| format!("\"{}\"", parts.concat()))
    }

    proptest! {
        #[test]
        fn repaired_strings_are_valid_for_every_parser(string in string()) {
            let repaired = repair(&string, 0);
            prop_assert_eq!(repaired.len(), string.len());
            let read = serde_json::from_str::<Value>(&repaired);
            prop_assert!(read.is_ok(), "{}", repaired);
            // A string that was valid before is unchanged.
            if let Ok(before) = serde_json::from_str::<Value>(&string) {
                prop_assert_eq!(&repaired, &string);
                prop_assert_eq!(read.unwrap(), before);
            }
        }

        #[test]
        fn repairing_keeps_json_valid_and_other_text_invalid(text in r#"[\[\]{}:,"\\ud8eDcn0-9é]{0,24}"#) {
            let is_json = |text: &str| serde_json::from_str::<&RawValue>(text).is_ok();
            prop_assert_eq!(is_json(&repair(&text, 0)), is_json(&text));
        }
    }
}
