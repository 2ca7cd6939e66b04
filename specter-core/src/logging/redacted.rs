//! Errors about data that a peer sent, without the data.
//!
//! serde's messages quote what came: `invalid type: string "a token", expected u32`. A line says
//! what was expected and where, never what came.

use std::error::Error;
use std::fmt::Write;

use serde_json::error::Category;
use specter_engine::logging::expectation;
use specter_proto::socketio::ArgumentError;

/// An error with what caused it, in one text. Of errors about a peer's data, which are known by
/// their type, only the kind and the place are kept.
pub(crate) fn described(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&one(error));
        next = error.source();
    }
    text
}

fn one(error: &(dyn Error + 'static)) -> String {
    if let Some(error) = error.downcast_ref::<serde_json::Error>() {
        return of_json(error);
    }
    match error.downcast_ref::<ArgumentError>() {
        Some(ArgumentError::Invalid {
            index,
            path,
            message,
        }) => {
            let mut text = format!("argument {index}");
            if !path.is_empty() {
                // The path consists of the payload's own keys.
                text.push_str(", inside of it");
            }
            let what = expectation(message).unwrap_or("is not what was expected");
            let _ = write!(text, ": {what}");
            text
        }
        _ => error.to_string(),
    }
}

/// A JSON error: its category, its place, and what was expected where serde says so in its own
/// words.
fn of_json(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        Category::Io => "input or output failed",
        Category::Syntax => "no JSON",
        Category::Data => "JSON of another shape",
        Category::Eof => "JSON that breaks off",
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

    use super::described;

    const SECRET: &str = "canary, expected canary at line 7";

    #[derive(Debug, thiserror::Error)]
    #[error("the settings are broken")]
    struct Outer(#[source] serde_json::Error);

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Known {
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
    fn json_errors_are_told_without_the_value() {
        let quoted = serde_json::to_string(SECRET).unwrap();
        for error in [
            failed::<u32>(&quoted),
            failed::<Known>(&format!("{{{quoted}:1}}")),
            failed::<Known>(&format!(r#"{{"kind":{quoted}}}"#)),
            serde_json::Error::custom(SECRET),
        ] {
            for text in [described(&error), described(&Outer(error))] {
                assert!(!text.contains("canary"), "{text}");
            }
        }
        let column = quoted.len();
        assert_eq!(
            described(&failed::<u32>(&quoted)),
            format!("JSON of another shape at line 1 column {column}, expected u32")
        );
        assert!(described(&Outer(failed::<u32>("{"))).starts_with("the settings are broken: "));
    }

    #[test]
    fn argument_errors_are_told_with_their_place_and_without_the_value() {
        let error = |message: String| ArgumentError::Invalid {
            index: 2,
            path: "user.tags[0]".to_owned(),
            message,
        };
        let own = error(format!("invalid type: string \"{SECRET}\", expected u32"));
        assert_eq!(described(&own), "argument 2, inside of it: expected u32");
        let custom = described(&error(SECRET.to_owned()));
        assert_eq!(custom, "argument 2, inside of it: is not what was expected");
    }
}
