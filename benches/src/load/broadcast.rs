//! Broadcasts and rooms: the load sends one event and receives a delivery for each member.

use std::io;
use std::time::{Duration, Instant};

use super::crowd::Crowd;
use super::measure::{Window, Windows};
use crate::wire::{self, TEXT};

/// How long a delivery may take. If it takes longer, the case fails.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(20);

/// The case: one broadcast after another. Each starts when all clients have received the previous
/// one.
#[derive(Clone, Copy, Debug)]
pub struct Broadcast {
    /// The number of clients, including the sender.
    pub clients: usize,
    /// The bytes of the argument.
    pub size: usize,
}

/// The case: rooms of a few members. In several rooms at a time, a member sends an event to its
/// room.
#[derive(Clone, Copy, Debug)]
pub struct Rooms {
    /// The number of clients.
    pub clients: usize,
    /// The number of clients in a room.
    pub members: usize,
    /// The number of rooms to which an event is sent at a time.
    pub at_once: usize,
    /// The bytes of the argument.
    pub size: usize,
}

impl Broadcast {
    /// Runs the case.
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

/// Waits until `count` packets with this beginning were received by any client.
fn await_deliveries(
    crowd: &mut Crowd,
    start: &[u8],
    mut missing: usize,
    sent: Instant,
    window: &mut Window,
) -> io::Result<()> {
    while missing > 0 {
        crowd.read(DELIVERY_TIMEOUT, |_, _, payload| {
            if payload.starts_with(start) {
                missing = missing.saturating_sub(1);
                window.record(sent.elapsed());
            }
        })?;
        if sent.elapsed() > DELIVERY_TIMEOUT {
            return Err(io::Error::other(format!(
                "{missing} deliveries were not received"
            )));
        }
    }
    Ok(())
}

impl Rooms {
    /// Runs the case.
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
        let start_time = Instant::now();
        while missing > 0 && start_time.elapsed() < DELIVERY_TIMEOUT {
            crowd.read(DELIVERY_TIMEOUT, |_, _, payload| {
                missing -= usize::from(payload.starts_with(b"430"));
            })?;
        }
        if missing > 0 {
            return Err(io::Error::other(format!(
                "{missing} clients could not join their room"
            )));
        }
        Ok(())
    }
}
