//! The limits of rooms and groups, as plain values. The hub and the groups enforce them.

use specter_engine::ConfigError;

/// The limits of rooms. `AppBuilder::rooms` changes them. A limit of zero is an error at start.
///
/// ```
/// use specter_core::rooms::RoomLimits;
///
/// let limits = RoomLimits::default().rooms_per_socket(16).room_name(64);
/// # let _ = limits;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RoomLimits {
    pub(super) rooms_per_socket: usize,
    pub(super) room_name: usize,
}

impl Default for RoomLimits {
    fn default() -> Self {
        Self {
            rooms_per_socket: 1024,
            room_name: 256,
        }
    }
}

impl RoomLimits {
    /// How many rooms one socket may join, in addition to the room of its own id. Default: 1,024. A
    /// further `join` fails with [`JoinError::TooManyRooms`](super::JoinError::TooManyRooms).
    pub fn rooms_per_socket(mut self, rooms: usize) -> Self {
        self.rooms_per_socket = rooms;
        self
    }

    /// How many bytes the name of a room may have. Default: 256. A `join` with a longer name fails
    /// with [`JoinError::NameTooLong`](super::JoinError::NameTooLong).
    pub fn room_name(mut self, bytes: usize) -> Self {
        self.room_name = bytes;
        self
    }

    /// An error for each limit that is zero, because no socket could join anything.
    pub(crate) fn faults(&self) -> Vec<ConfigError> {
        let limits = [
            ("rooms_per_socket", self.rooms_per_socket),
            ("room_name", self.room_name),
        ];
        let zero = limits.into_iter().filter(|(_, limit)| *limit == 0);
        zero.map(|(setting, _)| ConfigError::ZeroLimit { setting })
            .collect()
    }
}

/// The limits of groups. `AppBuilder::groups` changes them. A limit of zero is an error at start.
///
/// ```
/// use specter_core::rooms::GroupLimits;
///
/// let limits = GroupLimits::default().groups_per_socket(16).group_name(64);
/// # let _ = limits;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct GroupLimits {
    pub(super) groups_per_socket: usize,
    pub(super) group_name: usize,
}

impl Default for GroupLimits {
    fn default() -> Self {
        Self {
            groups_per_socket: 1024,
            group_name: 256,
        }
    }
}

impl GroupLimits {
    /// How many groups one socket may subscribe to. Default: 1,024. A further `subscribe` fails
    /// with [`GroupError::TooManyGroups`](super::GroupError::TooManyGroups).
    pub fn groups_per_socket(mut self, groups: usize) -> Self {
        self.groups_per_socket = groups;
        self
    }

    /// How many bytes the name of a group may have. Default: 256. A `subscribe` with a longer name
    /// fails with [`GroupError::NameTooLong`](super::GroupError::NameTooLong).
    pub fn group_name(mut self, bytes: usize) -> Self {
        self.group_name = bytes;
        self
    }

    /// An error for each limit that is zero, because no socket could join anything.
    pub(crate) fn faults(&self) -> Vec<ConfigError> {
        let limits = [
            ("groups_per_socket", self.groups_per_socket),
            ("group_name", self.group_name),
        ];
        let zero = limits.into_iter().filter(|(_, limit)| *limit == 0);
        zero.map(|(setting, _)| ConfigError::ZeroLimit { setting })
            .collect()
    }
}
