//! The public id of a socket. Unlike the session id of its connection, it is not secret.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use specter_engine::internals::{ID_LENGTH, random_id};

/// The public id of a [`Socket`](crate::socket::Socket): 20 characters of `A-Z a-z 0-9 - _`, 120
/// random bits.
///
/// It is not secret. Code that knows it can address the socket (`io.to(id)`), but cannot act for
/// it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId([u8; ID_LENGTH]);

impl SocketId {
    /// A random id that cannot be guessed.
    pub(crate) fn random() -> Self {
        Self(random_id().into_bytes())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        // The bytes are always ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SocketId({})", self.as_str())
    }
}

impl AsRef<str> for SocketId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

/// The text is not a socket id: it must have 20 characters of `A-Z a-z 0-9 - _`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a socket id: it must have 20 characters of `A-Z a-z 0-9 - _`")]
pub struct ParseSocketIdError;

impl ParseSocketIdError {
    /// A stable name of the error, for programs.
    pub fn code(&self) -> &'static str {
        "not_a_socket_id"
    }
}

impl FromStr for SocketId {
    type Err = ParseSocketIdError;

    fn from_str(text: &str) -> Result<Self, ParseSocketIdError> {
        let bytes: [u8; ID_LENGTH] = text.as_bytes().try_into().map_err(|_| ParseSocketIdError)?;
        let in_alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if bytes.iter().all(in_alphabet) {
            Ok(Self(bytes))
        } else {
            Err(ParseSocketIdError)
        }
    }
}

impl Serialize for SocketId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for SocketId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_parsed_only_from_the_alphabet() {
        let id = SocketId::random();
        assert_eq!(id.as_str().parse(), Ok(id));
        assert_eq!("too short".parse::<SocketId>(), Err(ParseSocketIdError));
        assert_eq!(
            "aaaaaaaaaaaaaaaaaa,a".parse::<SocketId>(),
            Err(ParseSocketIdError)
        );
    }

    #[test]
    fn many_ids_do_not_collide() {
        let ids: std::collections::HashSet<_> = (0..100_000).map(|_| SocketId::random()).collect();
        assert_eq!(ids.len(), 100_000);
    }
}
