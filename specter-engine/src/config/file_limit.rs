//! How many connections the process's limit of open files has room for.

/// Files that are left for everything but connections: listeners, logs, databases.
const RESERVED: usize = 128;

/// How many connections there may be, as far as open files bound them; `None` where nothing is
/// known of such a limit.
#[cfg(unix)]
pub(crate) fn connections() -> Option<usize> {
    use rustix::process::{Resource, getrlimit};

    // Unlimited is no limit.
    let files = usize::try_from(getrlimit(Resource::Nofile).current?).ok()?;
    Some(files.saturating_sub(RESERVED).max(1))
}

/// How many connections there may be, as far as open files bound them; `None` where nothing is
/// known of such a limit.
#[cfg(not(unix))]
pub(crate) fn connections() -> Option<usize> {
    None
}
