//! The subscriber that `App::listen` installs if the program has installed none: without one, all
//! log lines are lost.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, fmt, registry};

/// The lines that are written if the environment variable `RUST_LOG` is not set.
const DEFAULT_FILTER: &str = "warn,specter=info";

/// Installs a subscriber for the whole process that writes to stderr, unless there is one. The
/// environment variable `RUST_LOG` selects other lines: `RUST_LOG=specter=debug,info`.
pub(crate) fn install() {
    if tracing::dispatcher::has_been_set() {
        return;
    }
    let selected = std::env::var("RUST_LOG").ok();
    let (filter, invalid) = match selected.as_deref().map(str::parse::<Targets>) {
        Some(Ok(filter)) => (filter, None),
        Some(Err(error)) => (default_filter(), Some(error)),
        None => (default_filter(), None),
    };
    let lines = fmt::layer()
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .with_filter(filter);
    // An error says that another thread has installed one meanwhile, which is as good.
    let _ = tracing::subscriber::set_global_default(registry().with(lines));
    if let Some(error) = invalid {
        tracing::warn!(
            target: "specter::engine", %error, default = DEFAULT_FILTER,
            "`RUST_LOG` cannot be read: write it as `specter=debug,info`"
        );
    }
}

fn default_filter() -> Targets {
    DEFAULT_FILTER.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::default_filter;

    #[test]
    fn the_default_is_warnings_and_the_frameworks_own_lines() {
        let filter = default_filter();
        assert!(filter.would_enable("specter::engine", &Level::INFO));
        assert!(!filter.would_enable("specter::engine", &Level::DEBUG));
        assert!(filter.would_enable("hyper", &Level::WARN));
        assert!(!filter.would_enable("hyper", &Level::INFO));
    }
}
