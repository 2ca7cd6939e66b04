//! Bounds on rooms and groups: plain values, which the hub and the groups enforce.

use specter_engine::ConfigError;

/// Bounds on rooms, changed through `AppBuilder::rooms`.
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
    /// How many rooms one socket may be in, besides that of its own id. Default: 1,024.
    pub fn rooms_per_socket(mut self, rooms: usize) -> Self {
        self.rooms_per_socket = rooms;
        self
    }

    /// How many bytes a room's name may have. Default: 256.
    pub fn room_name(mut self, bytes: usize) -> Self {
        self.room_name = bytes;
        self
    }

    /// What is wrong with the settings: nobody could join anything.
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

/// Bounds on groups, changed through `AppBuilder::groups`.
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
    /// How many groups one socket may be in. Default: 1,024.
    pub fn groups_per_socket(mut self, groups: usize) -> Self {
        self.groups_per_socket = groups;
        self
    }

    /// How many bytes a group's name may have. Default: 256.
    pub fn group_name(mut self, bytes: usize) -> Self {
        self.group_name = bytes;
        self
    }

    /// What is wrong with the settings: nobody could join anything.
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
