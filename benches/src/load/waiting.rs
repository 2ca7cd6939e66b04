//! How the load waits for the server.

use std::hint;
use std::io;
use std::time::{Duration, Instant};

use mio::{Events, Poll};

/// The pause between two polls, so that the load does not compete all the time for those parts of
/// the kernel that it shares with the server.
const PAUSE: Duration = Duration::from_micros(5);

/// What the load does while no socket is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// It sleeps, as a client on the server's machine does. On loopback the server pays for each
    /// time that it wakes the load, and a slower server wakes it more often.
    Asleep,
    /// It polls repeatedly. The server then wakes nobody, as if its clients were on other machines.
    Awake,
}

impl Waiting {
    /// Waits until a socket is ready, at most for the time `timeout`.
    pub(super) fn wait(
        self,
        poll: &mut Poll,
        ready: &mut Events,
        timeout: Duration,
    ) -> io::Result<()> {
        if self == Self::Asleep {
            return poll.poll(ready, Some(timeout));
        }
        let start = Instant::now();
        loop {
            poll.poll(ready, Some(Duration::ZERO))?;
            let looked = Instant::now();
            if !ready.is_empty() || looked - start >= timeout {
                return Ok(());
            }
            while looked.elapsed() < PAUSE {
                hint::spin_loop();
            }
        }
    }
}
