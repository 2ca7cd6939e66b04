//! What the engine logs while a test runs.

use std::cell::RefCell;
use std::fmt::{Debug, Write as _};
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

thread_local! {
    /// One line for each event: the level, then each field as `name=value`.
    static LINES: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Collects the events of this thread, which is the test's, until it is dropped.
pub(crate) struct Log(());

impl Log {
    pub(crate) fn of_this_thread() -> Self {
        // One subscriber for all threads: whether an event is enabled is cached for all of them.
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            let installed = tracing::subscriber::set_global_default(Collector);
            installed.expect("there is no other subscriber");
        });
        LINES.set(Some(Vec::new()));
        Self(())
    }

    /// The lines of this level so far.
    #[expect(
        clippy::unused_self,
        reason = "events are collected only while a `Log` exists"
    )]
    pub(crate) fn lines(&self, level: Level) -> Vec<String> {
        let prefix = format!("{level} ");
        LINES.with_borrow(|lines| {
            let lines = lines.iter().flatten();
            let lines = lines.filter_map(|line| line.strip_prefix(&prefix));
            lines.map(str::to_owned).collect()
        })
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        LINES.set(None);
    }
}

struct Collector;

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "specter::engine"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        LINES.with_borrow_mut(|lines| {
            if let Some(lines) = lines {
                let mut line = Line(event.metadata().level().to_string());
                event.record(&mut line);
                lines.push(line.0);
            }
        });
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let written = write!(self.0, " {}={value:?}", field.name());
        written.expect("writing to a string does not fail");
    }
}
