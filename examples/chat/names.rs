//! The values that clients choose. Each is validated when it is parsed, so that the rest of the
//! program need not check it again.

use std::borrow::Borrow;
use std::fmt;

use serde::Serialize;

use crate::error::ChatError;

/// The name of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub(crate) struct Nickname(String);

impl Nickname {
    /// The largest length, in characters.
    pub(crate) const MAX: usize = 24;

    pub(crate) fn parse(text: &str) -> Result<Self, ChatError> {
        match text.trim() {
            "" => Err(ChatError::NicknameEmpty),
            name if name.chars().count() > Self::MAX => Err(ChatError::NicknameTooLong),
            name => Ok(Self(name.to_owned())),
        }
    }
}

/// The name of a room.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub(crate) struct RoomName(String);

impl RoomName {
    /// The largest length, in characters.
    pub(crate) const MAX: usize = 32;

    pub(crate) fn parse(text: &str) -> Result<Self, ChatError> {
        match text.trim() {
            name if (1..=Self::MAX).contains(&name.chars().count()) => Ok(Self(name.to_owned())),
            _ => Err(ChatError::RoomNameInvalid),
        }
    }
}

/// Rooms are looked up by the text that a client sends.
impl Borrow<str> for RoomName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for RoomName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text of a message.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Text(String);

impl Text {
    /// The largest length, in characters.
    pub(crate) const MAX: usize = 2_000;

    pub(crate) fn parse(text: &str) -> Result<Self, ChatError> {
        match text.trim() {
            text if (1..=Self::MAX).contains(&text.chars().count()) => Ok(Self(text.to_owned())),
            _ => Err(ChatError::TextInvalid),
        }
    }
}
