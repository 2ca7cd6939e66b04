//! The last step of a broadcast: writing to the connections that it found at rest.

use super::Connection;
use super::outbox::Wake;

/// To so few connections nothing is written in their place: their own tasks do it.
const FEW: usize = 4;
/// How many connections are written to in one go, before other tasks have their turn.
const AT_ONCE: usize = 64;

/// The connections that a broadcast found at rest, collected while it queues its packet for all. Dropped, it has everything
/// written that was queued: by tasks of its own, which cost less than waking that of each connection.
#[derive(Default)]
pub(crate) struct FanOut {
    resting: Vec<Connection>,
}

impl FanOut {
    /// A packet was queued for `connection`.
    pub(crate) fn add(&mut self, connection: &Connection, wake: Wake) {
        if wake == Wake::Yes {
            self.resting.push(connection.clone());
        }
    }
}

impl Drop for FanOut {
    /// Also where a broadcast breaks off half way: whom it reached waits for nothing else.
    fn drop(&mut self) {
        let runtime = tokio::runtime::Handle::try_current().ok();
        match runtime.filter(|_| self.resting.len() > FEW) {
            Some(runtime) => {
                for connections in self.resting.chunks(AT_ONCE) {
                    let connections = connections.to_vec();
                    runtime.spawn(async move { connections.iter().for_each(Connection::write) });
                }
            }
            None => self.resting.iter().for_each(Connection::wake),
        }
    }
}
