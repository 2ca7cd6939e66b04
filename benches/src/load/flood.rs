//! Fairness: one connection sends as fast as the server reads. Meanwhile the latency of many quiet
//! connections is measured.

use std::io;
use std::time::{Duration, Instant};

use super::crowd::Crowd;
use super::measure::Windows;
use crate::wire::{self, TEXT};

/// The case.
#[derive(Clone, Copy, Debug)]
pub struct Flood {
    /// The number of quiet clients.
    pub quiet: usize,
    /// The events a second of all quiet clients together.
    pub rate: usize,
    /// The unanswered events of the flooding client.
    pub in_flight: usize,
}

impl Flood {
    /// Runs the case.
    pub fn run(&self, windows: &mut Windows) -> io::Result<()> {
        let mut crowd = Crowd::connect(windows, self.quiet + 1)?;
        let flooding = self.quiet;
        let mut event = Vec::new();
        wire::push_client_frame(&mut event, TEXT, b"4210[\"echo\",\"quiet\"]");
        let mut many = Vec::new();
        for _ in 0..self.in_flight {
            wire::push_client_frame(
                &mut many,
                TEXT,
                b"4210[\"echo\",\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"]",
            );
        }
        let flood_len = many.len() / self.in_flight.max(1);
        let mut sent_at = vec![None; self.quiet];
        let step = Duration::from_secs(1) / u32::try_from(self.rate).unwrap_or(1000).max(1);
        let mut turn = 0;
        if self.in_flight > 0 {
            crowd.write(flooding, &many)?;
        }
        while let Some(mut window) = windows.next()? {
            let mut due = Instant::now();
            while window.is_open(Instant::now())? {
                while due <= Instant::now() {
                    if sent_at[turn].is_none() {
                        // Latency counts from the time at which the event was due, so that a delay
                        // of the load does not hide one of the server.
                        sent_at[turn] = Some(due);
                        crowd.write(turn, &event)?;
                    }
                    turn = (turn + 1) % self.quiet;
                    due += step;
                }
                let timeout = due.saturating_duration_since(Instant::now());
                let mut answered = 0;
                crowd.read(timeout, |number, _, payload| {
                    if !payload.starts_with(b"43") && !payload.starts_with(b"42") {
                        return;
                    }
                    if number == flooding {
                        answered += 1;
                    } else if let Some(sent) = sent_at[number].take() {
                        window.record(sent.elapsed());
                    }
                })?;
                if answered > 0 {
                    crowd.write(flooding, &many[..answered * flood_len])?;
                }
            }
            windows.close(window)?;
        }
        Ok(())
    }
}
