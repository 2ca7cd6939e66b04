//! The path to a decoding error inside an argument, and the error's text without the client's data.
//!
//! `serde_json` reports a line and a column. The path is computed from them only after an error, so
//! that decoding valid arguments costs nothing.

use crate::socketio::error::ArgumentError;

/// The longest path or message, in bytes. Longer ones are cut, because they are put into
/// acknowledgements and logs.
const MAX_LENGTH: usize = 200;

/// The error of the argument `text` at `index`. `end` is the index at which the rejected value
/// ends. If it is `None`, the position in `serde_json`'s error is used.
pub(in crate::socketio) fn invalid(
    index: usize,
    text: &str,
    error: &serde_json::Error,
    end: Option<usize>,
) -> ArgumentError {
    let offset = end.or_else(|| byte_offset(text, error));
    let path = offset.map_or_else(String::new, |offset| path_at(text, offset));
    ArgumentError::Invalid {
        index,
        path: shorten(path),
        message: shorten(message(error)),
    }
}

/// The index in `text` to which the error's line and column refer.
fn byte_offset(text: &str, error: &serde_json::Error) -> Option<usize> {
    let lines_before = error.line().checked_sub(1)?;
    let lines = text.split_inclusive('\n').take(lines_before);
    let len_before: usize = lines.map(str::len).sum();
    Some(len_before + error.column())
}

/// The error's message without its position.
pub(in crate::socketio) fn without_position(error: &serde_json::Error) -> String {
    let mut message = error.to_string();
    if error.line() > 0 {
        message.truncate(message.rfind(" at line ").unwrap_or(message.len()));
    }
    message
}

/// The error's message without its position and without the client's value: instead of `invalid
/// type: string "…", expected u32` it is `invalid type: string, expected u32`.
fn message(error: &serde_json::Error) -> String {
    let message = without_position(error);
    let Some(expected) = message.rfind(", expected ") else {
        return message;
    };
    let (found, expected) = message.split_at(expected);
    let kinds = ["invalid type: ", "invalid value: ", "unknown variant "];
    if !kinds.iter().any(|kind| found.starts_with(kind)) {
        return message;
    }
    match found.find(['"', '`']) {
        Some(value) => format!("{}{expected}", found[..value].trim_end()),
        None => message,
    }
}

fn shorten(mut text: String) -> String {
    if text.len() > MAX_LENGTH {
        let end = (0..=MAX_LENGTH).rev().find(|&at| text.is_char_boundary(at));
        text.truncate(end.unwrap_or_default());
        text.push('…');
    }
    text
}

/// An object or array that contains the current index.
enum Level<'a> {
    Object { key: &'a str },
    Array { index: usize },
}

/// The path of the innermost value that begins at or before `offset` and ends at or after it.
/// `text` must be valid JSON, and is read once, up to the offset.
fn path_at(text: &str, offset: usize) -> String {
    let mut levels: Vec<Level<'_>> = Vec::new();
    let mut key = None;
    let mut rest = text.bytes().enumerate();
    while let Some((at, byte)) = rest.next() {
        match byte {
            b'{' | b'[' if at >= offset => break,
            b'{' => levels.push(Level::Object { key: "" }),
            b'[' => levels.push(Level::Array { index: 0 }),
            b'}' | b']' => {
                levels.pop();
                if at + 1 >= offset {
                    break;
                }
            }
            b',' => match levels.last_mut() {
                Some(Level::Array { index }) => *index += 1,
                Some(Level::Object { key }) => *key = "",
                None => {}
            },
            b':' => {
                if let (Some(Level::Object { key: slot }), Some(key)) = (levels.last_mut(), key) {
                    *slot = key;
                }
            }
            b'"' => {
                let mut end = at + 1;
                while let Some((next, byte)) = rest.next() {
                    end = next;
                    match byte {
                        b'\\' => drop(rest.next()),
                        b'"' => break,
                        _ => {}
                    }
                }
                if end + 1 >= offset {
                    break;
                }
                key = text.get(at + 1..end);
            }
            b' ' | b'\n' | b'\t' | b'\r' => {}
            // The offset is inside a number, `true`, `false` or `null`.
            _ if at + 1 >= offset => break,
            _ => {}
        }
    }
    let mut path = String::new();
    for level in levels {
        if path.len() > MAX_LENGTH {
            break;
        }
        match level {
            Level::Object { key: "" } => {}
            Level::Object { key } if path.is_empty() => path.push_str(key),
            Level::Object { key } => {
                path.push('.');
                path.push_str(key);
            }
            Level::Array { index } => {
                path.push('[');
                path.push_str(&index.to_string());
                path.push(']');
            }
        }
    }
    path
}
