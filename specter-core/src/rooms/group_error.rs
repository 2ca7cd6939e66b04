//! [`GroupError`]: the error of a subscription to a group.

/// Why a socket could not subscribe to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// The socket has disconnected.
    #[error("the socket has disconnected")]
    Disconnected,
    /// The socket has already subscribed to `groups_per_socket` groups.
    #[error("the socket is in {0} groups, which is the most that one socket may join")]
    TooManyGroups(usize),
    /// The name has more than `group_name` bytes.
    #[error("a group's name must not have more than {0} bytes")]
    NameTooLong(usize),
}

impl GroupError {
    /// A stable name of the error, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Disconnected => "group_disconnected",
            Self::TooManyGroups(_) => "group_too_many",
            Self::NameTooLong(_) => "group_name_too_long",
        }
    }
}
