//! The last step of a broadcast: writing to the connections that it found at rest.

use crate::connection::Connection;
use crate::outgoing::prefetch::prefetch_writers;
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

fn write(connections: Vec<Connection>) {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => {
            runtime.spawn(async move {
                prefetch_writers(&connections);
                connections.iter().for_each(Connection::write_queued);
            });
        }
        Err(_) => connections.iter().for_each(Connection::wake),
    }
}
