//! The last step of a broadcast: writing to the connections that it found at rest.

use std::hint;

use crate::connection::Connection;
use crate::outgoing::queue::Wake;

/// To so few connections nothing is written in their place: their own tasks do it.
const FEW: usize = 4;
/// How many connections are written to in one go, before other tasks have their turn.
const AT_ONCE: usize = 64;

/// The connections that a broadcast found at rest, collected while it queues its packet for all.
/// They are written to by tasks of the broadcast's own, which cost less than waking that of each
/// connection.
#[derive(Default)]
pub struct FanOut {
    resting: Vec<Connection>,
}

impl FanOut {
    /// A packet was queued for `connection`.
    pub fn add(&mut self, connection: &Connection, wake: Wake) {
        if wake == Wake::Yes {
            if self.resting.is_empty() {
                self.resting.reserve_exact(AT_ONCE);
            }
            self.resting.push(connection.clone());
            if self.resting.len() == AT_ONCE {
                write(std::mem::take(&mut self.resting));
            }
        }
    }
}

impl Drop for FanOut {
    /// Also where a broadcast breaks off half way: whom it reached waits for nothing else.
    fn drop(&mut self) {
        if self.resting.len() > FEW {
            write(std::mem::take(&mut self.resting));
        } else {
            self.resting.iter().for_each(Connection::wake);
        }
    }
}

/// Has the processor fetch what is needed of these connections, of all at the same time. Where they
/// are many, little of them is in its cache, and what it meets one after another, with locks and
/// system calls between, it waits for each time.
pub fn fetch<'a>(connections: impl IntoIterator<Item = &'a Connection>) {
    fetch_by(connections.into_iter().map(Connection::prefetch_queue));
}

fn fetch_by(glances: impl Iterator<Item = usize>) {
    hint::black_box(glances.fold(0, |sum, prefetch_queue| sum ^ prefetch_queue));
}

fn write(connections: Vec<Connection>) {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => {
            runtime.spawn(async move {
                fetch_by(connections.iter().map(Connection::prefetch_writer));
                connections.iter().for_each(Connection::write);
            });
        }
        Err(_) => connections.iter().for_each(Connection::wake),
    }
}
