//! `&str` parameters: text that borrows from the packet.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// `&str` and `Cow<str>` parameters are decoded as this type. It borrows the text from the packet
/// if the text contains no escapes. If serde decoded a `Cow` itself, it would always copy the text.
#[derive(Debug)]
pub struct Text<'a>(Cow<'a, str>);

impl<'a> Text<'a> {
    /// The text, borrowed or owned.
    pub fn into_cow(self) -> Cow<'a, str> {
        self.0
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor).map(Self)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text))
    }
}

#[cfg(test)]
mod tests {
    use super::Text;
    use std::borrow::Cow;

    #[test]
    fn text_without_escapes_is_borrowed() {
        let read = |json| serde_json::from_str::<Text<'_>>(json).map(Text::into_cow);
        assert!(matches!(read(r#""plain""#), Ok(Cow::Borrowed("plain"))));
        assert!(matches!(read(r#""a\nb""#), Ok(Cow::Owned(text)) if text == "a\nb"));
        let error = read("1").unwrap_err().to_string();
        assert!(error.contains("expected a string"), "{error}");
    }
}
