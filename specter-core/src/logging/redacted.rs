//! Describes errors about data that a peer sent, without the data.
//!
//! serde's messages quote the received value: `invalid type: string "a token", expected u32`. The
//! log must not contain that value. The descriptions here state only what was expected, and where.

use std::error::Error;
use std::fmt::Write;

use serde_json::error::Category;
use specter_engine::logging::expectation;
use specter_proto::socketio::ArgumentError;

/// Describes an error and its chain of causes in one text. Errors about a peer's data are
/// recognized by their type; only their kind, their place and the expectation are described.
pub(crate) fn describe_redacted(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&describe_one(error));
        next = error.source();
    }
    text
}

/// Describes an error without its causes.
fn describe_one(error: &(dyn Error + 'static)) -> String {
    if let Some(error) = error.downcast_ref::<serde_json::Error>() {
        return describe_json(error);
    }
    match error.downcast_ref::<ArgumentError>() {
        Some(ArgumentError::Invalid {
            index,
            path,
            message,
        }) => {
            let mut text = format!("argument {index}");
            if !path.is_empty() {
                // The path itself is left out: it consists of keys that the peer sent.
                text.push_str(", inside of it");
            }
            let expectation = expectation(message).unwrap_or("another value was expected");
            let _ = write!(text, ": {expectation}");
            text
        }
        _ => error.to_string(),
    }
}

/// Describes a JSON error: its category, its place and, if the message is one of serde's own, what
/// was expected.
fn describe_json(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        Category::Io => "input or output failed",
        Category::Syntax => "invalid JSON",
        Category::Data => "JSON of another shape",
        Category::Eof => "incomplete JSON",
    };
    let mut text = kind.to_owned();
    if error.line() > 0 {
        let (line, column) = (error.line(), error.column());
        let _ = write!(text, " at line {line} column {column}");
    }
    let message = error.to_string();
    if let Some(expected) = expectation(&message) {
        let expected = expected
            .rsplit_once(" at line ")
            .map_or(expected, |(e, _)| e);
        let _ = write!(text, ", {expected}");
    }
    text
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde::de::Error as _;
    use specter_proto::socketio::ArgumentError;

    use super::describe_redacted;

    const SECRET: &str = "canary, expected canary at line 7";

    #[derive(Debug, thiserror::Error)]
    #[error("the settings are broken")]
    struct Outer(#[source] serde_json::Error);

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Payload {
        #[expect(dead_code)]
        kind: Option<Kind>,
    }

    #[derive(Debug, Deserialize)]
    enum Kind {
        One,
    }

    fn failed<T: for<'a> Deserialize<'a> + std::fmt::Debug>(json: &str) -> serde_json::Error {
        serde_json::from_str::<T>(json).unwrap_err()
    }

    #[test]
    fn json_errors_are_described_without_the_value() {
        let quoted = serde_json::to_string(SECRET).unwrap();
        for error in [
            failed::<u32>(&quoted),
            failed::<Payload>(&format!("{{{quoted}:1}}")),
            failed::<Payload>(&format!(r#"{{"kind":{quoted}}}"#)),
            serde_json::Error::custom(SECRET),
        ] {
            for text in [describe_redacted(&error), describe_redacted(&Outer(error))] {
                assert!(!text.contains("canary"), "{text}");
            }
        }
        let column = quoted.len();
        assert_eq!(
            describe_redacted(&failed::<u32>(&quoted)),
            format!("JSON of another shape at line 1 column {column}, expected u32")
        );
        assert!(
            describe_redacted(&Outer(failed::<u32>("{"))).starts_with("the settings are broken: ")
        );
    }

    #[test]
    fn argument_errors_are_described_with_their_place_and_without_the_value() {
        let error = |message: String| ArgumentError::Invalid {
            index: 2,
            path: "user.tags[0]".to_owned(),
            message,
        };
        let serde_error = error(format!("invalid type: string \"{SECRET}\", expected u32"));
        assert_eq!(
            describe_redacted(&serde_error),
            "argument 2, inside of it: expected u32"
        );
        let custom = describe_redacted(&error(SECRET.to_owned()));
        assert_eq!(
            custom,
            "argument 2, inside of it: another value was expected"
        );
    }
}
