//! What a case reports, and the window in which it is measured.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::process::Process;

/// The server under load.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its process.
    pub process: Process,
}

/// What one run of a case came to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Figures {
    /// Messages, deliveries or connects in the window.
    pub count: u64,
    /// The window, in seconds.
    pub seconds: f64,
    /// CPU time of the server for each of them, in microseconds, user and system.
    pub cpu_us: f64,
    /// The load generator's own.
    pub load_cpu_us: f64,
    /// Of them in a second.
    pub per_second: f64,
    /// Times that the server went to sleep, for each of them.
    pub sleeps: f64,
    /// Latency, in microseconds.
    pub p50_us: f64,
    /// Latency, in microseconds.
    pub p99_us: f64,
    /// Latency, in microseconds.
    pub p999_us: f64,
    /// Bytes of server memory for each connection, once they idle (only where memory is the case).
    pub idle_bytes: f64,
    /// The same after a burst of traffic.
    pub after_burst_bytes: f64,
}

/// Warm-up, then a window of time whose beginning and end are taken from the kernel's accounts.
pub(super) struct Window {
    target: Target,
    opens: Instant,
    closes: Instant,
    start: Option<Start>,
    count: u64,
    latencies: Histogram<u64>,
}

struct Start {
    at: Instant,
    cpu: Duration,
    own_cpu: Duration,
    switches: u64,
}

impl Window {
    pub(super) fn new(target: Target, warm_up: Duration, length: Duration) -> io::Result<Self> {
        let opens = Instant::now() + warm_up;
        Ok(Self {
            target,
            opens,
            closes: opens + length,
            start: None,
            count: 0,
            latencies: Histogram::new_with_bounds(1, 60_000_000_000, 3)
                .map_err(io::Error::other)?,
        })
    }

    /// Whether the case goes on. To be asked after each batch of events.
    pub(super) fn is_open(&mut self, now: Instant) -> io::Result<bool> {
        if self.start.is_none() && now >= self.opens {
            self.start = Some(Start {
                at: now,
                cpu: self.target.process.cpu()?,
                own_cpu: Process(std::process::id()).cpu()?,
                switches: self.target.process.voluntary_switches()?,
            });
        }
        Ok(now < self.closes)
    }

    /// Counts a message that was answered (or arrived) after so long.
    pub(super) fn record(&mut self, latency: Duration) {
        if self.start.is_some() {
            self.count += 1;
            let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
            self.latencies.saturating_record(nanos);
        }
    }

    pub(super) fn close(self) -> io::Result<Figures> {
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
        let quantile = |quantile| self.latencies.value_at_quantile(quantile) as f64 / 1e3;
        Ok(Figures {
            count: self.count,
            seconds,
            cpu_us: cpu.as_secs_f64() * 1e6 / count,
            load_cpu_us: own_cpu.as_secs_f64() * 1e6 / count,
            per_second: self.count as f64 / seconds,
            sleeps: switches as f64 / count,
            p50_us: quantile(0.5),
            p99_us: quantile(0.99),
            p999_us: quantile(0.999),
            ..Figures::default()
        })
    }
}
