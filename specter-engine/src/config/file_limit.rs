//! The number of connections that the process's limit of open files allows.

/// Files that are reserved for everything but connections: listeners, logs, databases.
const RESERVED: usize = 128;

/// The number of connections that the limit of open files allows. `None` if the system has no such
/// limit.
#[cfg(unix)]
pub(crate) fn connections() -> Option<usize> {
    use rustix::process::{Resource, getrlimit};

    // `None` means unlimited.
    let files = usize::try_from(getrlimit(Resource::Nofile).current?).ok()?;
    Some(files.saturating_sub(RESERVED).max(1))
}

/// The number of connections that the limit of open files allows. `None` if the system has no such
/// limit.
#[cfg(not(unix))]
pub(crate) fn connections() -> Option<usize> {
    None
}
