//! How the data of an event begins: nearly always as that of an earlier event of its connection.
//! Then it is compared, not read again.
//!
//! What is remembered was read and checked; no rule of its own stands here.

use crate::socketio::short_eq::short_eq;
use crate::socketio::span::Span;

/// Longer beginnings are not remembered.
const LONGEST: usize = 16;
/// On either side of a name stand two bytes: `["` and `",`.
const BESIDE: usize = 2;

/// `["name",` of the last event that began so, and was so short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::socketio) struct EventPrefixCache {
    bytes: [u8; LONGEST],
    /// Of these so many; 0 while nothing is remembered.
    len: u8,
}

impl EventPrefixCache {
    /// Remembers how the data at `from` begins, whose name was found to be this.
    pub(in crate::socketio) fn remember(&mut self, text: &str, from: usize, name: Span) {
        let len = name.len() + 2 * BESIDE;
        let begins = text.as_bytes().get(from..from + len).unwrap_or_default();
        let is_usual =
            name.start() == from + BESIDE && begins.starts_with(b"[\"") && begins.ends_with(b"\",");
        if let Some(bytes) = self.bytes.get_mut(..len)
            && is_usual
        {
            bytes.copy_from_slice(begins);
            self.len = u8::try_from(len).unwrap_or_default();
        }
    }

    /// The name, and where the first argument is to be looked for, if the data at `from` begins as
    /// remembered.
    #[inline]
    pub(in crate::socketio) fn recognise(&self, text: &str, from: usize) -> Option<(Span, usize)> {
        let len = usize::from(self.len);
        let begins = text.as_bytes().get(from..from + len)?;
        let known = self.bytes.get(..len)?;
        let end = from + len;
        (len > 0 && short_eq(begins, known))
            .then(|| (Span::new(from + BESIDE, end.saturating_sub(BESIDE)), end))
    }
}

#[cfg(test)]
mod tests {
    use super::EventPrefixCache;
    use crate::socketio::span::Span;

    fn remembered(text: &str, name: Span) -> EventPrefixCache {
        let mut usual = EventPrefixCache::default();
        usual.remember(text, 1, name);
        usual
    }

    #[test]
    fn what_was_remembered_is_recognised_at_any_place() {
        for len in 0..=12 {
            let name = "x".repeat(len);
            let text = format!("2[\"{name}\",1]");
            let usual = remembered(&text, Span::new(3, 3 + len));
            let found = usual.recognise(&text, 1);
            assert_eq!(found, Some((Span::new(3, 3 + len), len + 5)));
            let found = usual.recognise(&format!("2345{}", &text[1..]), 4);
            assert_eq!(found, Some((Span::new(6, 6 + len), len + 8)));
            assert_eq!(usual.recognise(&text, 0), None);
            let other = text.replacen('x', "y", 1).replace("\",", "\" ");
            assert_eq!(usual.recognise(&other, 1), None);
            for end in 0..len + 5 {
                assert_eq!(usual.recognise(&text[..end], 1), None);
            }
        }
    }

    #[test]
    fn the_last_one_that_was_short_is_remembered() {
        let mut usual = EventPrefixCache::default();
        for (text, name) in [
            (r#"2["a long one",1]"#, Span::new(3, 13)),
            (r#"2["b",1]"#, Span::new(3, 4)),
        ] {
            usual.remember(text, 1, name);
            assert_eq!(usual.recognise(text, 1), Some((name, name.end() + 2)));
        }
        usual.remember(r#"2["one that is too long",1]"#, 1, Span::new(3, 23));
        assert!(usual.recognise(r#"2["b",1]"#, 1).is_some());
        assert_eq!(usual.recognise(r#"2["a long one",1]"#, 1), None);
    }

    #[test]
    fn nothing_else_is_remembered() {
        for (text, name) in [
            (r#"2["name" ,1]"#, Span::new(3, 7)),
            (r#"2[ "name",1]"#, Span::new(4, 8)),
            (r#"2["name"]"#, Span::new(3, 7)),
            (r"2[17,1]", Span::new(2, 4)),
            (r#"2["thirteenbytes",1]"#, Span::new(3, 16)),
        ] {
            let usual = remembered(text, name);
            assert_eq!(usual, EventPrefixCache::default(), "{text}");
            assert_eq!(usual.recognise(text, 1), None);
        }
    }
}
