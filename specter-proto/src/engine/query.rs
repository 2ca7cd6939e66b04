//! The query of an Engine.IO request: the protocol version, the transport and the session.
//!
//! Values must match exactly. Some clients add a parameter again that their configured URL already
//! contains. A parameter that is repeated with the same value counts once. Different values are
//! reported, so that a request cannot mean different things to different readers.

use std::borrow::Cow;
use std::iter;
use std::str;

use memchr::{memchr, memchr2};

/// The Engine.IO parameters of a request.
///
/// A parameter is `None` if the request does not have it. A parameter that occurs more than once
/// has its first value here. If its values differ, [`repeated`](Self::repeated) names it, and the
/// request must be rejected.
///
/// ```
/// use specter_proto::engine::Query;
///
/// let query = Query::parse("EIO=4&transport=polling&t=abc");
/// assert!(query.is_current_version());
/// assert_eq!(query.transport.as_deref(), Some("polling"));
/// assert_eq!(query.sid, None);
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Query<'a> {
    /// `EIO`: the version of the protocol.
    pub eio: Option<Cow<'a, str>>,
    /// `transport`: `polling` or `websocket`.
    pub transport: Option<Cow<'a, str>>,
    /// `sid`: the session. A handshake does not have it.
    pub sid: Option<Cow<'a, str>>,
    /// Whether there is a parameter `j`: the client polls by JSONP and cannot read other responses.
    pub is_jsonp: bool,
    /// The first of these parameters, except `j`, that occurs more than once with different values.
    pub repeated: Option<&'static str>,
}

impl<'a> Query<'a> {
    /// Reads a request's query, without its question mark. Other parameters are skipped; use
    /// [`pairs`] to read them.
    pub fn parse(query: &'a str) -> Self {
        let (mut parsed, rest) = Self::parse_common_start(query);
        for (name, value) in pairs(rest) {
            let (name, slot) = match name.as_ref() {
                "EIO" => ("EIO", &mut parsed.eio),
                "transport" => ("transport", &mut parsed.transport),
                "sid" => ("sid", &mut parsed.sid),
                "j" => {
                    parsed.is_jsonp = true;
                    continue;
                }
                _ => continue,
            };
            match slot {
                None => *slot = Some(value),
                Some(first) if *first == value => {}
                Some(_) => _ = parsed.repeated.get_or_insert(name),
            }
        }
        parsed
    }

    /// Reads the start that nearly every query has, if this one has it, and returns the rest.
    fn parse_common_start(query: &'a str) -> (Self, &'a str) {
        match query.strip_prefix("EIO=4&transport=polling") {
            Some(rest) if rest.is_empty() || rest.starts_with('&') => {
                let parsed = Self {
                    eio: Some("4".into()),
                    transport: Some("polling".into()),
                    ..Self::default()
                };
                (parsed, rest)
            }
            _ => (Self::default(), query),
        }
    }

    /// Whether the client speaks version 4. Every text other than `4` is another version.
    pub fn is_current_version(&self) -> bool {
        self.eio.as_deref() == Some("4")
    }
}

/// All parameters of a query (without its question mark), decoded, in order. `+` is a space and a
/// `%` escape is a byte of UTF-8. Invalid UTF-8 is replaced by U+FFFD. A malformed escape is kept
/// as it is.
pub fn pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    // Most queries have no escapes, so the whole query is searched for them once.
    let has_escapes = memchr2(b'%', b'+', query.as_bytes()).is_some();
    let mut rest = query;
    iter::from_fn(move || {
        while !rest.is_empty() {
            let (pair, after) = split_at_byte(rest, b'&');
            rest = after;
            if pair.is_empty() {
                continue;
            }
            let (name, value) = split_at_byte(pair, b'=');
            return Some(if has_escapes {
                (unescape(name), unescape(value))
            } else {
                (Cow::Borrowed(name), Cow::Borrowed(value))
            });
        }
        None
    })
}

/// Returns the text before the first such byte, which must be ASCII, and the text after it. Without
/// such a byte, returns the whole text and an empty one.
fn split_at_byte(text: &str, byte: u8) -> (&str, &str) {
    memchr(byte, text.as_bytes())
        .and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?)))
        .unwrap_or((text, ""))
}

fn unescape(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let (byte, after) = match (first, after) {
            (b'+', _) => (b' ', after),
            (b'%', [high, low, beyond @ ..]) => match hex(*high).zip(hex(*low)) {
                Some((high, low)) => (high << 4 | low, beyond),
                None => (b'%', after),
            },
            _ => (first, after),
        };
        bytes.push(byte);
        rest = after;
    }
    Cow::Owned(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn transport(query: &str) -> Option<String> {
        Query::parse(query).transport.map(Cow::into_owned)
    }

    #[test]
    fn the_three_parameters_are_found_among_others() {
        let query = Query::parse("t=x&sid=abc-_&EIO=4&b64=1&transport=websocket");
        assert_eq!(query.eio.as_deref(), Some("4"));
        assert_eq!(query.transport.as_deref(), Some("websocket"));
        assert_eq!(query.sid.as_deref(), Some("abc-_"));
    }

    #[test]
    fn only_the_exact_version_counts() {
        for query in ["", "EIO=3", "EIO=04", "EIO=4+", "eio=4", "EIO"] {
            assert!(!Query::parse(query).is_current_version(), "{query}");
        }
        for query in ["EIO=%34", "EIO=4&EIO=4", "EIO=4&x=y&EIO=%34"] {
            assert!(Query::parse(query).is_current_version(), "{query}");
        }
    }

    #[test]
    fn a_parameter_that_is_repeated_with_the_same_value_counts_once() {
        let once = Query::parse("EIO=4&transport=polling&sid=a");
        for query in [
            "EIO=4&transport=polling&sid=a&EIO=4",
            "EIO=4&transport=polling&sid=a&sid=%61&transport=polling",
            "EIO=4&EIO=4&EIO=4&transport=polling&sid=a",
        ] {
            assert_eq!(Query::parse(query), once, "{query}");
        }
    }

    #[test]
    fn a_parameter_that_is_repeated_with_another_value_is_named() {
        for (query, name) in [
            ("EIO=4&transport=polling&EIO=3", Some("EIO")),
            ("EIO=4&transport=polling&EIO", Some("EIO")),
            ("transport=polling&transport=websocket", Some("transport")),
            ("sid=a&sid=a&sid=b&EIO=4&EIO=5", Some("sid")),
            ("EIO=4&transport=polling&t=1&t=2&x=1&x=2", None),
        ] {
            assert_eq!(Query::parse(query).repeated, name, "{query}");
        }
    }

    #[test]
    fn jsonp_is_recognised_by_its_parameter() {
        for query in ["EIO=4&transport=polling&j=0", "j=1&EIO=4", "j", "j=1&j=2"] {
            let query = Query::parse(query);
            assert!(query.is_jsonp && query.repeated.is_none(), "{query:?}");
        }
        for query in ["EIO=4&transport=polling", "J=1", "jj=1", "t=j"] {
            assert!(!Query::parse(query).is_jsonp, "{query}");
        }
    }

    #[test]
    fn odd_names_are_plain_values() {
        for name in ["__proto__", "constructor", "toString", "hasOwnProperty"] {
            assert_eq!(
                transport(&format!("transport={name}")).as_deref(),
                Some(name)
            );
        }
        assert_eq!(transport("__proto__=polling&transport[]=polling"), None);
        assert_eq!(transport("transport"), Some(String::new()));
    }

    #[test]
    fn escapes_are_decoded_and_malformed_ones_kept() {
        let decoded: Vec<_> = pairs("a%20b=%C3%A9+%zz%4&&=%ff").collect();
        assert_eq!(
            decoded,
            [
                (Cow::from("a b"), Cow::from("é %zz%4")),
                (Cow::from(""), Cow::from("\u{fffd}")),
            ]
        );
    }

    proptest! {
        #[test]
        fn the_common_start_is_read_like_any_other_query(
            rest in "(EIO|&|=|4|sid|%34|transport|polling|x)*",
        ) {
            let query = format!("EIO=4&transport=polling{rest}");
            // The empty parameter is skipped, but the query does not have the common start.
            let shifted = format!("&{query}");
            prop_assert_eq!(Query::parse(&query), Query::parse(&shifted));
        }

        #[test]
        fn a_query_that_is_repeated_is_the_same_query(
            query in "(EIO|&|=|4|sid|%34|transport|polling|j|x)*",
        ) {
            let repeated = format!("{query}&{query}");
            prop_assert_eq!(Query::parse(&repeated), Query::parse(&query));
        }

        #[test]
        fn any_query_is_read(query in any::<String>()) {
            let parsed = Query::parse(&query);
            prop_assert!(parsed.transport.is_none_or(|value| value.len() <= 3 * query.len()));
        }

        #[test]
        fn escaped_values_are_decoded(value in any::<String>()) {
            use std::fmt::Write as _;
            let mut query = String::from("sid=");
            for byte in value.bytes() {
                write!(query, "%{byte:02X}").unwrap();
            }
            prop_assert_eq!(Query::parse(&query).sid, Some(Cow::from(value)));
        }
    }
}
