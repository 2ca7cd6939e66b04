//! Broadcast and rooms: one event in, a delivery to each member out.

use std::io;
use std::time::{Duration, Instant};

use super::crowd::Crowd;
use super::measure::{Window, Windows};
use crate::wire::{self, TEXT};

/// Waiting for anything longer than this means that the server lost it.
const PATIENCE: Duration = Duration::from_secs(20);

/// The case: one broadcast after another, each when the one before has arrived everywhere.
#[derive(Clone, Copy, Debug)]
pub struct Broadcast {
    /// Clients, the sender among them.
    pub clients: usize,
    /// Bytes of the argument.
    pub size: usize,
}

/// The case: rooms of ten; a number of rooms at a time get an event from one of their members.
#[derive(Clone, Copy, Debug)]
pub struct Rooms {
    /// Clients.
    pub clients: usize,
    /// Clients in a room.
    pub members: usize,
    /// Events on their way at a time.
    pub at_once: usize,
    /// Bytes of the argument.
    pub size: usize,
}

impl Broadcast {
    /// Runs it.
    pub fn run(&self, windows: &mut Windows) -> io::Result<()> {
        let mut crowd = Crowd::connect(windows, self.clients)?;
        let mut event = Vec::new();
        let text = "x".repeat(self.size);
        wire::push_client_frame(
            &mut event,
            TEXT,
            format!("42[\"broadcast\",\"{text}\"]").as_bytes(),
        );
        while let Some(mut window) = windows.next()? {
            while window.is_open(Instant::now())? {
                let sent = Instant::now();
                crowd.write(0, &event)?;
                let all = crowd.len();
                await_deliveries(&mut crowd, b"42[\"broadcast\"", all, sent, &mut window)?;
            }
            windows.close(window)?;
        }
        Ok(())
    }
}

/// Until so many packets that begin like this have come, wherever.
fn await_deliveries(
    crowd: &mut Crowd,
    start: &[u8],
    mut missing: usize,
    sent: Instant,
    window: &mut Window,
) -> io::Result<()> {
    while missing > 0 {
        crowd.read(PATIENCE, |_, _, payload| {
            if payload.starts_with(start) {
                missing = missing.saturating_sub(1);
                window.record(sent.elapsed());
            }
        })?;
        if sent.elapsed() > PATIENCE {
            return Err(io::Error::other(format!("{missing} deliveries never came")));
        }
    }
    Ok(())
}

impl Rooms {
    /// Runs it.
    pub fn run(&self, windows: &mut Windows) -> io::Result<()> {
        let mut crowd = Crowd::connect(windows, self.clients)?;
        let rooms = self.clients / self.members;
        self.join(&mut crowd, rooms)?;
        let text = "x".repeat(self.size);
        let events: Vec<Vec<u8>> = (0..rooms)
            .map(|room| {
                let mut event = Vec::new();
                let packet = format!("42[\"room\",\"r{room}\",\"{text}\"]");
                wire::push_client_frame(&mut event, TEXT, packet.as_bytes());
                event
            })
            .collect();
        let mut first = 0;
        while let Some(mut window) = windows.next()? {
            while window.is_open(Instant::now())? {
                let sent = Instant::now();
                for room in first..first + self.at_once {
                    let room = room % rooms;
                    crowd.write(room * self.members, &events[room])?;
                }
                first += self.at_once;
                let all = self.at_once * self.members;
                await_deliveries(&mut crowd, b"42[\"room\"", all, sent, &mut window)?;
            }
            windows.close(window)?;
        }
        Ok(())
    }

    fn join(&self, crowd: &mut Crowd, rooms: usize) -> io::Result<()> {
        for number in 0..rooms * self.members {
            let mut join = Vec::new();
            let packet = format!("420[\"join\",\"r{}\"]", number / self.members);
            wire::push_client_frame(&mut join, TEXT, packet.as_bytes());
            crowd.write(number, &join)?;
        }
        let mut missing = rooms * self.members;
        let begun = Instant::now();
        while missing > 0 && begun.elapsed() < PATIENCE {
            crowd.read(PATIENCE, |_, _, payload| {
                missing -= usize::from(payload.starts_with(b"430"));
            })?;
        }
        if missing > 0 {
            return Err(io::Error::other(format!(
                "{missing} clients joined no room"
            )));
        }
        Ok(())
    }
}
