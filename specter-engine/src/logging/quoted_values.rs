//! Removes the values that serde quotes in error texts.

use std::borrow::Cow;

/// The beginnings of serde's messages that quote a value.
const QUOTING: [&str; 5] = [
    "invalid type: ",
    "invalid value: ",
    "invalid length ",
    "unknown variant ",
    "unknown field ",
];

const EXPECTED: &str = ", expected ";

/// The text without the values that serde quotes in it.
pub fn without_values(text: &str) -> Cow<'_, str> {
    let quotes = QUOTING
        .iter()
        .filter_map(|opening| Some(text.find(opening)? + opening.len()));
    let Some(begin) = quotes.min() else {
        return text.into();
    };
    let (kept, rest) = text.split_at(begin);
    // The value itself may contain these words: their last occurrence ends it.
    let after = [EXPECTED, " at line "]
        .iter()
        .find_map(|words| Some(&rest[rest.rfind(words)?..]));
    format!("{kept}…{}", after.unwrap_or_default()).into()
}

/// The part of a message of serde that names the expected value. `None` for other messages, which
/// may contain anything there.
pub fn expectation(message: &str) -> Option<&str> {
    let is_own = QUOTING.iter().any(|opening| message.starts_with(opening));
    let at = message.rfind(EXPECTED).filter(|_| is_own)?;
    let expected = message.get(at + ", ".len()..)?;
    // If a quoted value contains these words, the closing quote follows them. An expectation quotes
    // names in pairs.
    let is_whole = |quote| expected.matches(quote).count() % 2 == 0;
    (is_whole('"') && is_whole('`')).then_some(expected)
}

#[cfg(test)]
mod tests {
    use super::without_values;

    #[test]
    fn values_that_serde_quotes_are_removed_from_other_texts() {
        for (text, shown) in [
            ("nothing to hide", "nothing to hide"),
            (
                "bad: invalid type: string \"canary, expected x\", expected u32 at line 1 column 9",
                "bad: invalid type: …, expected u32 at line 1 column 9",
            ),
            ("invalid value: canary", "invalid value: …"),
        ] {
            assert_eq!(without_values(text), shown);
        }
    }
}
