//! Fairness: one client broadcasts to a room of clients that never read, until the server closes
//! them. Meanwhile the latency of quiet clients outside of the room is measured.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::crowd::Crowd;
use super::measure::Windows;
use crate::client::Client;
use crate::wire::{self, TEXT};

/// The case.
#[derive(Clone, Copy, Debug)]
pub struct SlowCrowd {
    /// The number of clients in the room, which never read.
    pub slow: usize,
    /// The number of quiet clients.
    pub quiet: usize,
    /// The events a second of all quiet clients together.
    pub rate: usize,
    /// The broadcasts a second.
    pub broadcasts: usize,
    /// The bytes of a broadcast's argument.
    pub size: usize,
}

impl SlowCrowd {
    /// Runs the case.
    pub fn run(&self, windows: &mut Windows) -> io::Result<()> {
        let mut slow = Vec::new();
        for _ in 0..self.slow {
            slow.push(Client::connect(windows.target().address)?.join("slow")?);
        }
        let mut crowd = Crowd::connect(windows, self.quiet + 1)?;
        let open_files = windows.target().process.open_files()?;
        let broadcaster = self.quiet;
        let mut event = Vec::new();
        wire::push_client_frame(&mut event, TEXT, b"4210[\"echo\",\"quiet\"]");
        let mut broadcast = Vec::new();
        let packet = format!("42[\"room\",\"slow\",\"{}\"]", "x".repeat(self.size));
        wire::push_client_frame(&mut broadcast, TEXT, packet.as_bytes());
        // A quiet client sends its next event on time, even while earlier ones are unanswered.
        // Otherwise fewer events would measure a long stall of the server. The length of the window
        // limits the number of unanswered events. Events are answered in order.
        let mut sent_at = vec![VecDeque::new(); self.quiet];
        let each = |rate: usize| Duration::from_secs(1) / u32::try_from(rate).unwrap_or(1).max(1);
        let (step, pause) = (each(self.rate), each(self.broadcasts));
        let mut turn = 0;
        while let Some(mut window) = windows.next()? {
            let (mut due, mut next_broadcast) = (Instant::now(), Instant::now());
            while window.is_open(Instant::now())? {
                while due <= Instant::now() {
                    // Latency counts from the time at which the event was due, so that a delay of
                    // the load does not hide one of the server.
                    sent_at[turn].push_back(due);
                    crowd.write(turn, &event)?;
                    turn = (turn + 1) % self.quiet;
                    due += step;
                }
                if next_broadcast <= Instant::now() {
                    crowd.write(broadcaster, &broadcast)?;
                    next_broadcast += pause;
                }
                let next = due.min(next_broadcast);
                crowd.read(
                    next.saturating_duration_since(Instant::now()),
                    |number, _, payload| {
                        if !payload.starts_with(b"43") || number == broadcaster {
                            return;
                        }
                        if let Some(sent) = sent_at[number].pop_front() {
                            window.record(sent.elapsed());
                        }
                    },
                )?;
            }
            // An unanswered event counts with the time that it has waited.
            for sent in sent_at.iter().flatten() {
                window.record(sent.elapsed());
            }
            let still_open = windows.target().process.open_files()?;
            window.set_closed_connections(open_files.saturating_sub(still_open));
            windows.close(window)?;
        }
        drop(slow);
        Ok(())
    }
}

impl Client {
    /// Joins a room, waits for the answer, and returns the socket, which nobody reads.
    fn join(self, room: &str) -> io::Result<TcpStream> {
        let mut stream = self.into_blocking()?;
        let mut frame = Vec::new();
        let packet = format!("429[\"join\",\"{room}\"]");
        wire::push_client_frame(&mut frame, TEXT, packet.as_bytes());
        stream.write_all(&frame)?;
        let mut bytes = Vec::new();
        let mut has_joined = false;
        while !has_joined {
            let mut buffer = [0; 1024];
            let read = stream.read(&mut buffer)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            bytes.extend_from_slice(&buffer[..read]);
            let used = wire::frames(&bytes, |_, payload| {
                has_joined |= payload.starts_with(b"439");
            });
            bytes.drain(..used);
        }
        Ok(stream)
    }
}
