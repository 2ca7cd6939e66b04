//! Bounds on groups: plain values, which the membership keeps to.

use specter_engine::ConfigError;

/// Bounds on groups, changed through `AppBuilder::groups`.
///
/// ```
/// use specter_core::groups::GroupLimits;
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
