//! Captures the log lines that the framework writes on the test's thread.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;

/// A log line.
#[derive(Clone, Debug)]
pub struct Line {
    pub level: Level,
    pub target: String,
    /// The message and then each field as `name=value`, as a subscriber prints them.
    pub text: String,
}

/// Collects the log lines of the current thread until it is dropped.
pub struct Lines {
    collected: Arc<Mutex<Vec<Line>>>,
    _guard: DefaultGuard,
}

impl Lines {
    /// Starts to collect the lines.
    pub fn capture() -> Self {
        // While the process has at most one `Dispatch`, `tracing` caches for each log statement
        // whether it is enabled, by asking the subscriber of the thread that first reaches it. That
        // thread may belong to another test, which has no subscriber. A second `Dispatch` prevents
        // this.
        static SECOND_DISPATCH: OnceLock<Dispatch> = OnceLock::new();
        SECOND_DISPATCH.get_or_init(|| Dispatch::new(Registry::default()));
        let collected = Arc::<Mutex<Vec<Line>>>::default();
        let subscriber = Registry::default().with(Collect(collected.clone()));
        Self {
            collected,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    /// The framework's lines so far, of all levels.
    pub fn all(&self) -> Vec<Line> {
        let collected = self.collected.lock().unwrap();
        let is_of_framework = |line: &&Line| line.target.starts_with("specter");
        collected.iter().filter(is_of_framework).cloned().collect()
    }

    /// The framework's lines at INFO and above, which applications show by default.
    pub fn shown(&self) -> Vec<Line> {
        let mut lines = self.all();
        lines.retain(|line| line.level <= Level::INFO);
        lines
    }

    /// The lines at INFO and above that contain this text.
    pub fn with(&self, text: &str) -> Vec<Line> {
        let mut lines = self.shown();
        lines.retain(|line| line.text.contains(text));
        lines
    }
}

struct Collect(Arc<Mutex<Vec<Line>>>);

impl<S: Subscriber> Layer<S> for Collect {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        self.0.lock().unwrap().push(Line {
            level: *event.metadata().level(),
            target: event.metadata().target().to_owned(),
            text: format!("{}{}", text.message, text.fields),
        });
    }
}

#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    /// Writes the value without escapes, because the framework must not rely on a subscriber that
    /// escapes a peer's text.
    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.fields, " {}={value}", field.name());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}
