//! Limits the number of log lines of one kind within a minute.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// The most lines of one kind within [`WINDOW`].
const LINES: u32 = 10;

const WINDOW: Duration = Duration::from_secs(60);

/// The most keys with a limit of their own. Further keys share one.
const MAX_KEYS: usize = 256;

/// The limit of one kind of lines.
#[derive(Debug)]
pub struct LogLimit(Mutex<Window>);

/// The limits of one kind of lines for several keys. Keys are texts of the program, never of peers.
#[derive(Debug)]
pub struct KeyedLogLimit {
    windows: Mutex<BTreeMap<&'static str, Window>>,
    rest: LogLimit,
}

#[derive(Debug)]
struct Window {
    /// The start of the window. `None` before the first line.
    began: Option<Instant>,
    written: u32,
    left_out: u64,
}

impl LogLimit {
    #[expect(clippy::new_without_default, reason = "used only for statics")]
    pub const fn new() -> Self {
        Self(Mutex::new(Window::new()))
    }

    /// Returns `None` if the line must be left out. Otherwise returns how many lines were left out
    /// since the last written one.
    pub fn pass(&self) -> Option<LeftOut> {
        self.0.lock().pass(Instant::now())
    }
}

impl KeyedLogLimit {
    #[expect(clippy::new_without_default, reason = "used only for statics")]
    pub const fn new() -> Self {
        Self {
            windows: Mutex::new(BTreeMap::new()),
            rest: LogLimit::new(),
        }
    }

    /// Returns `None` if the line with this key must be left out. Otherwise returns how many lines
    /// with the key were left out since the last written one.
    pub fn pass(&self, key: &'static str) -> Option<LeftOut> {
        let mut windows = self.windows.lock();
        if !windows.contains_key(key) && windows.len() >= MAX_KEYS {
            drop(windows);
            return self.rest.pass();
        }
        let window = windows.entry(key).or_insert_with(Window::new);
        window.pass(Instant::now())
    }
}

/// How many lines were left out. `None` if there were none.
pub type LeftOut = Option<u64>;

impl Window {
    const fn new() -> Self {
        Self {
            began: None,
            written: 0,
            left_out: 0,
        }
    }

    fn pass(&mut self, now: Instant) -> Option<LeftOut> {
        // A time before the start comes from the clock of another runtime, in tests.
        let goes_on = self.began.is_some_and(|began| {
            now.checked_duration_since(began)
                .is_some_and(|age| age < WINDOW)
        });
        if !goes_on {
            self.began = Some(now);
            self.written = 0;
        }
        if self.written >= LINES {
            self.left_out = self.left_out.saturating_add(1);
            return None;
        }
        self.written += 1;
        let left_out = std::mem::take(&mut self.left_out);
        Some((left_out > 0).then_some(left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyedLogLimit, LINES, LogLimit, MAX_KEYS, WINDOW};

    fn passed(count: usize, mut pass: impl FnMut() -> bool) -> u32 {
        (0..count).map(|_| u32::from(pass())).sum()
    }

    #[tokio::test(start_paused = true)]
    async fn some_lines_pass_in_a_minute_and_the_next_says_how_many_did_not() {
        let limit = LogLimit::new();
        assert_eq!(limit.pass(), Some(None));
        assert_eq!(passed(100, || limit.pass().is_some()), LINES - 1);
        tokio::time::advance(WINDOW / 2).await;
        assert_eq!(limit.pass(), None);
        tokio::time::advance(WINDOW / 2).await;
        assert_eq!(limit.pass(), Some(Some(u64::from(100 + 1 - (LINES - 1)))));
        assert_eq!(limit.pass(), Some(None));
    }

    #[tokio::test(start_paused = true)]
    async fn keys_are_counted_apart_up_to_a_bound() {
        let limit = KeyedLogLimit::new();
        assert_eq!(passed(100, || limit.pass("a").is_some()), LINES);
        assert_eq!(passed(100, || limit.pass("b").is_some()), LINES);
        let keys = (0..3 * MAX_KEYS).map(|n| &*n.to_string().leak());
        let keys: Vec<&'static str> = keys.collect();
        for key in &keys {
            limit.pass(key);
        }
        assert_eq!(limit.windows.lock().len(), MAX_KEYS);
        tokio::time::advance(WINDOW).await;
        let last = &keys[2 * MAX_KEYS..];
        let mut others = last.iter().cycle();
        let together = passed(100, || {
            others.next().is_some_and(|key| limit.pass(key).is_some())
        });
        assert_eq!(together, LINES, "those over the bound share one limit");
    }
}
