//! The whole life of connections, and the memory of idle connections.

use std::io;
use std::time::{Duration, Instant};

use super::crowd::Crowd;
use super::measure::{Figures, Target, Windows};
use crate::client::Client;
use crate::wire::{self, TEXT};

/// The case: clients connect, have one event acknowledged, close, and wait until the server has
/// ended the connection. The window therefore includes the tear-down.
#[derive(Clone, Copy, Debug)]
pub struct Connects {
    /// The number of clients.
    pub clients: usize,
    /// How many connect at a time.
    pub at_once: usize,
    /// The number of windows.
    pub windows: usize,
}

/// The case: clients are idle, then all send events for a while, then they are idle again. The
/// length of a window is how long they are idle before memory is measured.
#[derive(Clone, Copy, Debug)]
pub struct Idle {
    /// The number of clients.
    pub clients: usize,
}

/// The number of events that each client sends in the burst.
const BURST: usize = 50;

impl Connects {
    /// Runs the case.
    pub fn run(&self, windows: &mut Windows) -> io::Result<()> {
        let target = windows.target();
        // The work that a server does only once is not measured.
        for _ in 0..50 {
            Client::live(target.address)?;
        }
        std::thread::sleep(Duration::from_millis(200));
        let clients = self.clients / self.windows.max(1);
        while let Some(mut window) = windows.next()? {
            window.open(Instant::now())?;
            let threads: Vec<_> = (0..self.at_once)
                .map(|thread| {
                    let count = (clients + thread) / self.at_once;
                    std::thread::spawn(move || live_some(target, count))
                })
                .collect();
            for thread in threads {
                let lives = thread
                    .join()
                    .map_err(|_| io::Error::other("a thread panicked"))??;
                for took in lives {
                    window.record(took);
                }
            }
            windows.close(window)?;
        }
        Ok(())
    }
}

/// Returns how long each connection's life took.
fn live_some(target: Target, count: usize) -> io::Result<Vec<Duration>> {
    (0..count)
        .map(|_| {
            let start = Instant::now();
            Client::live(target.address)?;
            Ok(start.elapsed())
        })
        .collect()
}

impl Idle {
    /// Runs the case.
    pub fn run(&self, windows: &mut Windows) -> io::Result<()> {
        let target = windows.target();
        // The first connections cause allocations that are made only once.
        drop(Crowd::connect(windows, 100)?);
        while let Some(window) = windows.next()? {
            let settle = window.length();
            std::thread::sleep(settle);
            let before = target.process.memory()?;
            let mut crowd = Crowd::connect(windows, self.clients)?;
            wait(&mut crowd, settle)?;
            let idle = target.process.memory()?;
            burst(&mut crowd)?;
            wait(&mut crowd, settle)?;
            let after = target.process.memory()?;
            let each = |bytes: u64| bytes.saturating_sub(before.pss) as f64 / self.clients as f64;
            windows.report(&Figures {
                idle_bytes: each(idle.pss),
                after_burst_bytes: each(after.pss),
                count: self.clients as u64,
                ..Figures::default()
            })?;
        }
        Ok(())
    }
}

/// Each client sends events of 1 KiB, faster than they are answered, and waits for the answers.
fn burst(crowd: &mut Crowd) -> io::Result<()> {
    let mut events = Vec::new();
    let text = "x".repeat(1024);
    for _ in 0..BURST {
        let packet = format!("420[\"echo\",\"{text}\"]");
        wire::push_client_frame(&mut events, TEXT, packet.as_bytes());
    }
    let start = Instant::now();
    let mut answers = 0;
    for number in 0..crowd.len() {
        crowd.write(number, &events)?;
        crowd.read(Duration::ZERO, |_, _, payload| {
            answers += usize::from(is_answer(payload));
        })?;
    }
    while answers < crowd.len() * BURST {
        crowd.read(Duration::from_secs(1), |_, _, payload| {
            answers += usize::from(is_answer(payload));
        })?;
        if start.elapsed() > Duration::from_mins(2) {
            return Err(io::Error::other("the burst was not answered"));
        }
    }
    Ok(())
}

/// Whether this is an acknowledgement, or the event itself from a bare echo.
fn is_answer(payload: &[u8]) -> bool {
    matches!(payload.first_chunk(), Some(b"430" | b"420"))
}

/// Waits, and answers pings.
fn wait(crowd: &mut Crowd, time: Duration) -> io::Result<()> {
    let until = Instant::now() + time;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        crowd.read(left, |_, _, _| ())?;
    }
    Ok(())
}
