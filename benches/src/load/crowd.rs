//! Many clients on one poll, for broadcasts, rooms, memory and fairness.

use std::io;
use std::time::Duration;

use mio::{Events, Interest, Poll, Token};

use super::measure::Windows;
use super::waiting::Waiting;
use crate::client::Client;

/// Connected clients, by number.
pub(super) struct Crowd {
    waiting: Waiting,
    poll: Poll,
    ready: Events,
    scratch: Vec<u8>,
    clients: Vec<Client>,
}

impl Crowd {
    /// Connects clients one after another. Meanwhile it answers the pings to connected clients.
    pub(super) fn connect(windows: &Windows, count: usize) -> io::Result<Self> {
        let target = windows.target();
        let mut crowd = Self {
            waiting: windows.waiting(),
            poll: Poll::new()?,
            ready: Events::with_capacity(4096),
            scratch: vec![0; 256 * 1024],
            clients: Vec::with_capacity(count),
        };
        for number in 0..count {
            let mut client = Client::connect(target.address)?;
            let both = Interest::READABLE | Interest::WRITABLE;
            crowd
                .poll
                .registry()
                .register(&mut client.stream, Token(number), both)?;
            crowd.clients.push(client);
            if number % 100 == 99 {
                crowd.read(Duration::ZERO, |_, _, _| ())?;
            }
        }
        Ok(crowd)
    }

    pub(super) fn len(&self) -> usize {
        self.clients.len()
    }

    /// Writes to the connection of one client.
    pub(super) fn write(&mut self, number: usize, bytes: &[u8]) -> io::Result<()> {
        self.clients[number].write(bytes)
    }

    /// Waits until messages were received, at most for the time `timeout`, and passes each message
    /// to `take`, with the number of its receiver.
    pub(super) fn read(
        &mut self,
        timeout: Duration,
        mut take: impl FnMut(usize, u8, &[u8]),
    ) -> io::Result<()> {
        self.waiting
            .wait(&mut self.poll, &mut self.ready, timeout)?;
        for event in &self.ready {
            let number = event.token().0;
            let client = &mut self.clients[number];
            client.flush()?;
            client.read(&mut self.scratch, |opcode, payload| {
                take(number, opcode, payload);
            })?;
        }
        Ok(())
    }
}
