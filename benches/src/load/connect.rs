//! Whole lives of connections, and the memory that an idle connection holds.

use std::io;
use std::time::{Duration, Instant};

use super::crowd::Crowd;
use super::measure::{Figures, Target, Windows};
use crate::client::Client;
use crate::wire::{self, TEXT};

/// The case: clients connect, have one event acknowledged, close, and wait until the server has
/// ended their connection: the tear-down is inside of the window.
#[derive(Clone, Copy, Debug)]
pub struct Connects {
    /// Clients.
    pub clients: usize,
    /// How many connect at a time.
    pub at_once: usize,
    /// In how many windows.
    pub windows: usize,
}

/// The case: so many clients idle; then they all talk for a while; then they idle again. A window
/// is how long memory may take to come back, each time.
#[derive(Clone, Copy, Debug)]
pub struct Idle {
    /// Clients.
    pub clients: usize,
}

/// Events that each client sends in the burst.
const BURST: usize = 50;

impl Connects {
    /// Runs it.
    pub fn run(&self, windows: &mut Windows) -> io::Result<()> {
        let target = windows.target();
        // What a server builds once is not to be counted.
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

/// Yields how long each life took.
fn live_some(target: Target, count: usize) -> io::Result<Vec<Duration>> {
    (0..count)
        .map(|_| {
            let begun = Instant::now();
            Client::live(target.address)?;
            Ok(begun.elapsed())
        })
        .collect()
}

impl Idle {
    /// Runs it.
    pub fn run(&self, windows: &mut Windows) -> io::Result<()> {
        let target = windows.target();
        // The first connections bring what is there once.
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
    let begun = Instant::now();
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
        if begun.elapsed() > Duration::from_mins(2) {
            return Err(io::Error::other("the burst was not answered"));
        }
    }
    Ok(())
}

/// An acknowledgement; or the event itself, from a bare echo.
fn is_answer(payload: &[u8]) -> bool {
    matches!(payload.first_chunk(), Some(b"430" | b"420"))
}

/// Lets time pass, answering pings.
fn wait(crowd: &mut Crowd, time: Duration) -> io::Result<()> {
    let until = Instant::now() + time;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        crowd.read(left, |_, _, _| ())?;
    }
    Ok(())
}
