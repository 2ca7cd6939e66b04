//! How the load waits for the server.

use std::hint;
use std::io;
use std::time::{Duration, Instant};

use mio::{Events, Poll};

/// The pause between two polls, so that the load does not permanently compete for what the kernel
/// shares with the server.
const PAUSE: Duration = Duration::from_micros(5);

/// What the load does while nothing was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// It sleeps, as a client on the server's machine does. On loopback the server pays for waking
    /// it each time, and the slower the server, the more often that happens.
    Asleep,
    /// It polls repeatedly. The server then wakes nobody, as if its clients were on other machines.
    Awake,
}

impl Waiting {
    /// Waits until something was received, at most for this time.
    pub(super) fn wait(
        self,
        poll: &mut Poll,
        ready: &mut Events,
        patience: Duration,
    ) -> io::Result<()> {
        if self == Self::Asleep {
            return poll.poll(ready, Some(patience));
        }
        let begun = Instant::now();
        loop {
            poll.poll(ready, Some(Duration::ZERO))?;
            let looked = Instant::now();
            if !ready.is_empty() || looked - begun >= patience {
                return Ok(());
            }
            while looked.elapsed() < PAUSE {
                hint::spin_loop();
            }
        }
    }
}
