//! Echo with acknowledgement: each connection keeps a number of events in flight.

use std::io;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

use super::measure::{Window, Windows};
use crate::client::Client;
use crate::wire::{self, BINARY, TEXT};

/// The argument of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A string.
    Text,
    /// One attachment.
    Binary,
}

/// The case.
#[derive(Clone, Copy, Debug)]
pub struct Echo {
    /// The number of clients.
    pub connections: usize,
    /// The number of unanswered events of each client.
    pub in_flight: usize,
    /// The bytes of the argument.
    pub size: usize,
    /// The kind of the argument.
    pub shape: Shape,
}

/// Events have two-digit ids.
const FIRST_ID: usize = 10;

/// The framed events of all ids, in order, twice. Events of successive ids are therefore one slice,
/// even if the ids begin again.
struct FramedEvents {
    bytes: Vec<u8>,
    each: usize,
    ids: usize,
}

impl FramedEvents {
    fn new(echo: &Echo) -> Self {
        let ids = (echo.in_flight * 2).clamp(2, 64);
        let mut bytes = Vec::new();
        let argument = vec![b'x'; echo.size];
        for id in (0..ids).chain(0..ids).map(|id| id + FIRST_ID) {
            match echo.shape {
                Shape::Text => {
                    let text = String::from_utf8_lossy(&argument);
                    let event = format!("42{id}[\"echo\",\"{text}\"]");
                    wire::push_client_frame(&mut bytes, TEXT, event.as_bytes());
                }
                Shape::Binary => {
                    let event = format!("451-{id}[\"echo\",{{\"_placeholder\":true,\"num\":0}}]");
                    wire::push_client_frame(&mut bytes, TEXT, event.as_bytes());
                    wire::push_client_frame(&mut bytes, BINARY, &argument);
                }
            }
        }
        Self {
            each: bytes.len() / (2 * ids),
            ids,
            bytes,
        }
    }

    fn run(&self, first: usize, count: usize) -> &[u8] {
        let start = first % self.ids * self.each;
        &self.bytes[start..start + count * self.each]
    }
}

/// A client and its events in flight.
struct EchoClient {
    connection: Client,
    sent: usize,
    sent_at: [Option<Instant>; 64],
    /// The id of the acknowledgement whose attachment comes next.
    awaited: Option<usize>,
}

impl EchoClient {
    fn send(&mut self, events: &FramedEvents, count: usize, now: Instant) -> io::Result<()> {
        if count == 0 {
            return Ok(());
        }
        for id in self.sent..self.sent + count {
            self.sent_at[id % events.ids] = Some(now);
        }
        let bytes = events.run(self.sent, count);
        self.sent += count;
        self.connection.write(bytes)
    }
}

impl Echo {
    /// Runs the case.
    pub fn run(&self, windows: &mut Windows) -> io::Result<()> {
        let events = FramedEvents::new(self);
        let (waiting, mut poll) = (windows.waiting(), Poll::new()?);
        let mut clients = Vec::new();
        for token in 0..self.connections {
            let mut connection = Client::connect(windows.target().address)?;
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry()
                .register(&mut connection.stream, Token(token), both)?;
            clients.push(EchoClient {
                connection,
                sent: 0,
                sent_at: [None; 64],
                awaited: None,
            });
        }
        let mut scratch = vec![0; 256 * 1024];
        let mut ready = Events::with_capacity(1024);
        for client in &mut clients {
            client.send(&events, self.in_flight, Instant::now())?;
        }
        while let Some(mut window) = windows.next()? {
            while window.is_open(Instant::now())? {
                waiting.wait(&mut poll, &mut ready, Duration::from_secs(1))?;
                for event in &ready {
                    let client = &mut clients[event.token().0];
                    self.serve(client, &events, &mut scratch, &mut window)?;
                }
            }
            windows.close(window)?;
        }
        Ok(())
    }

    fn serve(
        &self,
        client: &mut EchoClient,
        events: &FramedEvents,
        scratch: &mut [u8],
        window: &mut Window,
    ) -> io::Result<()> {
        client.connection.flush()?;
        let now = Instant::now();
        let mut answered = 0;
        let (sent_at, awaited) = (&mut client.sent_at, &mut client.awaited);
        client.connection.read(scratch, |opcode, payload| {
            let id = if opcode == BINARY {
                awaited.take()
            } else if self.shape == Shape::Binary {
                *awaited = id_of(payload, 4);
                None
            } else {
                id_of(payload, 2)
            };
            if let Some(sent) = id.and_then(|id| sent_at.get_mut(id)).and_then(Option::take) {
                answered += 1;
                window.record(now - sent);
            }
        })?;
        client.send(events, answered, Instant::now())
    }
}

/// The id in an acknowledgement, or in the event itself from a bare echo.
fn id_of(payload: &[u8], at: usize) -> Option<usize> {
    let [tens, ones] = payload.get(at..at + 2)?.first_chunk::<2>().copied()?;
    let id = usize::from(tens.wrapping_sub(b'0')) * 10 + usize::from(ones.wrapping_sub(b'0'));
    id.checked_sub(FIRST_ID)
}
