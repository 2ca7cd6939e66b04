//! The last step of a broadcast: writes to the connections whose tasks are idle.

use std::cell::Cell;
use std::mem;

use crate::connection::Connection;
use crate::outgoing::prefetch::prefetch_writers;
use crate::outgoing::queue::Wake;

/// If at most this many idle connections are left at the end of a broadcast, their own tasks write.
const FEW: usize = 4;
/// How many connections one task of the broadcast writes to before other tasks run.
const PER_TASK: usize = 64;

thread_local! {
    /// How many recipients the broadcasts of this thread have had.
    static RECIPIENTS: Cell<u32> = const { Cell::new(0) };
}

/// The idle connections of a broadcast, collected while it queues its packet for all recipients.
/// Tasks of the broadcast write to them, which costs less than waking the task of each.
#[derive(Default)]
pub struct FanOut {
    idle: Vec<Connection>,
    recipients: u32,
}

/// How many recipients the broadcasts of this thread have had so far; the count wraps around. The
/// difference of two readings is the number of recipients of a turn.
pub(crate) fn recipients() -> u32 {
    RECIPIENTS.try_with(Cell::get).unwrap_or_default()
}

impl FanOut {
    /// Adds a connection for which a packet was queued.
    pub fn add(&mut self, connection: &Connection, wake: Wake) {
        self.recipients = self.recipients.wrapping_add(1);
        if wake == Wake::Yes {
            if self.idle.is_empty() {
                self.idle.reserve_exact(PER_TASK);
            }
            self.idle.push(connection.clone());
            if self.idle.len() == PER_TASK {
                write(mem::take(&mut self.idle));
            }
        }
    }
}

impl Drop for FanOut {
    /// Writes to the rest, even if the broadcast ended early: nothing else would write to them.
    fn drop(&mut self) {
        let _ = RECIPIENTS.try_with(|all| all.set(all.get().wrapping_add(self.recipients)));
        if self.idle.len() > FEW {
            write(mem::take(&mut self.idle));
        } else {
            self.idle.iter().for_each(Connection::wake);
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
