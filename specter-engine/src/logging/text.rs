//! Texts in a log line: escaped so that they cannot end the line or change its direction, and
//! truncated.

use std::fmt::{self, Display, Formatter, Write};

use crate::logging::quoted_values::without_values;

/// The most bytes of a peer's text that are shown.
const UNTRUSTED: usize = 128;

/// The most bytes of an error's text that are shown.
const ONE_LINE: usize = 2048;

/// A text of a peer, as a log line shows it: control characters, line breaks and direction marks
/// are escaped, and a text longer than 128 bytes is truncated with `…`.
///
/// `Debug` adds quotes, so that the text cannot be mistaken for another field of the line.
#[derive(Clone, Copy)]
pub struct Untrusted<'a>(pub &'a str);

impl Display for Untrusted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_escaped(f, self.0, UNTRUSTED, false)
    }
}

impl fmt::Debug for Untrusted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        write_escaped(f, self.0, UNTRUSTED, true)?;
        f.write_char('"')
    }
}

/// A text of the application that may quote a peer, such as an error's, on one line. Values that
/// serde quotes in its messages are left out.
pub struct OneLine<T>(pub T);

impl<T: Display> Display for OneLine<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        write_escaped(f, &without_values(&text), ONE_LINE, false)
    }
}

fn write_escaped(f: &mut Formatter<'_>, text: &str, max: usize, in_quotes: bool) -> fmt::Result {
    let mut left = max;
    for c in text.chars() {
        let must_escape = is_disruptive(c) || (in_quotes && matches!(c, '"' | '\\'));
        let size = if must_escape {
            c.escape_default().len()
        } else {
            c.len_utf8()
        };
        let Some(rest) = left.checked_sub(size) else {
            return f.write_char('…');
        };
        left = rest;
        if must_escape {
            write!(f, "{}", c.escape_default())?;
        } else {
            f.write_char(c)?;
        }
    }
    Ok(())
}

/// Whether a character ends a line, moves a terminal's cursor, changes the direction of the
/// following text, or is invisible.
fn is_disruptive(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{061c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::{OneLine, Untrusted};

    #[test]
    fn a_peers_text_stays_on_one_line() {
        for (text, shown) in [
            ("chat:message", "chat:message"),
            ("größe ✓", "größe ✓"),
            ("a\nb\r\tc", r"a\nb\r\tc"),
            ("\u{1b}[2J\0\u{7f}\u{85}", r"\u{1b}[2J\u{0}\u{7f}\u{85}"),
            ("\u{2028}\u{2029}", r"\u{2028}\u{2029}"),
            ("\u{202e}abc\u{2066}", r"\u{202e}abc\u{2066}"),
        ] {
            assert_eq!(Untrusted(text).to_string(), shown);
            assert_eq!(OneLine(text).to_string(), shown);
            assert_eq!(format!("{:?}", Untrusted(text)), format!("\"{shown}\""));
        }
        assert_eq!(format!("{:?}", Untrusted(r#"a" b\"#)), r#""a\" b\\""#);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(Untrusted(&"a".repeat(128)).to_string(), "a".repeat(128));
        let cut = format!("{}…", "a".repeat(128));
        assert_eq!(Untrusted(&"a".repeat(129)).to_string(), cut);
        let wide = format!("a{}", "✓".repeat(100));
        let cut = format!("a{}…", "✓".repeat(42));
        assert_eq!(Untrusted(&wide).to_string(), cut);
        let cut = format!("{}…", r"\n".repeat(64));
        assert_eq!(Untrusted(&"\n".repeat(100)).to_string(), cut);
        let long = OneLine("x".repeat(10_000)).to_string();
        assert_eq!(long.len(), 2048 + '…'.len_utf8());
    }
}
