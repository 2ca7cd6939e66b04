//! The lines that the framework writes to the log while a test runs on this thread.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;

#[derive(Clone, Debug)]
pub struct Line {
    pub level: Level,
    pub target: String,
    /// The message and then each field as `name=value`, as a subscriber prints them.
    pub text: String,
}

/// Collects the lines of this thread until it is dropped.
pub struct Lines {
    kept: Arc<Mutex<Vec<Line>>>,
    _guard: DefaultGuard,
}

impl Lines {
    pub fn capture() -> Self {
        // With one subscriber in the process, `tracing` asks that of the thread that comes first to
        // a line whether anybody wants it, which may be a thread of another test, without any.
        static ANOTHER: OnceLock<Dispatch> = OnceLock::new();
        ANOTHER.get_or_init(|| Dispatch::new(Registry::default()));
        let kept = Arc::<Mutex<Vec<Line>>>::default();
        let subscriber = Registry::default().with(Keep(kept.clone()));
        Self {
            kept,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    /// Those of the framework so far.
    pub fn all(&self) -> Vec<Line> {
        let kept = self.kept.lock().unwrap();
        let own = |line: &&Line| line.target.starts_with("specter");
        kept.iter().filter(own).cloned().collect()
    }

    /// Those at INFO and above, which are written by default.
    pub fn shown(&self) -> Vec<Line> {
        let mut lines = self.all();
        lines.retain(|line| line.level <= Level::INFO);
        lines
    }

    /// Those shown that have a text.
    pub fn with(&self, text: &str) -> Vec<Line> {
        let mut lines = self.shown();
        lines.retain(|line| line.text.contains(text));
        lines
    }
}

struct Keep(Arc<Mutex<Vec<Line>>>);

impl<S: Subscriber> Layer<S> for Keep {
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
    /// As it is: whoever writes a peer's text must not rely on a subscriber that escapes it.
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
