//! The window in which a case is measured, and the figures that it reports.

use std::io::{self, Lines, StdinLock, StdoutLock, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::waiting::Waiting;
use crate::process::Process;

/// The server under load.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The address that it listens on.
    pub address: SocketAddr,
    /// Its process.
    pub process: Process,
}

/// The figures of one window.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Figures {
    /// The number of messages, deliveries or connects in the window.
    pub count: u64,
    /// The length of the window in seconds.
    pub seconds: f64,
    /// The CPU time of the server for each message, delivery or connect, user and system, in
    /// microseconds.
    pub cpu_us: f64,
    /// The CPU time of the load generator for each message, delivery or connect, in microseconds.
    pub load_cpu_us: f64,
    /// The number of messages, deliveries or connects in a second.
    pub per_second: f64,
    /// How often the server went to sleep, for each message, delivery or connect.
    pub sleeps: f64,
    /// The median latency in all windows so far, in microseconds.
    pub p50_us: f64,
    /// The 99th percentile of the latency in all windows so far, in microseconds.
    pub p99_us: f64,
    /// The 99.9th percentile of the latency in all windows so far, in microseconds.
    pub p999_us: f64,
    /// The server's memory in bytes for each idle connection (only in the case of memory).
    pub idle_bytes: f64,
    /// The server's memory in bytes for each idle connection after a burst of traffic.
    pub after_burst_bytes: f64,
    /// The connections that the server closed during the load (only in the case of slow clients).
    pub closed_connections: u64,
}

/// What the load generator prints when its clients are connected.
pub const READY: &str = "ready";

/// The requested windows. A line of standard input (seconds of warm-up, seconds of the window)
/// requests a window. A line of standard output then has its [`Figures`]. Between two windows the
/// load neither sends nor reads.
pub struct Windows {
    target: Target,
    waiting: Waiting,
    requests: Lines<StdinLock<'static>>,
    answers: StdoutLock<'static>,
    is_ready: bool,
    /// The latencies of all windows so far.
    latencies: Histogram<u64>,
}

impl Windows {
    /// Prepares to read the requests for windows in which this server is under load.
    pub fn new(target: Target, waiting: Waiting) -> io::Result<Self> {
        Ok(Self {
            target,
            waiting,
            requests: io::stdin().lines(),
            answers: io::stdout().lock(),
            is_ready: false,
            latencies: histogram()?,
        })
    }

    pub(super) fn target(&self) -> Target {
        self.target
    }

    pub(super) fn waiting(&self) -> Waiting {
        self.waiting
    }

    /// Waits for the next request. Before the first request, prints that the load is ready. `None`
    /// at the end of the input.
    pub(super) fn next(&mut self) -> io::Result<Option<Window>> {
        if !self.is_ready {
            self.is_ready = true;
            self.print_line(READY)?;
        }
        let Some(request) = self.requests.next().transpose()? else {
            return Ok(None);
        };
        let seconds = |word: Option<&str>| {
            let seconds = word.and_then(|word| word.parse().ok());
            seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        };
        let mut words = request.split(' ');
        match (seconds(words.next()), seconds(words.next())) {
            (Some(warm_up), Some(length)) => Window::new(self.target, warm_up, length).map(Some),
            _ => Err(io::Error::other(format!(
                "`{request}` must be two numbers of seconds"
            ))),
        }
    }

    pub(super) fn close(&mut self, window: Window) -> io::Result<()> {
        let mut figures = window.close(&mut self.latencies)?;
        let quantile = |quantile| self.latencies.value_at_quantile(quantile) as f64 / 1e3;
        figures.p50_us = quantile(0.5);
        figures.p99_us = quantile(0.99);
        figures.p999_us = quantile(0.999);
        self.report(&figures)
    }

    pub(super) fn report(&mut self, figures: &Figures) -> io::Result<()> {
        self.print_line(&serde_json::to_string(figures)?)
    }

    fn print_line(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.answers, "{line}")?;
        self.answers.flush()
    }
}

/// A histogram of nanoseconds.
fn histogram() -> io::Result<Histogram<u64>> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).map_err(io::Error::other)
}

/// A warm-up, and then a window. The kernel's accounting is read at its start and at its end.
pub(super) struct Window {
    target: Target,
    opens: Instant,
    length: Duration,
    start: Option<Start>,
    count: u64,
    closed_connections: u64,
    latencies: Histogram<u64>,
}

struct Start {
    at: Instant,
    cpu: Duration,
    own_cpu: Duration,
    switches: u64,
}

impl Window {
    fn new(target: Target, warm_up: Duration, length: Duration) -> io::Result<Self> {
        Ok(Self {
            target,
            opens: Instant::now() + warm_up,
            length,
            start: None,
            count: 0,
            closed_connections: 0,
            latencies: histogram()?,
        })
    }

    /// The length of the window.
    pub(super) fn length(&self) -> Duration {
        self.length
    }

    /// Whether the window is still open. Call it after each batch of events.
    pub(super) fn is_open(&mut self, now: Instant) -> io::Result<bool> {
        if self.start.is_none() && now >= self.opens {
            self.open(now)?;
        }
        let start = self.start.as_ref();
        Ok(start.is_none_or(|start| now < start.at + self.length))
    }

    /// Opens the window, even if the warm-up has not ended.
    pub(super) fn open(&mut self, now: Instant) -> io::Result<()> {
        self.start = Some(Start {
            at: now,
            cpu: self.target.process.cpu()?,
            own_cpu: Process(std::process::id()).cpu()?,
            switches: self.target.process.voluntary_switches()?,
        });
        Ok(())
    }

    /// Counts a message with this latency.
    pub(super) fn record(&mut self, latency: Duration) {
        if self.start.is_some() {
            self.count += 1;
            let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
            self.latencies.saturating_record(nanos);
        }
    }

    /// Records how many connections the server closed.
    pub(super) fn set_closed_connections(&mut self, count: usize) {
        self.closed_connections = count as u64;
    }

    /// Closes the window. Returns its figures, and adds its latencies to `latencies`.
    fn close(self, latencies: &mut Histogram<u64>) -> io::Result<Figures> {
        let Some(start) = self.start else {
            return Err(io::Error::other("the window never opened"));
        };
        let cpu = self.target.process.cpu()?.saturating_sub(start.cpu);
        let own_cpu = Process(std::process::id())
            .cpu()?
            .saturating_sub(start.own_cpu);
        let switches = self.target.process.voluntary_switches()? - start.switches;
        let seconds = start.at.elapsed().as_secs_f64();
        let count = self.count.max(1) as f64;
        latencies.add(&self.latencies).map_err(io::Error::other)?;
        Ok(Figures {
            count: self.count,
            seconds,
            cpu_us: cpu.as_secs_f64() * 1e6 / count,
            load_cpu_us: own_cpu.as_secs_f64() * 1e6 / count,
            per_second: self.count as f64 / seconds,
            sleeps: switches as f64 / count,
            closed_connections: self.closed_connections,
            ..Figures::default()
        })
    }
}
